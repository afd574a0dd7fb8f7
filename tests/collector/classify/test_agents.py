from collections import defaultdict

import pytest

from collector.classify.agents import Agent, is_bot, parse_agent, proxy_platform, refined
from collector.classify.bots import has_inconsistent_headers
from tests.cases import Tally, cases, is_right, send_and_export

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
ANDROID = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
# The smallest share that must be right. See tests/bench/accuracy.py.
SMALLEST_SHARE = {
    ("browsers", "browser"): 0.99, ("browsers", "os"): 0.99, ("browsers", "device"): 0.98,
    ("visitors", "os"): 0.98, ("visitors", "device"): 0.98, ("visitors", "traffic"): 0.99,
    ("ua-parser-js", "device"): 0.96, ("ua-parser-js", "traffic"): 0.99,
    ("apps", "traffic"): 0.99, ("mail", "traffic"): 0.99, ("devices", "device"): 0.99,
    ("more readers", "traffic"): 0.99, ("more readers", "browser"): 0.99, ("more readers", "os"): 0.99,
    ("more readers", "device"): 0.99, ("more bots", "traffic"): 0.99, ("more proxies", "traffic"): 0.99,
    ("crawlers", "traffic"): 0.97, ("programs", "traffic"): 0.99, ("proxies", "traffic"): 0.99,
    ("addresses", "country"): 0.96, ("nobody's addresses", "country"): 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("string", "agent"),
    [
        (f"{WINDOWS} Safari/537.36", Agent("Chrome", "Windows", "desktop")),
        (f"{WINDOWS} Safari/537.36 Edg/146.0.0.0", Agent("Edge", "Windows", "desktop")),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
            "Safari/605.1.15",
            Agent("Safari", "Mac OS X", "desktop"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            Agent("Firefox", "Linux", "desktop"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {ANDROID} Mobile Safari/537.36",
            Agent("Chrome Mobile", "Android", "phone"),
        ),
        (f"Mozilla/5.0 (Linux; Android 10; K) {ANDROID} Safari/537.36", Agent("Chrome", "Android", "tablet")),
        (f"{IPHONE} Version/26.0 Mobile/15E148 Safari/604.1", Agent("Mobile Safari", "iOS", "phone")),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"
            "26.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "tablet"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 13; SM-X700) {ANDROID} Mobile Safari/537.36",
            Agent("Chrome Mobile", "Android", "tablet"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/146 "
            "Version/11.1.1 Safari/605.1.15",
            Agent("Chrome Mobile iOS", "iOS", "tablet"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 9; AFTKA) AppleWebKit/537.36 (KHTML, like Gecko) Silk/138.4.1 like "
            "Chrome/138.0.0.0 Safari/537.36",
            Agent("Amazon Silk", "Android", "tv"),
        ),
        (
            "Mozilla/5.0 (PlayStation; PlayStation 5/8.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.4 "
            "Safari/605.1.15",
            Agent("Safari", "PlayStation", "console"),
        ),
        (f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.63", Agent("WeChat", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 [LinkedInApp]/9.31", Agent("LinkedIn", "iOS", "phone")),
        (
            f"{LINUX.replace('Chrome', 'Slack/4.46.99 Chrome')} Electron/38.1.2 Safari/537.36",
            Agent("Slack", "Linux", "desktop"),
        ),
        ("SamsungEmail/6.1.80.12", Agent("SamsungEmail")),
        (f"{WINDOWS} Safari/537.36 Edg/146.0.0.0 OneOutlook/1.2025.826.100", Agent("Outlook", "Windows", "desktop")),
        ("Outlook-iOS/723.4027091.prod.iphone (4.28.0)", Agent("Outlook", "iOS", "phone")),
        (
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.5134; ms-office)",
            Agent("Outlook", "Windows", "desktop"),
        ),
        ("MacOutlook/16.88.24081116 (Intelx64 Mac OS X Version 14.6.1)", Agent("Outlook", "Mac OS X", "desktop")),
        (f"{IPHONE} Mobile/15E148 NAVER(inapp; search; 1340; 12.9.2)", Agent("NAVER", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 Reddit/Version 2024.35.0/Build 615301", Agent("Reddit", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 NewsArticle/9.8.0.14 JsSdk/2.0", Agent("Toutiao", "iOS", "phone")),
        ("[FBAN/FBIOS;FBAV/478.0;FBDV/iPad13,4;FBMD/iPad;FBSN/iPadOS;FBSV/17.6]", Agent("Facebook", "iOS", "tablet")),
        (
            "[FBAN/FB4A;FBAV/400.0;FBPN/com.facebook.katana;FBDV/SM-X200;FBSV/12]",
            Agent("Facebook", "Android", "tablet"),
        ),
        (
            "[FBAN/MessengerForiOS;FBAV/471.0;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS]",
            Agent("Facebook Messenger", "iOS", "phone"),
        ),
        (
            "Mozilla/5.0 (Linux; U; Linux; en) AppleWebKit/537.36 (KHTML, like Gecko) HbbTV/1.2.1 "
            "(;Panasonic;VIERA 2015;3.101;9701-0003 0003-0001;)",
            Agent("HbbTV", "Linux", "tv"),
        ),
        ("HbbTV/1.1.1 (;Samsung;SmartTV2013;T-FXPDEUC-1102.2;;) WebKit", Agent("HbbTV", "", "tv")),
        ("github-camo (4b76e509)", Agent(proxy="github")),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            Agent(proxy="gmail"),
        ),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", Agent(proxy="yahoo-mail")),
        ("Mozilla/5.0", Agent(proxy="apple-mail")),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Agent(bot="Googlebot")),
        (f"{LINUX} Safari/537.36 MarketGoo/1.0", Agent(bot="MarketGoo")),
        ("curl/8.5.0", Agent(bot="curl")),
        ("", Agent(bot="no name")),
    ],
)
def test_an_agent_has_browser_system_and_device_or_is_a_bot_or_proxy(string, agent):
    assert parse_agent(string) == agent


