from datetime import date

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.classify.agents import Agent, parse_agent
from collector.models import DailyCount, DailySalt, DailyVisitor, Hit, Pixel, Position, Project, UserAgent, Verdict
from collector.spool.line import SpooledHit
from collector.storage import caps, interned
from collector.storage.reclassify import reclassify, reclassify_agents
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, counts, drain, hit, micros, spool

pytestmark = pytest.mark.django_db(transaction=True)

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def former_rules(monkeypatch):
    """Yield a function that makes the drain parse the given strings as the given agents."""

    def use(rules: dict[str, Agent]) -> None:
        monkeypatch.setattr(interned, "parse_agent", lambda string: rules.get(string) or parse_agent(string))

    yield use
    monkeypatch.undo()


def test_a_reader_that_was_taken_for_a_bot_counts_again(take, former_rules, pixel, project):
    former_rules({IPHONE: Agent(bot="Unheard-of")})
    take(hit(pixel, visitor=7), hit(pixel, "2026-11-22T11:00", visitor=7))
    assert counts("total") == {}

    assert reclassify_agents() == 1
    assert reclassify(project) == 2

    assert counts("total") == {("2026-11-22", "(direct)", ""): (2, 1)}
    assert counts("device") == {("2026-11-22", "(direct)", "phone"): (2, 1)}
    assert counts("verdict") == {}
    assert list(Hit.objects.order_by("at").values_list("new_to_pixel", "new_to_project")) == [
        (True, True),
        (False, False),
    ]


def test_a_bot_that_declared_itself_in_a_header_stays_a_bot(take, pixel, project):
    take(hit(pixel, agent=CHROME, hints="bot ChatGPT-User", verdict=Verdict.BOT))
    assert UserAgent.objects.filter(bot="ChatGPT-User").count() == 1

    reclassify_agents()
    reclassify(project)

    assert counts("verdict") == {("2026-11-22", "(direct)", "bot"): (1, 0)}
    assert counts("total") == {}


def test_a_bot_that_was_taken_for_a_reader_is_filtered_out_and_its_visitor_is_new_with_the_next_visit(
    take, former_rules, pixel, project
):
    former_rules({GOOGLEBOT: Agent("Chrome", "Linux", "desktop")})
    take(hit(pixel, agent=GOOGLEBOT, visitor=7), hit(pixel, "2026-11-22T11:00", visitor=7))
    assert counts("hour") == {("2026-11-22", "(direct)", "11"): (1, 1), ("2026-11-22", "(direct)", "12"): (1, 0)}

    reclassify_agents()
    assert reclassify(project) == 2

    assert counts("hour") == {("2026-11-22", "(direct)", "12"): (1, 1)}
    assert counts("verdict") == {("2026-11-22", "(direct)", "bot"): (1, 0)}


def test_a_proxy_that_was_taken_for_a_reader_loses_its_country_and_visitor(take, former_rules, pixel, project):
    former_rules({CAMO: Agent("Other", "Linux", "desktop")})
    take(hit(pixel, agent=CAMO))
    assert counts("country") == {("2026-11-22", "(direct)", "DE"): (1, 1)}

    reclassify_agents()
    reclassify(project)

    assert counts("country") == {("2026-11-22", "github", ""): (1, 0)}
    assert counts("traffic") == {("2026-11-22", "github", "proxied"): (1, 0)}
    assert Hit.objects.get().visitor is None


def test_a_visitor_who_counts_again_today_is_not_new_to_the_drain(take, former_rules, pixel, project):
    DailySalt.objects.create(date=date(2026, 11, 22), salt=bytes(32))
    former_rules({IPHONE: Agent(bot="Unheard-of")})
    take(hit(pixel, visitor=7))
    former_rules({})
    reclassify_agents()
    reclassify(project)
    assert DailyVisitor.objects.count() == 2

    take(hit(pixel, "2026-11-22T12:00", visitor=7))
    assert counts("total") == {("2026-11-22", "(direct)", ""): (2, 1)}


def test_visitors_are_remembered_on_the_local_day_whose_salt_is_still_there(take, former_rules, pixel, project):
    DailySalt.objects.create(date=date(2026, 11, 22), salt=bytes(32))
    former_rules({IPHONE: Agent(bot="Unheard-of")})
    take(hit(pixel, "2026-11-21T23:30", visitor=7), hit(pixel, "2026-11-22T23:30", visitor=8))  # 00:30 in Berlin
    former_rules({})
    reclassify_agents()
    reclassify(project)

    assert {(seen.date.day, seen.visitor) for seen in DailyVisitor.objects.all()} == {(22, 7)}


