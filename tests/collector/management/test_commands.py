import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from collector.models import (
    DailyCount,
    Declaration,
    Dimension,
    Hit,
    Kind,
    Pixel,
    Project,
    PublishedWeek,
    Report,
    ReportCount,
    ReportDimension,
    Verdict,
)
from collector.models.counts import WHOLE_PROJECT
from collector.programs.declaration import read_declaration
from collector.programs.wire import check
from collector.spool.locks import exclusive
from collector.spool.writer import SpoolWriter
from collector.storage.drain import Drain
from collector.storage.export import BYTE_ORDER_MARK, hit_rows, spreadsheet_cell
from tests.hits import CAMO, drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = [
    "id", "at", "pixel", "token", "kind", "placement", "platform", "position", "traffic", "verdict", "page", "country",
    "language", "device", "browser", "os", "visitor", "event", "version", "properties", "evidence", "reading_seconds",
]  # fmt: skip
COUNT_FIELDS = ["date", "pixel", "token", "platform", "dimension", "value", "hits", "visitors"]


@pytest.fixture
def stored(tmp_path, pixel):
    """Three hits of one pixel: by a reader, by a proxy, and by a bot on the next day."""
    spool(
        tmp_path / "spool",
        [
            hit(pixel, placement="medium", page="https://medium.com/a", visitor=-1),
            hit(pixel, "2026-11-22T10:01", agent=CAMO, is_end=True),
            hit(pixel, "2026-11-23T10:00", agent="curl/8", verdict=Verdict.BOT, placement="=1+1"),
        ],
    )
    drain(tmp_path / "spool")


def exported(capsys, *arguments):
    call_command("export_hits", "blog", *arguments)
    return capsys.readouterr().out


def test_hits_are_exported_as_one_json_object_a_line(stored, pixel, capsys):
    rows = [json.loads(line) for line in exported(capsys).splitlines()]

    assert [list(row) for row in rows] == [FIELDS] * 3
    assert len({row["id"] for row in rows}) == 3
    first, proxied, bot = rows
    assert first | {"id": ""} == {
        "id": "", "at": "2026-11-22T10:00:00.000000Z", "pixel": "Hello", "token": pixel.token, "kind": "article",
        "placement": "medium", "platform": "medium", "position": "start", "traffic": "direct", "verdict": "counted",
        "page": "https://medium.com/a", "country": "DE", "language": "de", "device": "phone",
        "browser": "Mobile Safari", "os": "iOS", "visitor": "f" * 16,
        "event": None, "version": None, "properties": None, "evidence": "placement",
        "reading_seconds": None,
    }  # fmt: skip
    assert (proxied["platform"], proxied["traffic"], proxied["position"], proxied["country"]) == (
        "github", "proxied", "end", None,
    )  # fmt: skip
    assert (bot["traffic"], bot["verdict"]) == ("bot", "bot")


def test_hits_are_exported_as_csv_with_formulas_neutralised(stored, capsys):
    table = csv.DictReader(io.StringIO(exported(capsys, "--format", "csv").removeprefix(BYTE_ORDER_MARK)))

    assert table.fieldnames == FIELDS
    assert [row["placement"] for row in table] == ["medium", "", "'=1+1"]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--since", "2026-11-23"], 1),
        (["--until", "2026-11-23"], 2),
        (["--since", "2026-11-22T10:01", "--until", "2026-11-23T10:00:00+00:00"], 1),
        (["--since", "2026-11-22T11:01+01:00", "--until", "2026-11-22T10:02Z"], 1),
    ],
)
def test_an_export_includes_its_start_and_excludes_its_end(stored, capsys, arguments, count):
    assert len(exported(capsys, *arguments).splitlines()) == count


