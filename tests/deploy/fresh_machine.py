"""Follow docs/deployment.md on a fresh machine, word for word, until it serves over TLS.

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
DOCUMENT = ROOT / "docs" / "deployment.md"
ADDRESS = "https://localhost"
MAX_SECONDS = 600
FRESH = """FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv ca-certificates curl procps
"""
AT_TOP = "cd /opt/footfall\n"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# In place of certbot, which asks an authority on the internet.
OWN_CA = """mkdir -p /etc/letsencrypt/live/localhost && cd /etc/letsencrypt/live/localhost
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=CA -keyout ca.key -out /root/ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout privkey.pem -out request.pem 2>/dev/null
printf 'subjectAltName=DNS:localhost' > names
openssl x509 -req -in request.pem -CA /root/ca.pem -CAkey ca.key -days 2 -extfile names -out fullchain.pem"""


class StepError(Exception):
    """A step of the document, or a check after it, did not work."""


def blocks(document: str, heading: str) -> list[str]:
    """Return the shell commands below a heading of the second level, a string for each block."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    if section is None:
        raise StepError(f'docs/deployment.md has no section "{heading}".')
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


def replaced(text: str, replacements: dict[str, str]) -> str:
    """Replace parts of the document's commands. Each must be there: else this script no longer follows the document."""
    for old, new in replacements.items():
        if old not in text:
            raise StepError(f"docs/deployment.md no longer says: {old}")
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
    """One way to deploy: its steps, how to run a management command, and how to restart what."""

    steps: Sequence[tuple[str, str]]
    manage: str
    restart_web: str
    restart_all: str
    ca: str


def systemd_form(proxy: str, database: str) -> Form:
    document = DOCUMENT.read_text("utf-8")
    install, postgresql = blocks(document, "systemd")
    by_caddy, by_nginx = blocks(document, "TLS")
    install = replaced(install, {"NAME=hits.example.org": "NAME=localhost", "REPOSITORY": "/checkout"})
    steps = [("install", install)]
    if database == "postgresql":
        steps.append(("PostgreSQL", "apt-get install -y postgresql openssl\n" + postgresql))
    if proxy == "caddy":
        steps.append(("Caddy", AT_TOP + replaced(by_caddy, {"NAME=hits.example.org": "NAME=localhost"})))
        ca = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
    else:
        certbot = next(line for line in by_nginx.splitlines() if line.startswith("certbot "))
        own_ca = {"NAME=hits.example.org": "NAME=localhost", certbot: f"({OWN_CA})", "nginx certbot": "nginx openssl"}
        steps.append(("nginx", AT_TOP + replaced(by_nginx, own_ca)))
        ca = "/root/ca.pem"
    steps.append(("backup", "systemctl start footfall-backup && ls -l /var/backups/footfall/footfall-*.tar"))
    return Form(steps, "footfall", "systemctl restart footfall-web", "systemctl restart footfall.target", ca)


def containers_form(engine: str) -> Form:
    start, _one_container = blocks(DOCUMENT.read_text("utf-8"), "Containers")
    compose = f"{engine} compose --file deploy/compose.yaml --profile tls"
    start = replaced(start, {"https://hits.example.org": ADDRESS, "docker compose": f"{engine} compose"})
    copy_ca = f"{compose} cp caddy:/data/caddy/pki/authorities/local/root.crt ca.crt"
    steps = [
        ("start", start),
        ("CA", f"for attempt in $(seq 60); do {copy_ca} && break; sleep 1; done"),
        ("backup", f"{compose} exec -T web python manage.py backup /data/footfall.tar"),
    ]  # fmt: skip
    return Form(
        steps, f"{compose} exec -T web python manage.py", f"{compose} restart web", f"{compose} restart", "ca.crt"
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
    exported = f"{form.manage} export_hits blog | wc -l"
    machine.eventually(exported, "1")
    told("counted a reading")
    for command in (form.restart_web, form.restart_all):
        before = int(machine.run(exported))
        script = f"({command}) > restart.log 2>&1 & for n in $(seq 40); do {pixel} || echo lost; sleep 0.2; done; wait"
        answers = machine.run(script).split("\n")
        kept = sum(answer.startswith("200 ") for answer in answers)
        if kept != 40:
            raise StepError(
                f"{command}: {40 - kept} of 40 readings were not answered:\n" + "\n".join(sorted(set(answers)))
            )
        machine.eventually(f"test $({exported}) = {before + kept} && echo stored", "stored")
        told(f"{command}: {kept} readings meanwhile, all stored")
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

    with tempfile.TemporaryDirectory(prefix="") as name:
        scratch = Path(name)
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


if __name__ == "__main__":
    main()
