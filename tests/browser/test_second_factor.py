"""Passkeys and authenticator apps in a real browser, with Chromium's virtual authenticator (WebAuthn, section 11)."""

import re

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.app_codes import code
from tests.server import PASSWORD, Server

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

MAKE = """
from django.contrib.auth.models import User
for name in ("passkey", "app"):
    User.objects.create_user(name, password=%(password)r)
"""
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture(scope="module")
def address(server: Server) -> str:
    """Return where the server is: passkeys need a name, and on http only this one will do."""
    server.manage("shell", "-v0", "-c", MAKE % {"password": PASSWORD})
    return server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(chromium: Browser, address: str) -> Page:
    window = chromium.new_context(base_url=address)
    page = window.new_page()
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    window.close()
    assert problems == []


def log_in(page: Page, name: str) -> None:
    page.goto("/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page: Page) -> None:
    page.locator(".account summary").first.click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login/$"))


def add_passkey(page: Page) -> None:
    page.goto("/account/second-factor/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_text("Laptop", exact=True)).to_be_visible()


def verify_user(devices: CDPSession, device: str, is_verified: bool) -> None:
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": is_verified})


def test_a_passkey_is_added_confirms_logs_in_and_is_removed(page):
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    log_in(page, "passkey")
    add_passkey(page)

    # As the second step, after the password
    log_out(page)
    log_in(page, "passkey")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    # Without the password
    log_out(page)
    page.goto("/login/?next=/account/second-factor/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("Laptop", exact=True)).to_be_visible()

    # A device that does not know who holds it logs nobody in.
    log_out(page)
    verify_user(devices, device, is_verified=False)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    verify_user(devices, device, is_verified=True)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    page.goto("/account/confirm/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("Remove “Laptop”").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Laptop", exact=True)).to_be_hidden()
    log_out(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("That passkey doesn’t open an account here.")).to_be_visible()


def test_an_app_is_set_up_and_logs_in(page):
    log_in(page, "app")
    page.goto("/account/second-factor/")
    page.get_by_role("link", name="Set up").click()
    expect(page.get_by_role("img", name="QR code with the key")).to_be_visible()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 0
    secret = page.locator("main code").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code(secret, periods=-1))
    page.get_by_role("button", name="Continue").click()
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("button", name="Copy").click()

    log_out(page)
    log_in(page, "app")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    page.get_by_label("Code").fill(code(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    log_out(page)
    log_in(page, "app")
    page.get_by_label("Code").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