def test_an_export_needs_two_queries_a_step(stored, django_assert_num_queries, monkeypatch, capsys):
    with django_assert_num_queries(3):  # the project, the end of the step, its hits
        exported(capsys)
    monkeypatch.setattr("collector.storage.export.STEP_ROWS", 1)
    with django_assert_num_queries(9):  # a step for each hit, and an empty one
        exported(capsys)


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_an_export_has_every_hit_once_and_in_order_for_any_step_size(take, pixel, monkeypatch, rows):
    take(*[hit(pixel) for _ in range(5)], *[hit(pixel, "2026-11-22T09:00") for _ in range(2)])
    other = Pixel.objects.create(project=pixel.project, title="Other")
    take(hit(other), hit(other, "2026-11-22T09:00"), hit(other, "2026-11-22T11:00"))
    monkeypatch.setattr("collector.storage.export.STEP_ROWS", rows)

    stored = Hit.objects.order_by("at", "id")
    assert [row["id"] for row in hit_rows(pixel.project)] == [str(hit) for hit in stored]
    for article in (pixel, other):
        assert [row["id"] for row in hit_rows(pixel.project, pixel=article)] == [
            str(hit) for hit in stored.filter(pixel=article)
        ]


def exported_counts(capsys, *arguments):
    call_command("export_counts", "blog", *arguments)
    return capsys.readouterr().out


def test_counts_are_exported_with_names_instead_of_numbers(stored, pixel, capsys):
    rows = [json.loads(line) for line in exported_counts(capsys).splitlines()]

    assert len(rows) == DailyCount.objects.count()
    assert [list(row) for row in rows] == [COUNT_FIELDS] * len(rows)
    day = {"date": "2026-11-22", "dimension": "total", "value": None}
    mine = {"pixel": "Hello", "token": pixel.token}
    assert day | mine | {"platform": "medium", "hits": 1, "visitors": 1} in rows
    whole = {"pixel": None, "token": None}
    assert day | whole | {"platform": "medium", "hits": 1, "visitors": 1} in rows
    assert {**day, **whole, "platform": "medium", "dimension": "country", "value": "DE", "hits": 1, "visitors": 1} in [
        row | {"platform": "medium"} for row in rows if row["platform"] is None
    ]
    assert [row["value"] for row in rows if row["dimension"] == "pixel"] == [pixel.token]


def test_counts_are_exported_as_csv_with_formulas_neutralised(take, pixel, capsys):
    Pixel.objects.update(title="=1+1")
    take(hit(pixel, page="https://example.org/"))
    table = csv.DictReader(io.StringIO(exported_counts(capsys, "--format", "csv").removeprefix(BYTE_ORDER_MARK)))
    titles = [row["pixel"] for row in table]

    assert table.fieldnames == COUNT_FIELDS
    assert len(titles) == DailyCount.objects.count()
    assert set(titles) == {"", "'=1+1"}


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        ([], {"2026-11-22", "2026-11-23"}),
        (["--since", "2026-11-23"], {"2026-11-23"}),
        (["--until", "2026-11-23"], {"2026-11-22"}),
        (["--since", "2026-11-23", "--until", "2026-11-23"], set()),
    ],
)
def test_counts_are_exported_by_days_in_the_projects_time_zone(stored, capsys, arguments, days):
    assert {json.loads(line)["date"] for line in exported_counts(capsys, *arguments).splitlines()} == days


def test_the_error_for_an_invalid_day_shows_the_format(project):
    with pytest.raises(CommandError, match="is not a day; write it like 2026-11-22"):
        call_command("export_counts", "blog", "--until", "2026-11-31")


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_text_that_begins_like_a_formula_is_neutralised(value):
    assert spreadsheet_cell(value) == f"'{value}"


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (-1, "-1"), (0.5, "0.5"), ("a=1", "a=1"), ("", ""), ({"a": 1}, '{"a": 1}')]
)
def test_other_cells_stay_as_they_are(value, cell):
    assert spreadsheet_cell(value) == cell


@pytest.mark.parametrize("command", ["export_hits", "export_counts", "rebuild_counts"])
def test_the_error_for_an_unknown_project_lists_existing_ones(project, command):
    with pytest.raises(CommandError, match=r"There is no project “blgo”. Choose one of: blog\."):
        call_command(command, "blgo")


def test_the_error_for_an_invalid_time_shows_the_format(project):
    with pytest.raises(CommandError, match="write it like 2026-11-22"):
        call_command("export_hits", "blog", "--since", "yesterday")


