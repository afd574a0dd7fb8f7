"""Whatever strangers send, the rows of a day are bounded, and what readers really use stays visible."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from collector.classify import known_names
from collector.classify.known_names import known_browsers, known_languages, known_systems
from collector.classify.platforms import OTHER, catalogue
from collector.models import DailyCount, Dimension, Hit, Page, Pixel, UserAgent, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.storage import caps, interned, name_caps
from collector.storage.rebuild import rebuild
from dashboard.report.page import make_page
from tests.endpoints import CHROME
from tests.hits import CAMO, FIREFOX, IPHONE, counts, drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "2026-11-22"
MAIL = "Qzx{} Mail/1.0 CFNetwork/1 Darwin/22"


def invented(number):
    """Return an agent with a name of its own."""
    return MAIL.format(number)


@pytest.fixture
def small_caps(monkeypatch):
    monkeypatch.setattr(name_caps, "MAX_NAMES", 3)
    monkeypatch.setattr(name_caps, "MAX_PROJECT_NAMES", 5)
    monkeypatch.setattr(name_caps, "MAX_AGENTS", 10)
    monkeypatch.setattr(caps, "MAX_PAGES", 4)
    monkeypatch.setattr(caps, "MAX_QUERIES", 4)
    monkeypatch.setattr(caps, "MAX_PLATFORMS", 3)
    monkeypatch.setattr(caps, "MAX_PROJECT_PLATFORMS", 5)
    # What a stranger may choose without a limit is a table of ours: a small one makes the bound small.
    for names in ("known_browsers", "known_systems", "known_languages"):
        assert len(getattr(known_names, names)()) < 1000


def test_the_names_that_our_tables_give_are_known_and_copied_ones_are_not():
    browsers = {"Chrome", "Mobile Safari", "Firefox", "Edge", "Samsung Internet", "Thunderbird", "WeChat"}
    assert browsers <= known_browsers()
    assert {"Windows", "Mac OS X", "iOS", "Android", "Linux", "Ubuntu", "Fedora", "Chrome OS"} <= known_systems()
    assert {"de", "en", "ja", "fil", "yue", "zh"} <= known_languages()
    assert not {"Qzx1 Mail", "$1", "$1 Mail"} & known_browsers()
    assert not {"zz", "qqq"} & known_languages()


def stream(random_source, pixels, hits):
    """Yield hits as hostile as strangers can make them, on one day."""
    pages = [f"https://{host}/{n}" for n in range(40) for host in (f"h{n}.example", f"x{n}.github.io", "dev.to")]
    placements = ["", "", "", *(f"made-up-{n}" for n in range(30)), "medium", "dev-to", "our-own"]
    agents = [
        "", IPHONE, CHROME, CAMO, FIREFOX, *map(invented, range(60)),
        *(f"Mozilla/5.0 (Linux; Android 13; M{n}) AppleWebKit/537.36 Chrome/{n}.0 Safari/537.36" for n in range(60)),
        *(f"made{n}bot/1.0" for n in range(30)), *(f"HbbTV/1.2.1 (;MAKER{n};T;1;2;) 2015" for n in range(30)),
    ]  # fmt: skip
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(hits):
        yield hit(
            random_source.choice(pixels),
            agent=random_source.choice(agents),
            hints=random_source.choice(["", "?0 Linux", f"?1 {number}", "?0 Android"]),
            page=random_source.choice(["", *pages]) + random_source.choice(["", f"?utm_source={number}"]),
            placement=random_source.choice(placements),
            is_end=random_source.random() < 0.2,
            verdict=random_source.choice([Verdict.COUNTED] * 6 + list(Verdict)),
            language="".join(random_source.choices(letters, k=random_source.randint(2, 3))),
            country=random_source.choice(["", "DE", "JP"]),
            visitor=number % 50,
        )


# What is known, then how many other values a pixel and a project may have, with `small_caps`.
LIMITS = {
    Dimension.BROWSER: (known_browsers(), 3, 5),
    Dimension.OS: (known_systems(), 3, 5),
    Dimension.LANGUAGE: (known_languages(), 3, 5),
    Dimension.UTM_SOURCE: (frozenset(), 3, 5),
    # Pages on unlisted hosts, and as many on platforms that have a name.
    Dimension.PAGE: (frozenset({""}), 2 * 4, 2 * 8),
    Dimension.ELSEWHERE: (frozenset({"dev.to"}), 2 * 4, 2 * 8),
}
FEW = {"hour": 24, "device": 9, "country": 3, "verdict": 10, "traffic": 3, "position": 2, "evidence": 4}


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_a_day_are_bounded_in_every_dimension_and_every_view_of_them_agrees(
    tmp_path, project, pixel, small_caps, seed
):
    pixels = [pixel, Pixel.objects.create(project=project, title="2")]
    source = random.Random(seed)
    for _ in range(3):
        spool(tmp_path, stream(source, pixels, 400))
        drain(tmp_path, batch_lines=150)  # a drain that starts again forgets what it had admitted

    listed = set(catalogue())
    of_platform, of_pixel = Counter(), Counter()
    for dimension, pixel_id, platform, value in DailyCount.objects.values_list(
        "dimension", "pixel_id", "platform", "value"
    ).distinct():
        if platform not in listed:
            of_platform[pixel_id, platform] += 1
        of_pixel[pixel_id, dimension, value] += 1
    for dimension in Dimension:
        for pixel_id in (*(pixel.pk for pixel in pixels), WHOLE_PROJECT, ALL_PLATFORMS):
            values = {value for which, of, value in of_pixel if (which, of) == (pixel_id, dimension)}
            if dimension in LIMITS:
                known, per_pixel, per_project = LIMITS[dimension]
                assert len(values - known - {OTHER}) <= (per_pixel if pixel_id > 0 else per_project)
            else:
                assert len(values) <= FEW.get(dimension.label, 2)
    unlisted = {platform for _, platform in of_platform} - {"", "(direct)", OTHER, "our-own"}
    visited = set(DailyCount.objects.filter(dimension=Dimension.TOTAL).values_list("platform", flat=True))
    assert len(unlisted & visited) <= 5
    # An end counts when its reader's start comes. A drain that starts before that doesn't know its host.
    assert len(unlisted) <= 3 * 2 * 5

    running = sorted(DailyCount.objects.values_list())
    rebuild(project)
    assert sorted(DailyCount.objects.values_list()) == running
    # Visits and other hits have caps of their own, of two pixels, in three drains: a drain starts its caps again.
    caps_of_pixels = 2 * 2 * 3
    assert UserAgent.objects.filter(string__startswith="Qzx").count() <= caps_of_pixels * 3
    assert UserAgent.objects.exclude(string="").count() <= caps_of_pixels * 10
    # Pages without a query string, with one in each of three forms, and with one of which nothing is kept.
    assert Page.objects.count() <= caps_of_pixels * 2 * 4 * (1 + 3 + 1) + 2


def test_known_values_stay_after_a_flood_and_raw_hits_say_the_same(take, pixel, project, monkeypatch):
    monkeypatch.setattr(name_caps, "MAX_NAMES", 3)
    monkeypatch.setattr(name_caps, "MAX_AGENTS", 5)
    flood = (hit(pixel, agent=invented(n), language=f"q{chr(97 + n % 26)}", visitor=n) for n in range(40))
    take(*flood)
    take(hit(pixel, agent=FIREFOX, language="de", visitor=99), hit(pixel, agent=IPHONE, language="fil", visitor=98))
    take(hit(pixel, agent=invented(1), visitor=97))

    browsers = {value: hits for (_, _, value), (hits, _) in counts("browser").items()}
    assert browsers == {"Qzx0 Mail": 1, "Qzx1 Mail": 2, "Qzx2 Mail": 1, OTHER: 37, "Firefox": 1, "Mobile Safari": 1}
    languages = {value for _, _, value in counts("language")}
    assert {"de", "fil", OTHER} <= languages
    assert len(languages - known_languages() - {OTHER}) == 3

    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for dimension in ("browser", "os", "language"):
        for value in {value for _, _, value in counts(dimension)}:
            filtered = make_page({dimension: value}, project, now=noon).report
            assert filtered.visits == sum(hits for (_, _, of), (hits, _) in counts(dimension).items() if of == value)
    before = sorted(DailyCount.objects.values_list())
    call_command("rebuild_counts", "--reclassify")
    assert sorted(DailyCount.objects.values_list()) == before


def test_a_listed_host_where_a_pixel_is_seen_stays_after_a_flood_of_pages(take, pixel, project, monkeypatch):
    monkeypatch.setattr(caps, "MAX_PAGES", 3)
    take(*(hit(pixel, placement="medium", page=f"https://h{number}.dev.to/") for number in range(9)))
    take(hit(pixel, placement="medium", page="https://dev.to/copy"), hit(pixel, page="https://x.dev.to/invented"))

    elsewhere = {value: hits for (_, _, value), (hits, _) in counts("elsewhere").items()}
    assert elsewhere == {"h0.dev.to": 1, "h1.dev.to": 1, "h2.dev.to": 1, "dev.to": 1}
    before = sorted(DailyCount.objects.values_list())
    rebuild(project)
    assert sorted(DailyCount.objects.values_list()) == before
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert make_page({"elsewhere": "dev.to"}, project, now=noon).report.visits == 1
    assert make_page({"page": OTHER}, project, now=noon).report.visits == 9 - 3 + 2


def test_strings_over_the_cap_are_judged_and_not_kept(take, pixel, monkeypatch):
    monkeypatch.setattr(name_caps, "MAX_AGENTS", 5)
    version = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
    take(*(hit(pixel, agent=version.format(number), visitor=number) for number in range(30)))
    take(*(hit(pixel, agent=f"made{number}bot/1.0") for number in range(30)))
    take(hit(pixel, agent=version.format(3)), hit(pixel, agent=version.format(500)))

    assert counts("browser") == {(DAY, "(direct)", "Chrome"): (32, 30)}
    assert Hit.objects.filter(verdict=Verdict.BOT).count() == 30
    kept = UserAgent.objects.exclude(string="")
    assert kept.filter(browser="Chrome").count() <= 5 + 1
    assert kept.count() <= 5 * 3  # `take` starts a drain each time
    shared = UserAgent.objects.filter(string="").values_list("browser", "os", "bot")
    assert set(shared) == {("Chrome", "Windows", ""), ("", "", OTHER)}
    assert Hit.objects.filter(user_agent__browser="Chrome").count() == 32


def test_a_project_has_a_cap_of_its_own(take, project, monkeypatch):
    monkeypatch.setattr(name_caps, "MAX_NAMES", 3)
    monkeypatch.setattr(name_caps, "MAX_PROJECT_NAMES", 5)
    pixels = [Pixel.objects.create(project=project, title=str(number)) for number in range(4)]
    take(*(hit(pixel, agent=invented(10 * n + m)) for n, pixel in enumerate(pixels) for m in range(4)))

    names = {value for _, _, value in counts("browser")} - {OTHER}
    assert len(names) == 5


def test_strings_that_are_used_stay_in_memory(tmp_path, pixel, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(interned, "MAX_REMEMBERED", 3)
    table = interned.PageStrings()
    for number in range(5):
        table.ids(["https://a.example/", f"https://a.example/{number}"])

    with django_assert_num_queries(0):
        table.ids(["https://a.example/"])


def test_hits_that_are_no_visits_hide_no_name_of_a_reader(tmp_path, pixel, small_caps):
    flood = []
    for number in range(20):
        facts = {"agent": invented(number), "language": f"q{chr(97 + number)}"}
        page = f"https://h{number}.example/{number}?utm_campaign=x{number}&utm_source=y{number}"
        flood += [
            hit(pixel, page=page, verdict=Verdict.EXCESS, **facts),
            hit(pixel, page=page, is_end=True, **facts),
            hit(pixel, page=page, agent=f"made{number}bot/1.0"),
        ]
    spool(tmp_path, flood)
    drain(tmp_path)
    page = "https://blog.example/hello?utm_campaign=spring&utm_source=news"
    spool(tmp_path, [*flood, hit(pixel, page=page, agent=invented(77), language="zz")])
    drain(tmp_path)  # it reads from the counts what was admitted

    assert counts("total") == {(DAY, "blog.example", ""): (1, 1)}
    visit = Hit.objects.get(page__url=page)
    assert (visit.platform, visit.language, visit.user_agent.string) == ("blog.example", "zz", invented(77))
    values = {d: {value for _, _, value in counts(d)} for d in ("page", "browser", "utm_campaign", "utm_source")}
    assert values == {
        "page": {"blog.example/hello"}, "browser": {"Qzx77 Mail"}, "utm_campaign": {"spring"}, "utm_source": {"news"},
    }  # fmt: skip