def test_ends_are_judged_again_by_the_starts_of_the_new_rules(take, former_rules, pixel, project):
    DailySalt.objects.create(date=date(2026, 11, 22), salt=b"x" * 32)
    former_rules({IPHONE: Agent(bot="Unheard-of"), GOOGLEBOT: Agent("Chrome", "Linux", "desktop")})
    for agent, visitor in ((IPHONE, 7), (GOOGLEBOT, 8)):
        take(
            hit(pixel, agent=agent, visitor=visitor),
            hit(pixel, "2026-11-22T10:00:02", is_end=True, agent=agent, visitor=visitor),
            hit(pixel, "2026-11-22T10:05", is_end=True, agent=agent, visitor=visitor),
        )  # fmt: skip

    reclassify_agents()
    assert reclassify(project) == 6

    ends = Hit.objects.filter(position=Position.END).order_by("visitor", "at").values_list("verdict", "reading_seconds")
    assert list(ends) == [(Verdict.TOO_SOON, 2), (Verdict.COUNTED, 300), (Verdict.BOT, None), (Verdict.BOT, None)]
    assert counts("reading", pixel.pk) == {
        ("2026-11-22", "(direct)", "at-once"): (1, 0), ("2026-11-22", "(direct)", "240"): (1, 0),
    }  # fmt: skip
    assert reclassify(project) == 0
    take(hit(pixel, "2026-11-22T10:06", is_end=True, visitor=7))
    assert counts("reading", pixel.pk)["2026-11-22", "(direct)", "360"] == (1, 0)


def test_a_page_over_the_cap_keeps_its_platform(take, pixel, project, monkeypatch):
    monkeypatch.setattr(caps, "MAX_PAGES", 1)
    take(hit(pixel, page="https://blog.example/1"), hit(pixel, page="https://blog.example/2"))

    assert reclassify(project) == 0
    assert set(Hit.objects.values_list("platform", flat=True)) == {"blog.example"}


AGENTS = [IPHONE, CHROME, CAMO, GOOGLEBOT]
streams = st.lists(
    st.fixed_dictionaries(
        {
            "pixel": st.integers(0, 1),
            "at_us": st.integers(micros("2026-11-20T00:00"), micros("2026-11-23T00:00")),
            "is_end": st.booleans(),
            "agent": st.sampled_from(["", *AGENTS]),
            "page": st.sampled_from(["", "https://a.example/", "https://dev.to/y"]),
            "placement": st.sampled_from(["", "medium"]),
            "country": st.sampled_from(["", "DE"]),
            "visitor": st.none() | st.integers(1, 3),
            "verdict": st.sampled_from([0, 0, 0, 1, 3, 4, 5, 7]),  # bot and muted are the drain's own verdicts
        }
    ),
    max_size=40,
    unique_by=lambda row: row["at_us"],
).map(lambda rows: sorted(rows, key=lambda row: row["at_us"]))
mistakes = st.dictionaries(
    st.sampled_from([IPHONE, CHROME, GOOGLEBOT]),
    st.sampled_from([Agent(bot="Once a bot"), Agent("Firefox", "Linux", "desktop"), Agent("Safari", "iOS", "phone")]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, former=mistakes)
def test_reclassified_hits_equal_hits_drained_with_the_new_rules(tmp_path, stream, former):
    Project.objects.all().delete()
    UserAgent.objects.all().delete()
    project = Project.objects.create(name="Stream", slug="stream", timezone="Asia/Kathmandu")
    pixels = [Pixel.objects.create(project=project, title=str(number)) for number in range(2)]
    hits = [
        SpooledHit(token=pixels[row["pixel"]].token, **{key: row[key] for key in row.keys() - {"pixel"}})
        for row in stream
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interned, "parse_agent", lambda string: former.get(string) or parse_agent(string))
        spool(tmp_path / "spool", hits)
        drain(tmp_path / "spool")

    reclassify_agents()
    reclassify(project)
    assert reclassify(project) == 0
    reclassified = everything()

    Hit.objects.all().delete()
    DailyCount.objects.all().delete()
    DailyVisitor.objects.all().delete()
    UserAgent.objects.all().delete()
    spool(tmp_path / "spool", hits)
    drain(tmp_path / "spool")
    assert reclassified == everything()


def everything():
    columns = (
        "at",
        "verdict",
        "traffic",
        "platform",
        "evidence",
        "visitor",
        "country",
        "new_to_pixel",
        "new_to_project",
    )
    return sorted(DailyCount.objects.values_list()), sorted(map(str, Hit.objects.values_list(*columns)))


def test_the_command_reclassifies_all_projects_and_prints_what_changed(take, former_rules, pixel, capsys):
    former_rules({IPHONE: Agent(bot="Unheard-of")})
    take(hit(pixel))
    former_rules({})

    call_command("rebuild_counts", "--reclassify")

    output = capsys.readouterr().out
    assert "Reclassified 1 user agents." in output
    assert "blog: counted 1 hits, 1 of them changed." in output
    assert counts("total") == {("2026-11-22", "(direct)", ""): (1, 1)}
    with pytest.raises(CommandError, match="Leave out the project"):
        call_command("rebuild_counts", "blog", "--reclassify")
