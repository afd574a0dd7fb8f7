import pytest
from django.db import OperationalError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_health_check_is_answered_for_any_host(client, path):
    response = client.get(path, headers={"host": "10.1.2.3:8000"})

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readiness_fails_while_the_database_is_down(client, monkeypatch):
    def away(*args):
        raise OperationalError("no connection")

    monkeypatch.setattr("collector.intake.health.connection.cursor", away)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"the database can't be reached\n")
