import re
from collections import Counter

import pytest

from collector.classify.agents import proxy_platform
from collector.classify.platforms import (
    DIRECT,
    KINDS,
    LEVELS,
    NEUTRAL_COLOUR,
    OTHER,
    PLACEMENT_FORM,
    SPARE_COLOURS,
    catalogue,
    lazy_platforms,
    named_platforms,
    platform_colour,
    platform_name,
    platform_of_host,
    platforms_by_kind,
    preselected_platforms,
    usual_platforms,
)
from collector.models import Kind
from collector.models.validators import validate_placement
from tests.server import ROOT

CATALOGUES = ROOT / "collector" / "classify" / "catalogues"
PALETTE = ROOT / "static" / "css" / "palette.css"


def test_every_platform_of_the_catalogue_is_complete():
    for platform in catalogue().values():
        validate_placement(platform.slug)
        assert platform.name, platform.slug
        assert platform.kind in KINDS or platform.slug == "image-proxy", platform.slug
        assert platform.accepts in {"html", "markdown", "rst", "bbcode", "url"}, platform.slug
        assert platform.images in {"reader", "proxy", "copy", "none"}, platform.slug
        assert not platform.proxies or platform.images != "reader", platform.slug
        assert platform.sees.endswith("."), platform.slug
        assert platform.source, platform.slug
        if platform.source == "not verified":
            assert "Not verified" in platform.sees, platform.slug
        for part in platform.proxies:
            assert part == part.lower(), platform.slug
            assert len(part) >= 7, "a part this short may also match other agents"


def test_the_sentence_for_authors_says_who_loads_the_images():
    patterns = {
        "reader": "browsers|Mail programs|device|reader asks",
        "proxy": "proxy|cache|relays|own servers",
        "copy": "cop(y|ies)",
        "none": "images of",
    }
    for platform in catalogue().values():
        assert re.search(patterns[platform.images], platform.sees), platform.slug
        if platform.images == "reader":
            assert not re.search("through an image proxy:|through its own|own copy", platform.sees), platform.slug


def test_only_three_platforms_are_known_to_load_every_image_late():
    assert lazy_platforms() == {"dev-to", "gitlab", "zenn"}


def test_every_platform_that_we_only_name_is_complete():
    for platform in named_platforms().values():
        assert PLACEMENT_FORM.fullmatch(platform.slug)
        assert platform.name, platform.slug
        assert set(platform.source.split("+")) <= {"matomo", "own"}, platform.slug
        assert platform.hosts, platform.slug


def test_no_slug_name_host_or_app_is_written_twice():
    offered, named = catalogue().values(), named_platforms().values()
    written = re.findall(r'^slug = "(.*)"$', (CATALOGUES / "platforms.toml").read_text("utf-8"), re.MULTILINE)
    written += re.findall(r"^([^#\t\n]+)\t", (CATALOGUES / "hosts.tsv").read_text("utf-8"), re.MULTILINE)
    assert len(written) == len(offered) + len(named)
    names = [platform.name.casefold() for platform in (*offered, *named)]
    hosts = [host for platform in offered for host in (*platform.hosts, *platform.apps)]
    hosts += [host for platform in named for host in platform.hosts]
    for values in (written, names, hosts):
        assert [value for value, times in Counter(values).items() if times > 1] == []
    assert [host for host in hosts if not re.fullmatch(r"[a-z0-9*_-]+(\.[a-z0-9*_-]+)+", host)] == []


def test_an_author_can_choose_platforms_of_every_kind_and_no_others():
    offered = platforms_by_kind()
    assert list(offered) == list(KINDS.values())
    assert all(offered.values())
    slugs = [platform.slug for platforms in offered.values() for platform in platforms]
    assert len(slugs) == len(set(slugs)) >= 90
    assert {"medium", "github", "newsletter", "forum", "website", "juejin", "qiita", "feedly"} <= set(slugs)
    assert not {"chatgpt", "google", "instagram", "image-proxy"} & set(slugs)


@pytest.mark.parametrize(
    ("slug", "level"),
    [
        ("website", "full"), ("github", "visits"), ("dev-to", "some"), ("newsletter", "some"), ("medium", "few"),
        ("hey", "few"), ("slack", "none"), ("reddit", "none"), ("wechat", "none"),
    ],
)  # fmt: skip
def test_a_word_says_how_much_a_platform_lets_us_see(slug, level):
    assert catalogue()[slug].level == level


def test_the_word_and_the_sentence_say_the_same():
    for platform in catalogue().values():
        assert platform.level in LEVELS, platform.slug
        if platform.level == "full":
            assert "countries and devices" in platform.sees, platform.slug
        if "few visits" in platform.sees or "no visits" in platform.sees or "count as bots" in platform.sees:
            assert platform.level in {"few", "none"}, platform.slug


