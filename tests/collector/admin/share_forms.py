"""The forms of share links in the admin."""

from django.test import Client

from collector.models import Project, Section, ShareLink

ADD = "/admin/collector/sharelink/add/"
LIST = "/admin/collector/sharelink/"


def link_form(**changes: object) -> dict[str, object]:
    return {"name": "For Bo", "shows": list(Section.values), "_save": "Save", **changes}


def add(client: Client, project: Project, **changes: object):
    return client.post(ADD, link_form(project=project.pk, **changes))


def change(client: Client, link: ShareLink, **changes: object):
    return client.post(f"{LIST}{link.pk}/change/", link_form(**changes))
