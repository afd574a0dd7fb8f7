"""Days that stand out on a program's page, what owners decide about them, and who may."""

from datetime import timedelta

import msgspec
import pytest
from django.contrib.admin.models import LogEntry

from collector.models import LeftOut, LeftOutCount, Membership, Report, ReportCount, Role, ShareLink
from collector.storage.spikes import mark_spikes
from tests.dashboard.conftest import NOON
from tests.dashboard.views.downloads import fetched
from tests.dashboard.views.page_reader import Tables, get, painted
from tests.dashboard.views.program_counts import PERSON, TODAY, Dimension, address, write
from tests.hits import drain
from tests.reports import report, spool_reports, spooled_report

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]
DAY = TODAY - timedelta(1)


@pytest.fixture
def owner(client, viewer):
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    client.force_login(viewer)
    return client


@pytest.fixture
def crowded(program, tmp_path):
    """A program that had 60 new installations yesterday, and a single one before."""
    write(program, (Dimension.ACTIVE, "", 40, 0, 1, 0, PERSON))
    spool(program, tmp_path, [report(number, DAY.isoformat(), version="9.9", os="windows") for number in range(60)])
    spool(program, tmp_path, [report(number, DAY.isoformat(), gap=32, version="2.4.1") for number in range(100, 105)])
    mark_spikes(program, NOON)
    return program


def spool(program, tmp_path, reports, *, is_excess=False):
    lines = [msgspec.structs.replace(spooled_report(program.token, one), is_excess=is_excess) for one in reports]
    spool_reports(tmp_path, lines)
    drain(tmp_path)


def decide(client, program, **fields):
    data = {"date": DAY.isoformat(), "what": "new", "decision": "leave-out", "reason": "It is a botnet."} | fields
    return client.post(f"{address(program)}decide/?range=7d", data)


def unusual(page: str) -> dict[str, list[str]]:
    return Tables(page).rows.get("unusual", {})


def test_an_owner_leaves_a_day_out_and_lets_it_count_again(owner, crowded):
    page = get(owner, address(crowded))
    before = Tables(page)
    assert before.figures["new"] == 60
    assert "stands out" in str(unusual(page).values())
    assert "System: Windows (100%)" in page
    assert "Decide whether they count" in page
    assert "New installations: stands out" in painted(page, "turnout")["marks"][-2]
    assert unusual(get(owner, f"{address(crowded)}?range=today")) == unusual(page)  # until somebody decides

    response = decide(owner, crowded)

    assert (response.status_code, response.url) == (302, f"{address(crowded)}?range=7d#unusual-title")
    page = get(owner, address(crowded))
    assert (Tables(page).figures["new"], Tables(page).figures["day"]) == (0, 0)
    assert Tables(page).figures["days_7"] == 5
    assert Tables(page).rows["versions"] == {"2.4.1 newest": ["5", "100%"]}
    assert [cells[-1] for cells in unusual(page).values()] == ["left out"]  # the system does not stand out any more
    assert "It is a botnet." in page
    assert "Decide whether" not in page
    assert not unusual(get(owner, f"{address(crowded)}?range=today"))
    assert "60" in fetched(owner, f"{address(crowded)}export/unusual.csv").decode()
    assert LogEntry.objects.count() == 1

    decide(owner, crowded, decision="count", reason="It was a lecture.")
    page = get(owner, address(crowded))
    after = Tables(page)
    assert (after.figures, after.rows["versions"]) == (before.figures, before.rows["versions"])
    assert "It was a lecture." in page
    assert Report.objects.count() == 65


def test_what_one_network_sent_too_much_is_shown_and_can_count(owner, program, tmp_path):
    write(program, (Dimension.ACTIVE, "", 0, 1, 1, 0, PERSON))
    spool(program, tmp_path, [report(number, DAY.isoformat()) for number in range(7)], is_excess=True)
    page = get(owner, f"{address(program)}?range=all")  # it begins with the first day that counts, a day later
    assert Tables(page).figures["new"] == 0
    [(label, cells)] = unusual(page).items()
    assert "Over the limit of a network" in label
    assert (cells[0], cells[-1]) == ("7", "left out")

    decide(owner, program, what="excess", decision="count", reason="A university.")
    assert Tables(get(owner, address(program))).figures["new"] == 7
    decide(owner, program, what="excess", decision="leave-out", reason="It was none.")
    assert Tables(get(owner, address(program))).figures["new"] == 0


