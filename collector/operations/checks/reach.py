"""Does PUBLIC_URL lead to this server, and what do proxies make of a request on its way?"""

import http.client
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from collector.addresses import address_warning
from collector.intake.self_check import server_id
from collector.operations.checks.finding import Finding, Situation, counted, ok, problem, warning
from collector.operations.checks.visit import Answer

FEW_DAYS = 14  # Let's Encrypt's certificates are renewed 30 days before they end
_ADD_ADDRESS = (
    "Let the proxy add the client's address (in nginx: “proxy_set_header X-Forwarded-For "
    "$proxy_add_x_forwarded_for;”), and set TRUSTED_PROXIES=1."
)
_RESTART = "Restart the server. If it runs with other settings than this command, run the command with those."


def public_url(situation: Situation) -> Finding:
    """Is PUBLIC_URL set, to an address that readers can reach and browsers load images from?"""
    if not settings.PUBLIC_URL:
        return warning("PUBLIC_URL is not set.", "Set it to the address that readers reach.")
    if text := address_warning(settings.PUBLIC_URL):
        sentence, _, remedy = text.partition(". ")
        return warning(f"{sentence}.", remedy)
    return ok(f"{settings.PUBLIC_URL}")


def reached(situation: Situation) -> Finding | None:
    """Does PUBLIC_URL lead to this server?"""
    visit = situation.visit()
    if visit.error:
        return _why_not(visit.error, situation.timeout_seconds)
    if visit.health is None:
        return None
    if visit.seen is None:
        return _who_else(visit.health)
    seen = visit.seen
    if not seen.is_host_allowed:
        return problem(
            f"The proxy passes on “{seen.host}” as the host, which the dashboard refuses (400).",
            "Pass on the host that the reader asked for: in nginx, “proxy_set_header Host $host;”.",
        )
    if seen.public_url != settings.PUBLIC_URL:
        return warning(f"The web server runs with another PUBLIC_URL ({seen.public_url or 'none'}).", _RESTART)
    if seen.server != server_id(settings.DATA_DIR):
        return warning(
            "Another machine with the same SECRET_KEY answered.",
            "Ignore this behind a load balancer. Otherwise, see which machine the address leads to.",
        )
    return ok(f"{settings.PUBLIC_URL} leads to this server.")


def pixels(situation: Situation) -> Finding | None:
    """Do pixels arrive at us, and do their answers leave the proxies as we sent them?"""
    answer = situation.visit().pixel
    if answer is None or situation.visit().seen is None:
        return None
    if answer.headers.get("x-telemetry") != "unknown-token":
        return problem(
            f"A pixel's address is not answered by Footfall (status {answer.status}).",
            "Let the proxy pass on all paths that begin with /p/, images too.",
        )
    if "no-store" not in answer.headers.get("cache-control", ""):
        return problem(
            "A proxy changes how long pixels may be cached, so repeated visits are not counted.",
            "Let the proxy or CDN leave the Cache-Control header as it is, and cache nothing below /p/.",
        )
    if "set-cookie" in answer.headers:
        return warning("A proxy adds a cookie to pixels.", "Switch its cookies off for paths below /p/.")
    return ok("Pixels are answered, and no proxy changes their headers.")


