"""The admin: Django's own, for authors as well as for administrators.

Rights come from the members of projects, never from Django's model permissions. Users who can log in here (`is_staff`)
can create projects. Owners edit their projects and members, and share them by links. Owners and editors edit pixels.
Editors and viewers don't see the project itself here. Superusers see everything, and only they see users, who are
in `accounts.admin`. An API token is visible to its user and to superusers.
"""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy

from collector.admin.audit import AuditEntryAdmin
from collector.admin.pixels import PixelAdmin
from collector.admin.projects import ProjectAdmin
from collector.admin.sharing import ShareLinkAdmin
from collector.admin.tokens import ApiTokenAdmin

__all__ = ["ApiTokenAdmin", "AuditEntryAdmin", "PixelAdmin", "ProjectAdmin", "ShareLinkAdmin"]

admin.site.site_title = "Footfall"
admin.site.site_header = "Footfall"
admin.site.index_title = gettext_lazy("What you measure")
admin.site.enable_nav_sidebar = False
admin.site.unregister(Group)  # groups hold model permissions, which are not used here