def test_where_readers_are_not_counted_an_author_is_told_what_to_do():
    assert "link to it from Medium: readers who follow the link are counted." in catalogue()["medium"].instead
    assert [catalogue()[slug].instead for slug in ("github", "website", "proton-mail", "flipboard")] == [""] * 4


def test_what_is_offered_first_and_preselected_can_be_picked():
    offered = {platform.slug for platforms in platforms_by_kind().values() for platform in platforms}
    assert set(usual_platforms()) <= offered
    assert set(preselected_platforms()) == set(Kind.values) - {Kind.APP}
    assert {slug for slugs in preselected_platforms().values() for slug in slugs} <= offered


def test_no_two_platforms_share_a_colour():
    colours = [platform.colour for platform in catalogue().values()] + [*SPARE_COLOURS, NEUTRAL_COLOUR]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert [colour for colour, times in Counter(colours).items() if times > 1] == []


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["paper", "sheet"])
@pytest.mark.parametrize("theme", [1, 2], ids=["light", "dark"])
def test_every_colour_has_contrast_to_the_page_in_both_themes(ground, theme):
    ground_colours = re.search(rf"--{ground}: light-dark\((#\w{{6}}), (#\w{{6}})\)", PALETTE.read_text("utf-8"))
    colours = {platform.slug: platform.colour for platform in catalogue().values()}
    colours |= {colour: colour for colour in (*SPARE_COLOURS, NEUTRAL_COLOUR)}
    assert ground_colours
    assert {name: colour for name, colour in colours.items() if contrast(colour, ground_colours[theme]) < 3} == {}


def test_contrast_is_computed_as_wcag_defines_it():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("medium.com", "medium"),
        ("author.medium.com", "medium"),
        ("notmedium.com", "notmedium.com"),
        ("medium.com.evil.example", "evil.example"),
        ("gist.github.com", "github"),
        ("author.github.io", "github-pages"),
        ("www.reddit.com", "reddit"),
        ("Old.Reddit.COM", "reddit"),
        ("blog.example.org:8443", "example.org"),
        ("dev.to:443", "dev-to"),
        ("zenn.dev.", "zenn"),
        ("www.example.org", "example.org"),
        ("com.twitter.android", "x"),
        ("com.google.android.gm", "gmail"),
        ("com.google.android.googlequicksearchbox", "google"),
        ("com.example.reader", "com.example.reader"),
        # The longest known domain wins, whichever file it is in.
        ("google.com", "google"),
        ("mail.google.com", "gmail"),
        ("gemini.google.com", "gemini"),
        ("images.google.com", "google"),
        ("mail.ru", "mail-ru"),
        ("my.mail.ru", "my-world"),
        ("naver.com", "naver"),
        ("m.blog.naver.com", "naver-blog"),
        ("work.weixin.qq.com", "wecom"),
        ("mp.weixin.qq.com", "wechat"),
        # As a browser writes it, and as a person does.
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("medium。com", "medium"),
        ("ü" * 80 + ".example", "ü" * 80 + ".example"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("com", "com"),
        (".", ""),
        ("", ""),
    ],
)
def test_a_host_belongs_to_the_platform_of_its_domain(host, slug):
    assert platform_of_host(host) == slug


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        ("x.com twitter.com t.co mobile.twitter.com", "X"),
        ("facebook.com m.facebook.com l.facebook.com lm.facebook.com com.facebook.katana", "Facebook"),
        ("instagram.com l.instagram.com com.instagram.android", "Instagram"),
        ("threads.net threads.com l.threads.com", "Threads"),
        ("linkedin.com www.linkedin.com lnkd.in com.linkedin.android", "LinkedIn"),
        ("mastodon.social fosstodon.org hachyderm.io chaos.social mstdn.jp infosec.exchange", "Mastodon"),
        ("bsky.app xyz.blueskyweb.app", "Bluesky"),
        ("web.telegram.org t.me org.telegram.messenger", "Telegram"),
        ("vk.com m.vk.com vkontakte.ru", "VK"),
        ("ok.ru odnoklassniki.ru", "Odnoklassniki"),
        ("pinterest.com pinterest.de br.pinterest.com pin.it", "Pinterest"),
        ("youtube.com m.youtube.com youtu.be", "YouTube"),
        ("tiktok.com", "TikTok"),
        ("discord.com discordapp.com", "Discord"),
        ("web.whatsapp.com com.whatsapp", "WhatsApp"),
        ("weibo.com m.weibo.cn t.cn", "Weibo"),
        ("xiaohongshu.com", "Xiaohongshu"),
        ("user.qzone.qq.com", "Qzone"),
        ("last.fm lastfm.de", "Last.fm"),
        ("news.ycombinator.com", "Hacker News"),
        ("mail.google.com", "Gmail"),
        ("outlook.live.com outlook.office.com outlook.office365.com", "Outlook"),
        ("mail.yahoo.com eu-mg.mail.yahoo.com", "Yahoo Mail"),
        ("mail.aol.com", "AOL Mail"),
        ("www.icloud.com", "Apple Mail"),
        ("mail.proton.me mail.protonmail.com", "Proton Mail"),
        ("app.fastmail.com", "Fastmail"),
        ("navigator.gmx.net 3c.gmx.net www.gmx.com", "GMX"),
        ("3c.web.de", "WEB.DE"),
        ("e.mail.ru touch.mail.ru", "Mail.ru"),
        ("mail.yandex.ru mail.yandex.com", "Yandex Mail"),
        ("mail.qq.com wx.mail.qq.com", "QQ Mail"),
        ("mail.163.com mail.126.com", "NetEase Mail"),
        ("mail.zoho.com mail.zoho.eu", "Zoho Mail"),
        ("app.tuta.com mail.tutanota.com", "Tuta"),
        ("mail.naver.com", "Naver Mail"),
        ("email.seznam.cz", "Seznam Email"),
        ("poczta.wp.pl", "WP Poczta"),
        ("mail.orange.fr", "Orange Mail"),
        ("mail.rediff.com", "Rediffmail"),
        ("chatgpt.com chat.openai.com com.openai.chatgpt", "ChatGPT"),
        ("claude.ai", "Claude"),
        ("gemini.google.com bard.google.com", "Gemini"),
        ("copilot.microsoft.com", "Copilot"),
        ("www.perplexity.ai", "Perplexity"),
        ("chat.deepseek.com", "DeepSeek"),
        ("kimi.moonshot.cn www.kimi.com", "Kimi"),
        ("www.doubao.com", "Doubao"),
        ("grok.com", "Grok"),
        ("chat.mistral.ai", "Le Chat"),
        ("poe.com", "Poe"),
        ("you.com", "You.com"),
        ("www.meta.ai", "Meta AI"),
        ("www.phind.com", "Phind"),
        ("chat.qwen.ai", "Qwen"),
        ("www.google.com google.de google.co.jp google.com.br", "Google"),
        ("duckduckgo.com", "DuckDuckGo"),
        ("www.baidu.com m.baidu.com", "Baidu"),
        ("www.bing.com", "Bing"),
    ],
)  # fmt: skip
def test_hosts_of_networks_mail_assistants_and_search_engines_have_their_names(hosts, name):
    assert {host: platform_name(platform_of_host(host)) for host in hosts.split()} == dict.fromkeys(hosts.split(), name)