@pytest.mark.parametrize(
    "string",
    [
        "curl/8.5.0", "Wget/1.21", "python-requests/2.32", "Go-http-client/2.0", "Twitterbot/1.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "WhatsApp/2.23", "redditbot/1.0",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "TelegramBot (like TwitterBot)",
        "LinkedInBot/1.0", "  ",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/146.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 11.6; rv:92.0) Gecko/20100101 Firefox/92.0",
        f"{WINDOWS.replace('146.0.0.0', '42.0.2311.135')} Safari/537.36 Edge/12.246 Mozilla/5.0",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/146.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ],
)  # fmt: skip
def test_bots_name_themselves(string):
    assert is_bot(string)
    assert parse_agent(string).bot


@pytest.mark.parametrize(
    "string",
    [
        "CUBOT NOTE 20",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) {ANDROID} Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 8.1.0; Capture+) {ANDROID} Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 7.0; Newsday_N2+) {ANDROID} Mobile Safari/537.36",
        f"{WINDOWS} Safari/537.36 QQDownload/1.7",
    ],
)
def test_a_device_or_toolbar_with_a_bot_word_in_its_name_is_not_a_bot(string):
    assert not is_bot(string)
    assert parse_agent(string).browser or string == "CUBOT NOTE 20"


@pytest.mark.parametrize(
    "string",
    ["Camo Asset Proxy 2.3.0", "imgproxy/3.27", "Some Image Proxy", "RamblerMail/6.0 (incompatible; ImageProxy/6.0)"],
)
def test_image_proxies_outside_the_catalogue_are_proxies_and_not_bots(string):
    assert proxy_platform(string)
    assert parse_agent(string) == Agent(proxy=proxy_platform(string))


