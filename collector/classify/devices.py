"""The class of a reader's device, and the operating system where ua-parser says too little.

ua-parser names models and families, but no classes. The rest is in `catalogues/agents.toml`.
"""

import re
from functools import cache

from collector.classify.pattern_tables import Names, names_of, patterns_of, tables

_PHONE_SYSTEMS = frozenset({"iOS", "Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "Firefox OS"})
_SYSTEMS_OF_TELEVISIONS = frozenset({"Android", "Linux", "Tizen", "WebOS", "webOS", "Roku", "Fire OS", "Windows"})
_DESKTOP_SYSTEMS = frozenset({"Windows", "Mac OS X"})
_DESKTOP = re.compile(
    r"windows|win(?:9|32|64)|macintosh|mac |mac os|os x|x11|linux|bsd|sunos|solaris|cros|os/2|amiga|morphos|beos|haiku"
    r"|irix|hp-ux|\baix\b|risc os|plan ?9|openvms|osf1|desktop"
)
# By Google's rule, Android says "Mobile" on phones and not on tablets. Only browsers follow it: an app's own requests
# (Dalvik, AndroidDownloadManager) never say "Mobile".
_ANDROID_BROWSER = re.compile(r"mozilla/5\.0 \((?:linux|android|tablet|x11)|opera/9")

# The strings of most browsers need no table: 3 µs instead of 250. Since 2023 Chromium calls every Android
# "Android 10; K" (developers.google.com, User-Agent reduction).
_PLAIN = re.compile(
    r"Mozilla/5\.0 \((?:(?P<desktop>Windows NT [\d.]+(?:; (?:Win64|WOW64|x64))*|Macintosh; Intel Mac OS X 10[\d_.]*"
    r"|X11; (?:Ubuntu; )?Linux x86_64)|(?P<phone>iPhone; CPU iPhone OS [\d_]+ like Mac OS X)"
    r"|(?P<tablet>iPad; CPU OS [\d_]+ like Mac OS X)|(?P<android>Linux; Android 10; K))(?:; rv:[\d.]+)?\)"
    r"(?: AppleWebKit/[\d.]+ \(KHTML, like Gecko\)| Gecko/[\d.]+)"
    r"(?: (?:Chrome|Version|Safari|Firefox|Edg|EdgA|OPR|Mobile)(?:/[\w.]+)?)+"
)


@cache
def _systems(fills: bool) -> Names:
    return Names([row for row in tables()["system"] if row.get("fills", False) == fills], "name")


def plain_device(string: str) -> str:
    """Return the device class of a plain browser's string, or an empty string for any other.

    ua-parser knows the rest of a plain string, and a bot that names itself never sends one.
    """
    plain = _PLAIN.fullmatch(string)
    if plain is None:
        return ""
    if plain["android"]:
        return "phone" if " Mobile " in string else "tablet"
    return plain.lastgroup or ""


def system_of(lower: str, parsed: str) -> str:
    """Return the operating system of a string in lower case. `parsed` is ua-parser's answer, which is mostly right."""
    if "hbbtv" in lower and parsed not in _SYSTEMS_OF_TELEVISIONS:
        parsed = ""  # ua-parser gives the maker
    return _systems(fills=False).find(lower) or parsed or _systems(fills=True).find(lower) or ""


def device_of(lower: str, os: str) -> str:
    """Return the device class of a string in lower case, or an empty string if unknown."""
    lower = lower.replace("_", " ")
    named_class = names_of("device", "class").find(lower)
    if named_class:
        return named_class
    if os in {"Android", "HarmonyOS"}:
        model = lower.partition("fbdv/")[2].partition(";")[0] or lower.partition(")")[0]  # Meta's apps name it in FBDV
        by_model = names_of("model", "class").find(model)
        return by_model or ("phone" if "mobile" in lower or not _ANDROID_BROWSER.match(lower) else "tablet")
    if os in _PHONE_SYSTEMS:
        return "tablet" if "macintosh" in lower else "phone"  # a tablet here is an iPad that asks for the desktop site
    if "mobile" in lower or patterns_of("telephone").match(lower):
        return "phone"
    return "desktop" if os in _DESKTOP_SYSTEMS or _DESKTOP.search(lower) else ""
