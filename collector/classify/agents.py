"""What a `User-Agent` string tells: browser, operating system, device class, bot, image proxy.

Families have ua-parser's names, such as `Mobile Safari` and `Mac OS X`: others' tools and tables know them, and what is
merged here can't be told apart again. Where it has none, `catalogues/agents.toml` gives one.
"""

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import ua_parser

from collector.classify.bots import bot_name, image_proxy, is_bot
from collector.classify.devices import device_of, plain_device, system_of
from collector.classify.pattern_tables import Names, tables
from collector.classify.platforms import catalogue

__all__ = ["Agent", "is_bot", "parse_agent", "proxy_platform", "refined"]

MAX_NAME = 60
MAX_PARSED = 1024  # of a string; what a stranger makes longer costs no more
REMEMBERED = 4096  # refined agents
# Programs that are built on Electron, such as Slack, Discord and Notion, put their own name before the engine's.
_ELECTRON_APP = re.compile(r"([A-Za-z][\w.-]*)/[\w.-]+ Chrome/[\d.]+ Electron/")
_LINUX = frozenset({"", "Linux", "Ubuntu"})
_HINTED_SYSTEMS = {
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "Chromium OS": "Chrome OS",
    "Linux": "Linux",
    "Windows": "Windows",
    "macOS": "Mac OS X",
}


@dataclass(frozen=True, slots=True)
class Agent:
    """What was parsed from one string; empty strings where it does not say.

    `device` is desktop, phone, tablet, tv, console, wearable (headsets too) or other (cars, speakers). `bot` is a name
    for a program that is no reader. `proxy` is the slug of the platform whose image proxy it is: then nothing is known
    of the readers behind it.
    """

    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""
    proxy: str = ""


def proxy_platform(string: str) -> str:
    """Return the slug of the platform whose image proxy `string` is, or an empty string.

    Of a proxy that is no platform's it is the slug in `catalogues/agents.toml`.
    """
    lower = string.lower()
    for platform in catalogue().values():
        if platform.proxies and any(part in lower for part in platform.proxies):
            return platform.slug
    return image_proxy(lower)


def parse_agent(string: str) -> Agent:
    """Parse one `User-Agent` string. From 40 µs to 400, as common as it is; callers keep what they got."""
    string = string[:MAX_PARSED]
    proxy = proxy_platform(string)
    if proxy:
        return Agent(proxy=proxy)
    found = ua_parser.parse(string)
    browser = found.user_agent.family if found.user_agent else ""
    device = plain_device(string)
    if device:
        return Agent(browser[:MAX_NAME], found.os.family[:MAX_NAME] if found.os else "", device)
    if is_bot(string) or (found.device and found.device.family == "Spider"):
        return Agent(bot=(bot_name(string) or browser or "no name")[:MAX_NAME])
    lower = string.lower()
    os = system_of(lower, found.os.family if found.os else "")
    if browser == "Electron":
        app = _ELECTRON_APP.search(string)
        browser = app[1] if app else browser
    elif not browser and not lower.startswith("mozilla"):
        browser = string.partition("/")[0] if "/" in string else ""  # a mail program or feed reader: its own name
    return Agent((_apps().find(lower) or browser)[:MAX_NAME], os[:MAX_NAME], device_of(lower, os))


@lru_cache(REMEMBERED)
def refined(agent: Agent, *, mobile: str, platform: str) -> Agent:
    """Return `agent` as client hints tell it better than its string, or `agent` itself.

    `mobile` is Sec-CH-UA-Mobile (`?1`, `?0` or empty), `platform` Sec-CH-UA-Platform without its quotes (W3C incubator,
    User-Agent Client Hints). Chromium alone sends them. They are believed where the string is vague: a Linux that is
    Android with the desktop site asked for, or Chrome OS; no system at all; an Android tablet whose string says Mobile.
    A string that names another system than the hints has been changed by hand, and neither is more likely true.
    """
    hinted = _HINTED_SYSTEMS.get(platform, "")
    if agent.bot or agent.proxy or not (hinted or mobile):
        return agent
    os, device = agent.os, agent.device
    if (os in _LINUX and hinted and (hinted != "Linux" or not os)) or (os, hinted) == ("Android", "Chrome OS"):
        os = hinted
    if os == "Android":
        if device in {"", "desktop"}:
            device = "phone" if mobile == "?1" else "tablet"
        elif device == "phone" and mobile == "?0" and hinted:
            device = "tablet"
    elif os == "Chrome OS" or (not device and os and mobile != "?1"):
        device = "desktop"
    elif not device and mobile == "?1":
        device = "phone"
    return agent if (os, device) == (agent.os, agent.device) else replace(agent, os=os, device=device)


@cache
def _apps() -> Names:
    return Names(tables()["app"], "name")