def certificate(situation: Situation) -> Finding | None:
    """Is the certificate of PUBLIC_URL still valid for a while?"""
    ends_at = situation.visit().certificate_ends_at
    if ends_at is None:
        return None
    days = int((ends_at - situation.now.timestamp()) // 86_400)
    day = datetime.fromtimestamp(ends_at, UTC).date()
    if days < FEW_DAYS:
        return warning(
            f"The TLS certificate ends in {counted(days, 'day')}, on {day}.",
            "See why it was not renewed: the log of the proxy or of certbot says it.",
        )
    return ok(f"The TLS certificate is valid until {day} ({counted(days, 'day')}).")


def proxies(situation: Situation) -> Finding | None:
    """Does the client's address arrive through the proxies, and can nobody forge it?"""
    seen = situation.visit().seen
    if seen is None:
        return None
    trusted, hops = seen.trusted_proxies, seen.hops
    if trusted != settings.TRUSTED_PROXIES:
        return warning(f"The web server still runs with TRUSTED_PROXIES={trusted}.", _RESTART)
    passed = "No proxy" if not hops else "1 proxy" if hops == 1 else f"{hops} proxies"
    passed += " added an address to X-Forwarded-For"
    set_it = f"Set TRUSTED_PROXIES={hops}"
    if seen.believes_forged:
        return problem(f"{passed}, but TRUSTED_PROXIES is {trusted}: clients can forge their address.", f"{set_it}.")
    if hops > trusted:
        return problem(f"{passed}, but TRUSTED_PROXIES is {trusted}: all readers look like one.", f"{set_it}.")
    if not hops and (trusted or settings.PUBLIC_URL.startswith("https:")):
        return problem(f"{passed}: all readers look like one.", _ADD_ADDRESS)
    if not seen.has_address:
        return problem(
            "X-Forwarded-For and Forwarded name different addresses, so no reader has a visitor or a country.",
            "Let the proxy remove the header that it does not write itself.",
        )
    if hops < trusted:
        return warning(
            f"{passed}, but TRUSTED_PROXIES is {trusted}.",
            f"{set_it}, unless readers come through a CDN that a request from this machine does not pass.",
        )
    return ok("No proxy is in front of the server." if not hops else f"{passed}, as TRUSTED_PROXIES says.")


def readers(situation: Situation) -> Finding | None:
    """Do the addresses of real readers look like those of a proxy?"""
    indistinct = situation.health().indistinct
    if indistinct is None:
        return None
    return problem(
        f"{indistinct.private:,} of the {indistinct.hits:,} hits of the last day came from a private address, "
        "so readers look like one.",
        "If a proxy is in front of Footfall, set TRUSTED_PROXIES to the number of proxies and restart.",
    )


def scheme(situation: Situation) -> Finding | None:
    """Does the web process know that readers use https?"""
    seen = situation.visit().seen
    if seen is None or not seen.trusted_proxies or not settings.PUBLIC_URL.startswith("https:") or seen.is_secure:
        return None
    return warning(
        "The proxy does not say that readers use https.",
        "Let it set X-Forwarded-Proto: in nginx, “proxy_set_header X-Forwarded-Proto $scheme;”.",
    )


def _why_not(error: OSError | http.client.HTTPException, timeout_seconds: float) -> Finding:
    """Explain why nothing came back from PUBLIC_URL."""
    parts = urlsplit(settings.PUBLIC_URL)
    host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    if isinstance(error, socket.gaierror):
        return problem(f"The name {host} has no address.", "Add an A or AAAA record for it, or correct PUBLIC_URL.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return problem(
            f"Browsers refuse the TLS certificate of {host}: {error.verify_message}.",
            "Get a certificate for this name, with all intermediate ones. If your own authority signed it, name its "
            "file in SSL_CERT_FILE for this command.",
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).replace("_", " ").lower()
        return problem(
            f"{host}, port {port}, does not speak TLS as browsers do ({reason}).",
            "Set up TLS in the proxy, or correct the scheme and the port in PUBLIC_URL.",
        )
    if isinstance(error, ConnectionRefusedError):
        return problem(f"Nothing listens on {host}, port {port}.", "Start the proxy, or correct PUBLIC_URL.")
    if isinstance(error, TimeoutError):
        return problem(
            f"{host}, port {port}, did not answer within {counted(int(timeout_seconds), 'second')}.",
            "Open the port in the firewall. If readers can reach it and only this machine can't, add the name with the "
            "proxy's inner address to /etc/hosts here.",
        )
    if isinstance(error, http.client.HTTPException):
        return problem(f"{host}, port {port}, does not speak HTTP ({type(error).__name__}).", "Correct PUBLIC_URL.")
    return problem(f"{host}, port {port}, can't be reached ({error.strerror or error}).", "Check network and firewall.")


def _who_else(answer: Answer) -> Finding:
    """Explain an answer that is not from this server."""
    path = urlsplit(settings.PUBLIC_URL).path
    if 300 <= answer.status < 400:
        return problem(
            f"{settings.PUBLIC_URL} redirects to {answer.headers.get('location', '')[:200]}.",
            "Set PUBLIC_URL to the address at the end of the redirects: programs and some image proxies follow none.",
        )
    if answer.status in {502, 503, 504}:
        return problem(
            f"The proxy answers, but Footfall does not ({answer.status}).",
            "Start the web server, and compare the proxy's upstream with --host and --port of “manage.py up”.",
        )
    if answer.status in {401, 403}:
        return problem(
            f"The proxy keeps readers out ({answer.status}).", "Let /p/ and /healthz pass without a password."
        )
    if answer.status == 200 and answer.body == "ok\n":
        return problem(
            "Another Footfall answers there, or one that runs with another SECRET_KEY.",
            "Run this command as the server's user and with its settings, or see where the address leads.",
        )
    return problem(
        f"Another server answers there (status {answer.status}).",
        f"See where the address leads. The proxy must pass on what lies below {path}/."
        if path
        else "See where the name and the proxy lead.",
    )
