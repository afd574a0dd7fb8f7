"""The tables of `catalogues/agents.toml`: each row answers for something, and no given name makes a reader a bot."""

import pytest

from collector.classify.agents import is_bot, parse_agent, proxy_platform
from collector.classify.devices import device_of, system_of
from collector.classify.pattern_tables import PatternRow, patterns_of, tables
from collector.classify.platforms import catalogue, named_platforms

ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
# What is on the device of a reader, by its maker's or owner's choice: a model, an app, a company.
GIVEN_NAMES = [
    "M bot 54", "XBot Junior", "Spider 8", "Robotel R1", "CUBOT_P20", "Botswana Phone", "Crawler X1",
    "Proxima Monitor 5",
    "Fetcher 2", "Scanner S6", "Check 5 (2024)", "Curl 3", "Java Phone", "Python 7", "Newsday_N2+", "Capture+",
    "Lens 4",
    "Preview 9", "Archiv 2", "Discovery R58", "Agent 18Max", "Insight X1", "Server One", "Radar 3", "Library Tab",
    "Url 1",
    "Download 7", "Proxy Pro", "Talbots", "LexisNexis", "Abbott", "Uptime 3", "Validator", "Feed Phone", "Archive.com",
]  # fmt: skip
APPS = [
    "WallaNews", "AppleNews", "SohuNews", "GoogleLens", "BBCNews", "YahooNewsJP", "TencentNews", "NewsBreak",
    "ScanSnap",
    "CamScanner", "Botim", "BotswanaPost", "RobotoApp", "SpiderSolitaire", "MonitorMobile", "LexisNexisApp",
    "TalbotsApp",
    "FileManager", "DownloadManager", "DiscoveryPlus", "InsightTimer", "LibraryApp", "RadarOmega",
    "MiServer", "Checkers",
    "ProxyDroid", "PreviewApp", "FeedMe", "UrlShortenerApp", "Lazada", "Sogou", "AgentPlus",
    "Talbots", "HeartMonitor", "ToolsApp", "JavaCafe",
]  # fmt: skip


def rows(*names: str) -> list:
    return [pytest.param(name, row, id=f"{name}-{row['example'][:60]}") for name in names for row in tables()[name]]


def test_every_fact_has_its_source_and_an_example():
    every_row = [row for table in tables().values() for row in table]
    assert len(every_row) > 150
    assert [row for row in every_row if not (row.get("source") and row.get("example"))] == []


@pytest.mark.parametrize("table", tables())
def test_no_row_is_dead_because_one_above_it_takes_its_example(table):
    answered_by = [patterns_of(table).row_of(row["example"].lower()) for row in tables()[table]]
    assert answered_by == list(range(len(answered_by)))


@pytest.mark.parametrize(("table", "row"), rows("app", "program"))
def test_the_example_of_an_app_has_its_name_and_is_no_bot(table: str, row: PatternRow):
    agent = parse_agent(row["example"])
    assert (agent.bot, agent.proxy) == ("", "")
    assert agent.browser == row["name"] or not row["name"]


@pytest.mark.parametrize(("table", "row"), rows("reader"))
def test_the_example_of_what_only_readers_send_is_no_bot(table: str, row: PatternRow):
    assert not is_bot(row["example"])


@pytest.mark.parametrize(("table", "row"), rows("bot", "address", "word"))
def test_the_example_of_a_bot_is_a_bot(table: str, row: PatternRow):
    assert parse_agent(row["example"]).bot


@pytest.mark.parametrize(("table", "row"), rows("proxy"))
def test_the_example_of_a_proxy_is_its_platforms_and_no_bot(table: str, row: PatternRow):
    assert proxy_platform(row["example"]) == row["slug"]
    assert parse_agent(row["example"]).proxy == row["slug"]
    assert row["slug"] in catalogue() or row["slug"] in named_platforms()


@pytest.mark.parametrize(("table", "row"), rows("system", "device", "model", "telephone"))
def test_the_example_of_a_system_or_device_is_classified_so(table: str, row: PatternRow):
    lower = row["example"].lower()
    if table == "system":
        assert system_of(lower, "") == row["name"]
    elif table != "telephone":
        assert device_of(lower, "Android") == (row["class"] or "tablet")


