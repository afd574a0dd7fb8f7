"""The list of a project's own addresses, with the one that the user has now beside it."""

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from collector.classify.private_hosts import is_private_host
from collector.intake.clients import address_of, is_private


class OwnAddresses(forms.Textarea):
    """One address or network per line. `current` is the user's own: a button adds it, and without scripts they can."""

    current = ""

    class Media:
        js = ("js/own_address.js",)

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"})

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        textarea = super().render(name, value, attrs, renderer)
        if not self.current:
            return textarea
        beside = {"textarea_id": (attrs or {}).get("id", ""), "address": self.current}
        return textarea + render_to_string("admin/collector/project/current_address.html", beside)


def current_network(request: HttpRequest) -> str:
    """Return what a user would write to leave out their own hits: their address, for IPv6 their /64 network.

    Within it, a computer changes its address every day (RFC 8981). Empty where the address can't be theirs: a server on
    the internet that sees a private one sees that of its own proxy, and would leave out everybody.
    """
    address = address_of(request)
    if not address or (is_private(address) and not is_private_host(urlsplit(settings.PUBLIC_URL).netloc)):
        return ""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address
