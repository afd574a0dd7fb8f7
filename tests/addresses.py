"""In which forms the address of a client could be written, for tests that search for it."""

import base64
from ipaddress import IPv4Address, IPv6Address, ip_address


def forms_of(address: str) -> dict[str, bytes]:
    """Return what to search for, by a name of the form. All are in lower case, except what is in base64 or packed.

    The text is that of the network, which says almost as much. `packed` of IPv4 has only four bytes: in some megabytes
    of random bytes they may be by chance.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        forms = {f"mapped {name}": form for name, form in forms_of(str(parsed.ipv4_mapped)).items()}
        return forms | {"mapped packed": parsed.packed}
    texts = _texts(parsed)
    forms = {f"text {number}": text.encode() for number, text in enumerate(texts)}
    forms |= {f"text {number} in hex": text.encode().hex().encode() for number, text in enumerate(texts)}
    for shift in range(3):
        forms[f"text in base64, shifted by {shift}"] = _base64(texts[0].encode(), shift)
    forms["hex"] = parsed.packed.hex().encode()
    forms["base64"] = base64.b64encode(parsed.packed).rstrip(b"=")
    forms["number"] = str(int(parsed)).encode()
    return forms | {"packed": parsed.packed, "packed, reversed": parsed.packed[::-1]}


def _texts(address: IPv4Address | IPv6Address) -> list[str]:
    if isinstance(address, IPv4Address):
        return [str(address).rpartition(".")[0] + "."]
    short, long = (":".join(text.split(":")[:4]) for text in (str(address), address.exploded))
    return [short, long, long.replace(":", "")]


def _base64(text: bytes, shift: int) -> bytes:
    """Return the digits that a text has in base64 after `shift` other bytes, without those it shares with others."""
    digits = base64.b64encode(bytes(shift) + text)
    return digits[-(-shift * 4 // 3) : (shift + len(text)) * 4 // 3]


def found_in(content: bytes, address: str, *, with_short: bool = True) -> set[str]:
    """Return the forms in which a content has an address. Without `with_short`, four packed bytes are no evidence."""
    lower = content.lower()
    return {
        name
        for name, form in forms_of(address).items()
        if (len(form) > 4 or with_short) and (form in content or form in lower)
    }