@pytest.mark.parametrize(
    "name",
    [*GIVEN_NAMES, *sorted({row["name"] for row in tables()["app"]} - {"", "PlayStation Browser", "Windows Mail"})],
)
@pytest.mark.parametrize(
    "string",
    [
        f"Mozilla/5.0 (Linux; Android 14; NAME) {ENGINE} Chrome/140.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; U; Android 13; es-us; NAME Build/TP) {ENGINE} Version/4.0 Chrome/9 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 14; NAME Build/UP1A; wv) {ENGINE} Version/4.0 Chrome/140.0 Mobile Safari/537.36 "
        "Instagram 350.0.0.44.90 Android (34/14; 320dpi; 720x1440; NAME; NAME; mt6765; es_US; 1)",
        "Dalvik/2.1.0 (Linux; U; Android 14; NAME Build/UP1A)",
        "[FBAN/FB4A;FBAV/400.0.0.37.76;FBPN/com.facebook.katana;FBDV/NAME;FBSV/12;FBCA/arm64-v8a;]",
    ],
)
def test_a_phone_of_any_name_is_a_reader(string, name):
    agent = parse_agent(string.replace("NAME", name))
    assert (agent.bot, agent.proxy, agent.os) == ("", "", "Android")
    assert agent.browser in {"Chrome Mobile", "Android", "Instagram", "Facebook", ""} or "Chrome/9 " in string


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    "string",
    [
        f"{IOS} NAME/5.2",
        f"Mozilla/5.0 (Linux; Android 14; SM-S911B; wv) {ENGINE} Version/4.0 Chrome/140 Mobile Safari/537.36 NAME/5.2",
        "NAME/5.2 (iPhone; iOS 17.5; Scale/3.00)",
        "NAME/962 CFNetwork/1410.0.3 Darwin/22.6.0",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {ENGINE} NAME/1.5 Chrome/136.0 Electron/36.5.0 Safari/537.36",
    ],
)
def test_an_app_of_any_name_is_a_reader(string, app):
    agent = parse_agent(string.replace("NAME", app))
    assert (agent.bot, agent.proxy) == ("", "")
    assert agent.device in {"phone", "desktop"}


@pytest.mark.parametrize(
    "company",
    [
        *GIVEN_NAMES,
        "www.example-company.com",
        "Robotics Inc",
        "NewsCorp",
        "Embedded Web Browser from: http://bsalsa.com/",
    ],
)
def test_a_company_in_the_comment_of_internet_explorer_is_a_reader(company):
    for string in (
        f"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; {company}; .NET CLR 3.5.30729)",
        f"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; {company}; rv:11.0) like Gecko",
        f"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; {company})",
    ):
        assert not is_bot(string)


@pytest.mark.parametrize(
    "model", ["Positivo Twist 5", "STV100-3", "SHG10; AQUOS sense8", "LG-X190 DTV", "Castle Stick 3"]
)
def test_a_phone_whose_name_speaks_of_television_is_a_phone(model):
    string = f"Mozilla/5.0 (Linux; Android 10; {model}) {ENGINE} Chrome/140.0.0.0 Mobile Safari/537.36"
    assert parse_agent(string).device == "phone"


@pytest.mark.parametrize(
    "string",
    [
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {ENGINE} Chrome/140.0 Safari/537.36 (compatible; Foo/1; +http://a.example)",
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X; ExampleBot/2) {ENGINE} Chrome/140.0 Mobile Safari/537.36",
        f"{IOS} Version/17.4 Safari/604.1 (Applebot/0.1; +http://www.apple.com/go/applebot)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; +http://a.example/robot)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; CrystalSemanticsBot http://a.example/user-agent/)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; .NET CLR 1.0.2914; ContextAd Bot 1.0)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1;  http://www.changedetection.com/bot.html )",
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; ExampleCrawler/2.1; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; Offline Explorer; MSIECrawler)",
        "Newsify Feed Fetcher - 3 subscribers - http://a.example/",
        "FeedMe/2.0 (1 subscriber)", "LiveJournal.com (webmaster; for 12 readers)",
        f"Mozilla/5.0 (X11; Linux x86_64) {ENGINE} electron-prerender/1.0 Chrome/90.0 Electron/12.0 Safari/537.36",
        "AppleNewsBot/1.0", "Sogou web spider/4.0", "Majestic-12/1.0",
        "Slackbot-LinkExpanding 1.0", "Bluesky Cardyb/1.1",
    ],
)  # fmt: skip
def test_a_bot_in_a_readers_clothes_is_still_a_bot(string):
    assert is_bot(string)
