"""What a `User-Agent` string tells: browser, operating system, device class, bot, image proxy."""

import re
from dataclasses import dataclass

import ua_parser

from collector.platforms import catalogue

# Words that programs which are no readers call themselves by, and no browser does. (Cubot makes phones.)
_BOT = re.compile(
    r"(?<!cu)bot\b|bot[/;_-]|crawl|spider|slurp|scrap|fetch|preview|monitor|uptime|scanner|archiver|validator"
    r"|facebookexternalhit|slack-imgproxy|whatsapp/|skypeuri|embedly|mediapartners|feedburner"
    r"|^curl/|^wget/|python|^java/|go-http-client|okhttp|libwww|httpclient|http_client|axios/|node-fetch|undici"
    r"|^ruby|guzzle|^php|aiohttp|httpx|^dart/|postman|insomnia|wrk/|apachebench|phantomjs",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|sm-t\d|nexus (?:7|9|10)", re.IGNORECASE)
_TV = re.compile(
    r"smart-?tv|smarttv|appletv|apple tv|google ?tv|hbbtv|tizen.*tv|web0s|bravia|\baft[a-z]{1,3}\b|roku|crkey",
    re.IGNORECASE,
)
_CONSOLE = re.compile(r"playstation|xbox|nintendo", re.IGNORECASE)
_PHONE_SYSTEMS = frozenset({"iOS", "Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "Firefox OS"})
_DESKTOP_SYSTEMS = frozenset({"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD"})
MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Agent:
    """What was parsed from one string; empty strings where it does not say.

    `device` is desktop, phone, tablet, tv or console. `bot` is a name for a program that is no reader. `proxy` is the
    slug of the platform whose image proxy it is: then nothing is known of the readers behind it.
    """

    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""
    proxy: str = ""


def is_bot(string: str) -> bool:
    """Whether a string that is no image proxy's names itself a program that is no reader."""
    return not string.strip() or _BOT.search(string) is not None


def proxy_platform(string: str) -> str:
    """Return the slug of the platform whose image proxy `string` is, or an empty string."""
    lower = string.lower()
    for platform in catalogue().values():
        if platform.proxies and any(part in lower for part in platform.proxies):
            return platform.slug
    return ""


def parse_agent(string: str) -> Agent:
    """Parse one `User-Agent` string. About 40 µs; callers keep what they got."""
    proxy = proxy_platform(string)
    if proxy:
        return Agent(proxy=proxy)
    found = ua_parser.parse(string)
    browser = found.user_agent.family if found.user_agent else ""
    if is_bot(string) or (found.device and found.device.family == "Spider"):
        return Agent(bot=(browser or string.partition("/")[0].strip() or "no name")[:MAX_NAME])
    os = found.os.family if found.os else ""
    return Agent(browser=browser[:MAX_NAME], os=os[:MAX_NAME], device=_device(string, os))


def _device(string: str, os: str) -> str:
    if _TV.search(string):
        return "tv"
    if _CONSOLE.search(string):
        return "console"
    if _TABLET.search(string):
        return "tablet"
    if os == "Android":
        return "phone" if "Mobile" in string else "tablet"
    if os in _PHONE_SYSTEMS:
        return "phone"
    return "desktop" if os in _DESKTOP_SYSTEMS else ""