@pytest.mark.parametrize(
    "string",
    ["\0", "x" * 70_000, "é" * 600, "(" * 5_000, "Mozilla/5.0 (" + "; " * 3_000, "a.a@" * 20_000, "\ufffd" * 9 + "bot"],
)
def test_any_string_is_parsed(string):
    agent = parse_agent(string)
    assert isinstance(agent, Agent)
    assert max(map(len, (agent.browser, agent.os, agent.bot))) <= 60


UBUNTU = Agent("Firefox", "Ubuntu", "desktop")
ON_LINUX = Agent("Chrome", "Linux", "desktop")
PHONE = Agent("Chrome Mobile", "Android", "phone")
HEADSET = Agent("Oculus Browser", "Android", "wearable")


@pytest.mark.parametrize(
    ("agent", "mobile", "platform", "expected"),
    [
        (PHONE, "", "", PHONE),
        (PHONE, "?1", "Android", PHONE),
        (PHONE, "?0", "Android", Agent("Chrome Mobile", "Android", "tablet")),
        (ON_LINUX, "?0", "Linux", ON_LINUX),
        (UBUNTU, "?0", "Linux", UBUNTU),
        (ON_LINUX, "?1", "Android", Agent("Chrome", "Android", "phone")),
        (ON_LINUX, "?0", "Android", Agent("Chrome", "Android", "tablet")),
        (ON_LINUX, "?0", "Chrome OS", Agent("Chrome", "Chrome OS", "desktop")),
        (PHONE, "?0", "Chrome OS", Agent("Chrome Mobile", "Chrome OS", "desktop")),
        (Agent("Chrome"), "?0", "Windows", Agent("Chrome", "Windows", "desktop")),
        (Agent("Chrome"), "?1", "", Agent("Chrome", "", "phone")),
        (Agent("Chrome", "Windows", "desktop"), "?0", "macOS", Agent("Chrome", "Windows", "desktop")),
        (HEADSET, "?0", "Android", HEADSET),
        (Agent(bot="curl"), "?1", "Android", Agent(bot="curl")),
        (Agent(proxy="hey"), "?0", "Linux", Agent(proxy="hey")),
    ],
)
def test_client_hints_refine_only_what_the_string_leaves_open(agent, mobile, platform, expected):
    assert refined(agent, mobile=mobile, platform=platform) == expected


@pytest.mark.parametrize(
    ("accept", "dest", "mode", "is_inconsistent"),
    [
        (b"", b"", b"", False),
        (b"*/*", b"", b"", False),  # Safari before 14, Firefox 47 to 64, Outlook
        (b"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", b"image", b"no-cors", False),
        (b"image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", b"", b"", False),
        (b"text/html, application/xml;q=0.9, application/xhtml+xml, image/png, image/gif, */*;q=0.1", b"", b"", False),
        (b"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", b"", b"", False),  # Java, on old Android
        (b"*/*", b"empty", b"no-cors", False),  # an image that a service worker passed on
        (b"*/*", b"empty", b"cors", True),
        (b"*/*", b"document", b"navigate", True),
        (b"image/avif,*/*", b"script", b"no-cors", True),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", b"", b"", True),
        (b"text/html,image/avif,image/webp,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", b"", b"", True),
        (b"application/json", b"", b"", True),
        (b"text/*", b"", b"", True),
        (b"\xff\0", b"", b"", True),
    ],
)
def test_headers_that_no_browser_sends_for_an_image_are_inconsistent(accept, dest, mode, is_inconsistent):
    assert has_inconsistent_headers(accept, dest, mode) is is_inconsistent


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_most_requests_are_classified_as_other_sources_classify_them(pixel, tmp_path):
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for case, row in send_and_export(cases(), pixel, tmp_path / "spool"):
        for field, expected in case.expected.items():
            tally = tallies[case.group, field]
            tally.cases += 1
            tally.right += is_right(field, expected, row[field])
    assert {key: tally for key, tally in tallies.items() if tally.share < SMALLEST_SHARE.get(key, 0)} == {}
    assert SMALLEST_SHARE.keys() <= tallies.keys()
