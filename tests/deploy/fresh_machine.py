"""Follow docs/deployment.md on a fresh machine, word for word, until it serves over TLS; then back up and restore it.

    python tests/deploy/fresh_machine.py systemd --proxy caddy
    python tests/deploy/fresh_machine.py systemd --proxy nginx
    python tests/deploy/fresh_machine.py containers

The fresh machine is a Debian in a container, with systemd as its first process and nothing else installed. `containers`
follows the document on this machine, in a copy of the checkout. Both need Docker or Podman, access to packages, and
the ports 80, 443 and 8000. The name is `localhost`: Caddy signs its certificate with a CA of its own, and before nginx
the script puts a CA of its own in place of certbot. What belongs to the checkout is taken from its last commit.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = ROOT / "docs" / "deployment.md"
OPERATIONS = ROOT / "docs" / "operations.md"
ADDRESS = "https://localhost"
MAX_SECONDS = 600
FRESH = """FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv ca-certificates curl procps
"""
READINGS = 40  # while services restart
EMPTY_DATABASE = (
    "runuser -u postgres -- dropdb --force footfall; runuser -u postgres -- createdb --owner footfall footfall"
)
AT_TOP = "cd /opt/footfall\n"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# In place of certbot, which asks an authority on the internet.
OWN_CA = """mkdir -p /etc/letsencrypt/live/localhost && cd /etc/letsencrypt/live/localhost
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=CA -keyout ca.key -out /etc/ssl/own-ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout privkey.pem -out request.pem 2>/dev/null
printf 'subjectAltName=DNS:localhost' > names
openssl x509 -req -in request.pem -CA /etc/ssl/own-ca.pem -CAkey ca.key -days 2 -extfile names -out fullchain.pem"""


class StepError(Exception):
    """A step of the document, or a check after it, did not work."""


def blocks(document: Path, heading: str) -> list[str]:
    """Return the shell commands below a heading, a string for each block."""
    text = document.read_text("utf-8")
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        raise StepError(f'{document.name} has no section "{heading}".')
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


def replaced(text: str, replacements: dict[str, str]) -> str:
    """Replace parts of a document's commands. Each must be there: else this script no longer follows the document."""
    for old, new in replacements.items():
        if old not in text:
            raise StepError(f"The documents no longer say: {old}")
        text = text.replace(old, new)
    return text


