"""Recognises the browser of a login. Apart from the store, which the drain imports: it must not know requests."""

import time

from django.http import HttpRequest

from accounts.sessions.browsers import BROWSER, Browser
from collector.classify.agents import parse_agent, refined
from collector.intake.clients import country_of
from collector.intake.members import member_address


def note_browser(request: HttpRequest) -> None:
    """Note in the session in which browser its user has just logged in."""
    agent = refined(
        parse_agent(request.headers.get("User-Agent", "")),
        mobile=request.headers.get("Sec-CH-UA-Mobile", "")[:10],
        platform=request.headers.get("Sec-CH-UA-Platform", "").strip('"')[:20],
    )
    country = country_of(member_address(request))
    request.session[BROWSER] = list(Browser(agent.browser or agent.bot, agent.os, country, int(time.time())))