@pytest.mark.parametrize(
    ("agent", "slug"),
    [
        ("github-camo (4b76e509)", "github"),
        ("go-camo (v2.4.13)", "image-proxy"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "gmail"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "yahoo-mail"),
        ("Photon/1.0", "wordpress"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.5993.117 "
            "Safari/537.36 FastmailUA/1.0",
            "fastmail",
        ),
        ("RamblerMail/6.0 (incompatible; ImageProxy/6.0)", "rambler-mail"),
        ("Mozilla/5.0 SeznamEmailProxy/2.0.174", "seznam-email"),
        ("Shortwave Image Fetcher", "shortwave"),
        ("MisskeyMediaProxy/0.0.24", "misskey"),
        ("Camo Asset Proxy 2.3.0", "image-proxy"),
        ("imgproxy/3.21.0", "image-proxy"),
        ("willnorris/imageproxy", "image-proxy"),
        ("Mozilla/5.0 (compatible; ImageFetcher/9.0; +http://wsrv.nl/)", "image-proxy"),
        # Gmail loads images when mail arrives, before anyone reads.
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
            "Safari/537.36 Edge/12.246 Mozilla/5.0",
            "",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 11.6; rv:92.0) Gecko/20100101 Firefox/92.0", ""),
        ("Slack-ImgProxy (+https://api.slack.com/robots)", "slack"),
        ("Mozilla/5.0", "apple-mail"),  # the whole string: Mail Privacy Protection
    ],
)
def test_image_proxies_are_recognised_by_their_user_agents(agent, slug):
    assert proxy_platform(agent) == slug


def test_a_platform_outside_the_catalogue_has_a_name_and_a_stable_colour():
    assert platform_name("github") == "GitHub"
    assert platform_name("chatgpt") == "ChatGPT"
    assert platform_name("blog.example.org") == "blog.example.org"
    assert platform_colour("blog.example.org") == platform_colour("blog.example.org")
    assert platform_colour("chatgpt") in SPARE_COLOURS
    assert platform_colour(DIRECT) == platform_colour(OTHER) != platform_colour("github")


def test_a_host_too_long_for_dns_is_kept_as_it_is():
    host = "éa." * 80 + "example"

    assert platform_of_host(host) == host
    assert platform_of_host("www.Éa.example") == "xn--a-9fa.example"
