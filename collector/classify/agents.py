"""What a `User-Agent` string says: browser, operating system, device class, bot, image proxy.

Browsers and systems have ua-parser's names, such as `Mobile Safari` and `Mac OS X`: other tools know them too, and once
merged, names could not be separated again. `catalogues/agents.toml` gives a name where ua-parser has none.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from collector.classify.bots import (
    bot_name,
    is_bot,
    is_known_reader,
    names_bot,
    proxy_of,
    proxy_platform,
    without_device_name,
    without_given_names,
)
from collector.classify.devices import device_of, plain_device, system_of
from collector.classify.parsers import is_spider, parsed_browser, parsed_os
from collector.classify.pattern_tables import names_of

__all__ = ["Agent", "is_bot", "parse_agent", "proxy_platform", "refined"]

MAX_NAME = 60
MAX_PARSED = 1024  # characters of a string: a longer one from a stranger costs no more
REMEMBERED = 4096  # refined agents
DECLARED_BOT = "bot"  # the first word of hints, if a header declares automation (classify/declared.py)
# Programs built on Electron, such as Slack, Discord and Notion, put their own name before that of the engine.
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
    """What was parsed from one string. An empty string means unknown.

    `device` is desktop, phone, tablet, tv, console, wearable (headsets too) or other (cars, speakers). A bot has its
    name in `bot`. `proxy` is the platform of an image proxy, by its slug: the readers behind it are unknown.
    """

    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""
    proxy: str = ""


def parse_agent(string: str) -> Agent:
    """Parse one `User-Agent` string: 10 µs for a plain browser's, some 60 for others. Callers keep the result."""
    string = string[:MAX_PARSED]
    device = plain_device(string)
    if device:
        return Agent(parsed_browser(string)[:MAX_NAME], parsed_os(string)[:MAX_NAME], device)
    lower = string.lower()
    proxy = proxy_of(lower)
    if proxy:
        return Agent(proxy=proxy)
    browser = parsed_browser(string)
    bare = without_device_name(string, lower)
    if names_bot(lower, bare) or _is_unknown_spider(string, lower):
        return Agent(bot=(bot_name(string) or browser or "no name")[:MAX_NAME])
    if browser.strip() in string and browser.strip() not in bare:  # ua-parser took a phone such as M bot 54 for a bot
        browser = parsed_browser(bare)
    os = system_of(lower, parsed_os(string))
    return Agent(_browser_of(bare, browser)[:MAX_NAME], os[:MAX_NAME], device_of(lower, os))


def _is_unknown_spider(string: str, lower: str) -> bool:
    """Whether a spider of ua-parser's is none that we know better: a reader, or a word in a name that an owner gave."""
    return is_spider(string) and not is_known_reader(lower) and is_spider(without_given_names(string, lower))


def _browser_of(string: str, parsed: str) -> str:
    """Return the name of a reader's browser or app. `string` has no device name, `parsed` is ua-parser's answer."""
    lower = string.lower()
    program = names_of("program").find(lower)
    name = names_of("app").find(lower) if program is None else program
    if name:
        return name
    if parsed == "Electron":
        app = _ELECTRON_APP.search(string)
        return app[1] if app else parsed
    if (program is not None or not parsed) and not lower.startswith("mozilla"):
        return string.partition("/")[0] if "/" in string else ""  # a mail program or feed reader
    return parsed


@lru_cache(REMEMBERED)
def refined(agent: Agent, *, mobile: str, platform: str) -> Agent:
    """Return `agent` as refined by client hints, or `agent` itself if they add nothing.

    `mobile` is Sec-CH-UA-Mobile (`?1`, `?0` or empty), `platform` is Sec-CH-UA-Platform without its quotes (W3C
    incubator, User-Agent Client Hints). Only Chromium sends them. They are believed if the string is vague: it says
    Linux for Chrome OS, or for Android that asks for the desktop site; it names no system; or it says Mobile on an
    Android tablet. If string and hints name different systems, somebody changed the string, and neither is more likely
    true. If `mobile` is `DECLARED_BOT`, the agent is a bot of the name `platform`.
    """
    if mobile == DECLARED_BOT and not (agent.bot or agent.proxy):
        return Agent(bot=platform)
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
