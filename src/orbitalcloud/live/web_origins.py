"""Where a gateway may go: origins that a person has written down, and what a URL means, which is one thing or none."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.node.web import MAX_URL, URL_FORM


class Origin(msgspec.Struct, frozen=True):
    """A host and port of http:// (RFC 6454 4), the host in lower case and without brackets."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """As people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def may_be_private(self) -> bool:
        """Whether whoever allowed it meant an address of this machine or its network, by writing it down as one.

        A name that somebody else's DNS points there must not lead there (OWASP: server-side request forgery).
        """
        try:
            ip_address(self.host)
        except ValueError:
            return self.host == "localhost"
        return True


def origin_of(url: str) -> tuple[Origin, str]:
    """(origin, path with query) of a URL; `DataError` where it is none that can be fetched."""
    remedy = "write http://HOST[:PORT]/PATH; https needs the client's own connection: use the emulation's links for it"
    try:
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
        plain = parts.scheme == "http" and parts.hostname and parts.username is None and parts.password is None
        if not plain or not 0 < port < 65536 or not URL_FORM.fullmatch(url) or len(url) > MAX_URL:
            raise ValueError
    except ValueError:
        raise DataError("URL", url, remedy) from None
    path = parts.path or "/"
    return Origin((parts.hostname or "").lower().rstrip("."), port), f"{path}?{parts.query}" if parts.query else path


def allowed_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """What the person allows; `DataError` for one that is more or less than an origin."""
    found = set()
    for text in texts:
        origin, path = origin_of(text)
        if path != "/":
            raise DataError("--allow", text, "an origin has no path: http://HOST:PORT")
        found.add(origin)
    if not found:
        raise DataError("--allow", "nothing", "name the origins that may be fetched from: http://127.0.0.1:8000")
    return frozenset(found)
