"""What the public page of an article says to its readers. It names neither the article nor the project.

Everybody who has the pixel's address may open it, and titles are the author's own notes.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Project
from dashboard.about.content import AboutPage, Row, Section, Server
from dashboard.about.program import about_server


def article_page(project: Project, server: Server) -> AboutPage:
    """Return the page in the active language."""
    return AboutPage(
        heading=_("What this article counts"),
        texts=[
            _(
                "An article, a newsletter or a README that you read contains an invisible image. Your browser or mail "
                "program loads it from this server, so that the author knows how many people read it, and where."
            ),
            _("There are no cookies and no scripts."),
        ],
        rows=[],
        sections=[_request(), _kept(), _how_long(project), _opting_out(project, server), about_server(server)],
    )


def _request() -> Section:
    return Section(
        _("What the request tells"),
        rows=[
            Row(
                _("the address of your connection. It gives your country and tells readers apart, and is never stored")
            ),
            Row(_("your browser, operating system and kind of device")),
            Row(_("your languages")),
            Row(_("the page that shows the image, if your browser names it")),
        ],
    )


def _kept() -> Section:
    return Section(
        _("What is kept"),
        rows=[
            Row(
                _("the time, the page, the platform, the country, the language, the browser, the system and the device")
            ),
            Row(_("the campaign that the page’s address names in utm parameters")),
            Row(
                _(
                    "a code that stands for you on this day and in this project only. Its key is deleted within 48 "
                    "hours of the day’s end, so nobody can link two days"
                )
            ),
            Row(_("whether you reached the end, and after what time, if there is a second image at the end")),
        ],
    )


def _how_long(project: Project) -> Section:
    days = project.retention.days
    text = ngettext(
        "Single requests are deleted after %(days)d day. Daily counts stay.",
        "Single requests are deleted after %(days)d days. Daily counts stay.",
        days,
    )
    return Section(_("How long it is kept"), [text % {"days": days}])


def _opting_out(project: Project, server: Server) -> Section:
    if project.drops_opted_out:
        effect = _("Then nothing about your visit is stored.")
    else:
        effect = _("Then only the time, the page and the platform are kept, and nothing about you.")
    return Section(
        _("How to opt out"),
        [
            _("Switch on Global Privacy Control or “Do Not Track” in your browser.") + f" {effect}",
            _("Or block images from %(host)s.") % {"host": server.host},
        ],
    )
