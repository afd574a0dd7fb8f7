import pytest

from collector.agents import Agent, is_bot, parse_agent

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"


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
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile "
            "Safari/537.36",
            Agent("Chrome Mobile", "Android", "phone"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
            Agent("Chrome", "Android", "tablet"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"
            "26.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "phone"),
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/"
            "26.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "tablet"),
        ),
        ("github-camo (4b76e509)", Agent(proxy="github")),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            Agent(proxy="gmail"),
        ),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", Agent(proxy="yahoo-mail")),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Agent(bot="Googlebot")),
        ("", Agent(bot="no name")),
        ("Mozilla/5.0", Agent()),
    ],
)
def test_an_agent_tells_browser_system_and_device_or_that_it_is_no_reader(string, agent):
    assert parse_agent(string) == agent


@pytest.mark.parametrize(
    "string",
    [
        "curl/8.5.0", "Wget/1.21", "python-requests/2.32", "Go-http-client/2.0", "Twitterbot/1.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "WhatsApp/2.23", "redditbot/1.0",
        "Slack-ImgProxy (+https://api.slack.com/robots)", "TelegramBot (like TwitterBot)", "LinkedInBot/1.0", "  ",
    ],
)  # fmt: skip
def test_programs_that_are_no_readers_name_themselves(string):
    assert is_bot(string)
    assert parse_agent(string).bot


@pytest.mark.parametrize("string", ["CUBOT NOTE 20", "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile Safari/537.36"])
def test_a_phone_with_bot_in_its_name_is_a_reader(string):
    assert not is_bot(string)


@pytest.mark.parametrize("string", ["\0", "x" * 70_000, "é" * 600, "(" * 5_000, "Mozilla/5.0 (" + "; " * 3_000])
def test_any_string_is_parsed(string):
    assert isinstance(parse_agent(string), Agent)