def test_drain_once_empties_the_spool(settings, tmp_path, pixel, capsys):
    settings.SPOOL_DIR = tmp_path / "spool"
    spool(settings.SPOOL_DIR, [hit(pixel), hit(pixel)])

    call_command("drain", "--once")

    assert capsys.readouterr().out == "Drained 2 lines.\n"
    assert Hit.objects.count() == 2


def test_drain_once_ends_although_hits_go_on_coming(settings, tmp_path, pixel, capsys, monkeypatch):
    settings.SPOOL_DIR = tmp_path / "spool"
    store_one_batch, batches = Drain.drain_once, iter(range(5))
    later = SpoolWriter(settings.SPOOL_DIR)
    later.append(hit(pixel).to_line())
    spool(settings.SPOOL_DIR, [hit(pixel)])

    def drain_once(drain):
        next(batches)
        stored = store_one_batch(drain)
        later.append(hit(pixel).to_line())
        return stored

    monkeypatch.setattr(Drain, "drain_once", drain_once)
    call_command("drain", "--once")
    later.close()

    assert capsys.readouterr().out == "Drained 2 lines.\n"
    assert Hit.objects.count() == 2


def test_a_second_drain_is_refused_with_the_reason(settings, tmp_path, db):
    settings.SPOOL_DIR = tmp_path / "spool"
    with exclusive(settings.SPOOL_DIR), pytest.raises(CommandError, match="Another drain already works on"):
        call_command("drain", "--once")


def test_rebuild_prints_how_many_hits_it_counted(stored, capsys):
    DailyCount.objects.all().delete()

    call_command("rebuild_counts")

    assert capsys.readouterr().out == "blog: counted 3 hits.\n"
    assert DailyCount.objects.filter(dimension=Dimension.TOTAL, pixel_id=WHOLE_PROJECT).count() == 1


def test_demo_data_has_the_requested_size_and_its_counts_match_its_hits(db, capsys):
    call_command("seed_demo", hits=3000, days=10, pixels=4, installations=50)

    project = Project.objects.get(slug="demo")
    assert Hit.objects.filter(project=project).count() == 3000
    assert Pixel.objects.filter(project=project).exclude(kind=Kind.APP).count() == 4
    assert "100%" in capsys.readouterr().err
    running = sorted(DailyCount.objects.values_list())
    call_command("rebuild_counts", "demo")
    assert sorted(DailyCount.objects.values_list()) == running
    assert {row.traffic for row in Hit.objects.all()} == {0, 1, 2}
    for pixel in Pixel.objects.filter(project=project):
        pixel.full_clean()  # the admin's form would not save it otherwise


def test_the_demo_program_reports_only_what_a_server_accepts(db):
    call_command("seed_demo", hits=10, days=40, pixels=1, installations=80)

    declaration = Declaration.objects.get()
    program = read_declaration(declaration.text)
    for report in Report.objects.order_by("date"):
        body = f'{{"v":1,"schema":"{program.schema}","reports":[{report.body}]}}'.encode()
        checked = check(body, program, report.date)
        assert checked.rejections == []
        assert len(checked.reports) == 1
    assert Report.objects.count() > 300
    assert set(ReportCount.objects.values_list("dimension", flat=True)) >= {
        ReportDimension.ACTIVE, ReportDimension.UPGRADE, ReportDimension.COHORT, ReportDimension.BUCKET
    }  # fmt: skip
    assert PublishedWeek.objects.filter(pixel=declaration.pixel).exists()


def test_demo_data_without_installations_has_no_program(db):
    call_command("seed_demo", hits=10, days=3, pixels=1, installations=0)
    assert not Pixel.objects.filter(kind=Kind.APP).exists()
    assert not Report.objects.exists()


def test_demo_data_is_never_added_to_an_existing_project(project):
    with pytest.raises(CommandError, match="Project “blog” already exists"):
        call_command("seed_demo", project="blog", hits=10)
    assert not Hit.objects.exists()


@pytest.mark.parametrize(
    "arguments", [["--hits", "0"], ["--days", "x"], ["--pixels", "-1"], ["--timezone", "Mars/Base"]]
)
def test_invalid_arguments_for_demo_data_are_refused_before_anything_is_created(db, arguments):
    with pytest.raises(CommandError):
        call_command("seed_demo", *arguments)
    assert not Project.objects.exists()