class Machine(NamedTuple):
    """Where commands run. `prefix` is what stands before a shell, such as `podman exec NAME`."""

    prefix: tuple[str, ...]
    directory: str

    def run(self, script: str, *, checked: bool = True) -> str:
        """Run shell commands and return what they print. Raise `StepError`, with the last lines, if one fails."""
        done = subprocess.run(
            [*self.prefix, "bash", "-c", f"set -euo pipefail; cd {shlex.quote(self.directory)}; {script}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if checked and done.returncode:
            raise StepError("\n".join([script.strip(), *done.stdout.splitlines()[-15:]]))
        return done.stdout

    def eventually(self, script: str, words: str, seconds: float = 60) -> str:
        """Run commands until they print these words, and return what they print."""
        deadline = time.monotonic() + seconds
        while words not in (printed := self.run(script, checked=False)):
            if time.monotonic() > deadline:
                raise StepError(f"{script}\ndid not print {words!r} within {seconds:.0f} s, but:\n{printed}")
            time.sleep(0.5)
        return printed


class Form(NamedTuple):
    """One way to deploy: its steps, how to run a management command, to restart, to back up and to restore."""

    steps: Sequence[tuple[str, str]]
    manage: str
    restarts: Sequence[str]
    backup: str
    lose_and_restore: str
    ca: str


def systemd_form(proxy: str, database: str) -> Form:
    install, postgresql = blocks(DEPLOYMENT, "systemd")
    by_caddy, by_nginx = blocks(DEPLOYMENT, "TLS")
    named = {"NAME=hits.example.org": "NAME=localhost"}
    steps = [("install", replaced(install, {**named, "REPOSITORY": "/checkout"}))]
    _by_hand, _by_compose, restore = blocks(OPERATIONS, "Restore")
    restore = replaced(restore, {"footfall-Mon.tar": "footfall-*.tar"})
    if database == "postgresql":
        steps.append(("PostgreSQL", "apt-get install -y postgresql openssl\n" + postgresql))
        restore = replaced(restore, {"footfall restore": f"{EMPTY_DATABASE}\nfootfall restore"})
    if proxy == "caddy":
        steps.append(("Caddy", AT_TOP + replaced(by_caddy, named)))
        ca = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
    else:
        certbot = next(line for line in by_nginx.splitlines() if line.startswith("certbot "))
        own_ca = {certbot: f"({OWN_CA})", "nginx certbot": "nginx openssl"}
        steps.append(("nginx", AT_TOP + replaced(by_nginx, named | own_ca)))
        ca = "/etc/ssl/own-ca.pem"
    restarts = [
        f"systemctl restart {units}" for units in ("footfall-web", "footfall-prepare footfall-web footfall-drain")
    ]
    return Form(steps, "footfall", restarts, "systemctl start footfall-backup", restore, ca)


def containers_form(engine: str) -> Form:
    start, _one_container = blocks(DEPLOYMENT, "Containers")
    _by_hand, backup = blocks(OPERATIONS, "Back up")
    _by_hand, restore, _by_systemd = blocks(OPERATIONS, "Restore")
    by_engine = {"docker compose": f"{engine} compose"}
    compose = f"{engine} compose --file deploy/compose.yaml"
    with_proxy = f"{compose} --profile tls"
    ca = f"{compose} cp caddy:/data/caddy/pki/authorities/local/root.crt ca.crt"
    copy_ca = f"for attempt in $(seq 60); do {ca} && break; sleep 1; done"
    lose = f"{with_proxy} down --volumes"
    return Form(
        [("start", replaced(start, {"https://hits.example.org": ADDRESS, **by_engine})), ("CA", copy_ca)],
        f"{compose} exec -T web python manage.py",
        [f"{compose} restart {services}" for services in ("web", "db web drain")],
        replaced(backup, by_engine),
        "\n".join([lose, replaced(restore, by_engine), f"{with_proxy} up --detach", copy_ca]),
        "ca.crt",
    )


def check(machine: Machine, form: Form, told: Callable[[str], None]) -> None:
    """See that it serves over TLS, counts a reading, checks itself, and loses nothing while it restarts."""
    curl = f"curl --silent --show-error --cacert {form.ca}"
    machine.eventually(f"{curl} {ADDRESS}/readyz", "ok")
    told("serves over TLS")
    printed = machine.run(f"{form.manage} create_pixel blog Hello --json")
    token = re.search(r'"token": "([^"]+)"', printed)
    if token is None:
        raise StepError(f"create_pixel printed no token:\n{printed}")
    told_by_curl = r"%{http_code} %header{x-telemetry}\n"
    pixel = f"{curl} -A '{BROWSER}' -o /dev/null -w '{told_by_curl}' {ADDRESS}/p/{token[1]}.gif"
    first = machine.run(pixel).strip()
    if first != "200 counted":
        raise StepError(f"the pixel answered {first!r}")
    kept = 1

    def see_all_stored(what: str) -> None:
        stored = f'test "$({form.manage} export_hits blog | wc -l)" = {kept} && echo stored'
        machine.eventually(stored, "stored")
        told(f"{what}: all of {kept} readings are stored")

    see_all_stored("a first reading")
    for command in form.restarts:
        script = (
            f"({command}) > /dev/null 2>&1 & for n in $(seq {READINGS}); do {pixel} || echo lost; sleep 0.2; done; wait"
        )
        answers = [line for line in machine.run(script).splitlines() if line]
        answered = sum(line.startswith("200 ") for line in answers)
        if answered != READINGS:
            raise StepError("\n".join([f"{command}: {answered} of {READINGS} were answered:", *sorted(set(answers))]))
        kept += answered
        see_all_stored(f"{command}, and {READINGS} readings meanwhile")
    machine.run(form.backup)
    told("backup")
    machine.run(form.lose_and_restore)
    machine.eventually(f"{curl} {ADDRESS}/readyz", "ok")
    see_all_stored("restored")
    print(machine.run(f"{form.manage} doctor", checked=False))


def fresh_machine(engine: str, base: str, options: Sequence[str], scratch: Path) -> Machine:
    """Start a Debian with systemd in a container, with a clone of the checkout at /checkout."""
    (scratch / "Dockerfile").write_text(FRESH.format(base=base))
    build = [engine, "build", "--tag", "footfall-fresh-machine", str(scratch)]
    clone = ["git", "clone", "--quiet", "--bare", str(ROOT), str(scratch / "checkout")]
    name = f"footfall-fresh-{scratch.name}"
    systemd = ["--systemd=always"] if engine == "podman" else ["--tmpfs", "/run", "--cgroupns", "host"]
    run = [
        engine, "run", "--detach", "--rm", "--name", name, "--privileged", *systemd,
        "--volume", f"{scratch / 'checkout'}:/checkout:ro", *options, "footfall-fresh-machine", "/sbin/init",
    ]  # fmt: skip
    for command in (build, clone, run):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise StepError(f"{shlex.join(command)}\n{done.stderr.strip()[-2000:]}")
    machine = Machine((engine, "exec", name), "/root")
    machine.eventually("systemctl is-system-running", "running")
    machine.run(
        "git config --system safe.directory '*' 2>/dev/null || printf '[safe]\\n\\tdirectory = *\\n' > /etc/gitconfig"
    )
    return machine


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("form", choices=["systemd", "containers"])
    parser.add_argument("--proxy", choices=["caddy", "nginx"], default="caddy", help="with systemd")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite", help="with systemd")
    parser.add_argument("--engine", choices=["docker", "podman"], help="the first of both that is installed")
    parser.add_argument("--base", default="debian:trixie", help="the image of the fresh machine")
    parser.add_argument("--engine-options", default=[], type=shlex.split, help='for the fresh machine, "--volume …"')
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    arguments = parser.parse_args()
    arguments.engine = arguments.engine or next(filter(shutil.which, ["docker", "podman"]), None)
    if arguments.engine is None:
        parser.error("install Docker or Podman")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    started = time.monotonic()

    def told(what: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {what}", flush=True)

    scratch = Path(tempfile.mkdtemp(prefix="footfall-"))
    if arguments.form == "systemd":
        form = systemd_form(arguments.proxy, arguments.database)
        machine = fresh_machine(arguments.engine, arguments.base, arguments.engine_options, scratch)
        end = [arguments.engine, "kill", machine.prefix[-1]]
    else:
        form = containers_form(arguments.engine)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(scratch / "checkout")], check=True)
        machine = Machine((), str(scratch / "checkout"))
        compose = [arguments.engine, "compose", "--file", "deploy/compose.yaml", "--profile", "tls"]
        end = ["env", f"--chdir={machine.directory}", *compose, "down", "--volumes"]
    started = time.monotonic()
    try:
        for step, script in form.steps:
            machine.run(script)
            told(step)
        check(machine, form, told)
        if time.monotonic() - started > MAX_SECONDS:
            raise StepError(f"It took more than {MAX_SECONDS} s.")
    except StepError as failure:
        sys.exit(f"Failed: {failure}")
    finally:
        if not arguments.keep:
            subprocess.run(end, capture_output=True)
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
