"""`manage.py prepare` and `manage.py web`, for service managers that run the web server and the drain apart."""

import io
import shutil
import subprocess
import sys
from urllib.request import urlopen

import pytest
from django.core.management.base import CommandError, OutputWrapper

from collector.management import serving
from tests.server import PASSWORD, ROOT, START_SECONDS, database, environment, eventually, free_port


def manage(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60)


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def settings(tmp_path):
    with database(tmp_path) as url:
        yield environment(tmp_path, DATABASE_URL=url, TELEMETRY_ADMIN_PASSWORD=PASSWORD)


def test_prepare_and_web_do_together_what_up_does_and_web_stays_the_process_that_was_started(settings, tmp_path):
    first, second = manage(settings, "prepare"), manage(settings, "prepare")
    assert "Created the first administrator: admin" in first.stdout
    assert second.stdout == "The database and the static files are up to date.\n"
    assert (tmp_path / "static" / "staticfiles.json").exists()
    port = free_port()
    command = [sys.executable, "manage.py", "web", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=settings) as web:
        eventually(lambda: answers(port), START_SECONDS)
        assert "gunicorn" in subprocess.check_output(["ps", "-o", "args=", "-p", str(web.pid)], text=True)
        web.terminate()
        assert web.wait(20) == 0


@pytest.mark.one_database
def test_web_starts_without_its_database_and_takes_the_socket_on_which_systemd_listens(tmp_path):
    tool = shutil.which("systemd-socket-activate")
    if tool is None:
        pytest.skip("needs systemd-socket-activate, of systemd")
    settings = environment(tmp_path, DATABASE_URL="postgres://a:b@127.0.0.1:1/c")
    port = free_port()
    names = [f"--setenv={name}" for name in ("DATA_DIR", "ENV_FILE", "DATABASE_URL", "PATH", "DJANGO_SETTINGS_MODULE")]
    command = [tool, f"--listen=127.0.0.1:{port}", *names, sys.executable, "manage.py", "web", "--workers", "1"]
    # Nobody can listen on this address: with systemd's socket, `web` must not even try.
    with subprocess.Popen(
        [*command, "--host", "203.0.113.1"], cwd=ROOT, env=settings, stderr=subprocess.DEVNULL
    ) as web:
        eventually(lambda: answers(port), START_SECONDS)
        web.terminate()
        assert web.wait(20) == 0


@pytest.mark.django_db  # the lock under which the administrator is made
@pytest.mark.parametrize(("wait", "attempts"), [(0, 1), (60, 3)])
def test_prepare_waits_for_a_database_as_long_as_it_is_told(monkeypatch, wait, attempts):
    answers = iter(["refused", "refused", None])
    commands = []
    monkeypatch.setattr(serving, "_database_error", lambda: next(answers))
    monkeypatch.setattr(serving, "RETRY_SECONDS", 0)
    monkeypatch.setattr(serving, "call_command", lambda name, **options: commands.append(name))
    monkeypatch.setattr(serving, "_make_first_administrator", lambda stdout: None)
    if wait:
        serving.prepare(OutputWrapper(io.StringIO()), wait)
    else:
        with pytest.raises(CommandError, match="Start it, or correct DATABASE_URL"):
            serving.prepare(OutputWrapper(io.StringIO()), wait)
    assert len(list(answers)) == 3 - attempts
    assert commands == (["migrate", "collectstatic"] if wait else [])


@pytest.mark.one_database
def test_web_refuses_an_address_where_it_cannot_listen(settings):
    done = manage(settings, "web", "--host", "203.0.113.1")
    assert "choose another address with --host and --port" in done.stderr
