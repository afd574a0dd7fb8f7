"""Recognises the browser of a login. Apart from the store, which the drain imports: it must not know requests."""

import time

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from accounts.sessions.browsers import BROWSER, Browser, browser_of
from collector.audit import record
from collector.classify.agents import parse_agent, refined
from collector.intake.clients import client_networks, country_of
from collector.intake.members import member_address
from collector.intake.page_limits import network_key
from collector.models import About

NEW_BROWSER = gettext_noop("Logged in from a new browser.")


def note_browser(request: HttpRequest) -> None:
    """Note in the session in which browser its user has just logged in."""
    mobile = request.headers.get("Sec-CH-UA-Mobile", "")
    agent = refined(
        parse_agent(request.headers.get("User-Agent", "")),
        mobile=mobile if mobile in {"?0", "?1"} else "",  # else a client could name its own bot
        platform=request.headers.get("Sec-CH-UA-Platform", "").strip('"')[:20],
    )
    country = country_of(member_address(request))
    request.session[BROWSER] = list(Browser(agent.browser or agent.bot, agent.os, country, int(time.time())))


def record_login(request: HttpRequest, user: User) -> None:
    """Note in the audit trail that a user logged in with a browser that was new. Two queries at most."""
    browser = browser_of(request.session)
    record(
        user.pk,
        About.LOGIN,
        " · ".join(filter(None, [browser.name, browser.os])),
        NEW_BROWSER,
        country=browser.country,
        network=network_key(client_networks(request).local, "audit"),
    )
