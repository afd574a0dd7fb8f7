"""The visitor hash: address and user agent, keyed with the salt of the project's local date, different in each project.

Once a salt is deleted, nobody can tell which address a visitor had, or whether visitors of two days are the same.
"""

import hashlib


def visitor_of(address: str, agent: bytes, salt: bytes, project_id: int) -> int:
    """Return the visitor hash as a signed 64-bit number: BLAKE2b (RFC 7693), keyed with the date's salt.

    The project is the hash's personalisation (`person` in Python's hashlib). Without the salt, nobody can find out
    which visitors of two projects are the same reader.
    """
    digest = hashlib.blake2b(
        address.encode() + b"\0" + agent, key=salt, person=project_id.to_bytes(8, "big"), digest_size=8
    ).digest()
    return int.from_bytes(digest, "big", signed=True)