def test_an_owner_names_what_does_not_stand_out_by_itself(owner, crowded):
    decide(owner, crowded, what="", field="os", value="Linux", reason="Our own tests.")
    page = get(owner, address(crowded))
    assert Tables(page).figures["days_7"] == 60
    assert "left out" in [cells[-1] for cells in unusual(page).values()]
    assert decide(owner, crowded, what="", field="os", value="").status_code == 400


def test_a_reason_that_would_turn_the_name_beside_it_around_is_refused(owner, crowded):
    response = decide(owner, crowded, reason="Made up \u202e")
    assert (response.status_code, "one line of plain text" in response.content.decode()) == (400, True)
    assert not LeftOut.objects.filter(reason__startswith="Made up").exists()


def test_a_decision_stays_when_its_user_is_deleted(owner, viewer, crowded):
    decide(owner, crowded)
    LogEntry.objects.all().delete()
    viewer.delete()
    assert LeftOut.objects.get(what="new").decided_by is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_others_see_what_stands_out_but_decide_nothing(client, viewer, crowded, role):
    Membership.objects.filter(user=viewer).update(role=role)
    client.force_login(viewer)
    page = get(client, address(crowded))
    assert unusual(page)
    assert "decide/" not in page
    assert "Decide" not in page
    assert decide(client, crowded).status_code == 404
    assert not LeftOut.objects.exclude(decided_at=None).exists()


def test_a_get_or_a_wrong_form_changes_nothing(owner, crowded):
    assert owner.get(f"{address(crowded)}decide/").status_code == 405
    wrong = [{"reason": " "}, {"what": "day=1"}, {"what": "new=1"}, {"date": "x"}, {"decision": "x"}, {"what": "os="}]
    assert [decide(owner, crowded, **fields).status_code for fields in wrong] == [400] * len(wrong)
    for fields in ({"date": "2026-01-01"}, {"date": "2026-11-23"}, {"date": "2026-11-20", "decision": "count"}):
        response = decide(owner, crowded, **fields)
        assert (response.status_code, "last 35 days" in response.content.decode()) == (400, True)
    assert not LogEntry.objects.exists()
    assert not LeftOut.objects.exclude(decided_at=None).exists()


def test_a_shared_page_does_not_name_who_decided_and_why(owner, client, crowded, project):
    decide(owner, crowded)
    link = ShareLink.objects.create(project=project, pixel=crowded, key="k" * 20, shows=["actives"])
    client.logout()
    page = get(client, f"/share/{link.key}/")
    assert "botnet" not in page
    assert Tables(page).figures["new"] == 0


def test_a_decision_can_be_undone_after_the_raw_reports_are_deleted(owner, program):
    day = TODAY - timedelta(60)
    write(program, (Dimension.ACTIVE, "", 60, 0, 3, 0, PERSON))
    of_day = {"project": program.project, "pixel": program, "what": "new"}
    LeftOut.objects.create(**of_day, date=day, decided_at=NOON)
    cell = {"dimension": Dimension.ACTIVE, "date": day, "driver": PERSON, "value": "", "gap": 0}
    LeftOutCount.objects.create(**of_day, day=day, reports=9, **cell)

    def installations() -> int:
        series = painted(get(owner, f"{address(program)}?range=90d"), "turnout")["series"]
        return sum(sum(one["values"]) for one in series)

    assert installations() == 3
    decide(owner, program, date=day.isoformat(), decision="count")
    assert installations() == 12
    decide(owner, program, date=day.isoformat())
    assert [count.reports for count in ReportCount.objects.all()] == [3]
