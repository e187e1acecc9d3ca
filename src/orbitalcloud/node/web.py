"""HTTP by bundles: a request that travels as a letter, an answer that travels back, and what either may carry.

    client ──HTTP──► proxy ──Ask──► … bundles … ──► gateway ──HTTP──► origin
    client ◄──HTTP── proxy ◄─Reply─ … bundles … ◄── gateway ◄──HTTP── origin

Only headers that mean the same after an hour in between are carried, end to end (RFC 9110 7.6.1 names those that are
not); no cookies and no credentials, since a bundle's payload is open to every node on its way unless it is sealed.
GET and HEAD are safe (RFC 9110 9.2.1) and may be made twice when a gateway is killed; a POST is made at most once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from orbitalcloud.core import RemoteProtocolError

SERVICE = "web"
"""Where a gateway takes requests, unless it is told otherwise."""
ANSWERS = "web-"
"""How the service begins to which one answer goes; what comes too late is swept away (`post.PASSING`)."""

MAX_URL = 8192
MAX_HEADERS = 32
MAX_VALUE = 4096
MAX_ASK_BODY = 1 << 20
MAX_REPLY_BODY = 16 << 20
MAX_MESSAGE_BYTES = MAX_REPLY_BODY + (1 << 20)

ASK_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-type", "if-modified-since", "if-none-match", "range"}
    | {"user-agent"}
)
REPLY_HEADERS = frozenset(
    {"accept-ranges", "age", "allow", "cache-control", "date", "etag", "expires", "last-modified", "link", "location"}
    | {"retry-after", "vary"}
    | {f"content-{what}" for what in ("disposition", "encoding", "language", "location", "range", "type")}
)

Headers = Annotated[
    tuple[tuple[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=MAX_VALUE)]], ...],
    Meta(max_length=MAX_HEADERS),
]
Token = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
URL_FORM = re.compile(r"[\x21-\x7e]+")


class Ask(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="web-ask/1"):
    """A request; `token` is its name, which the answer repeats."""

    token: Token
    method: Literal["GET", "HEAD", "POST"]
    url: Annotated[str, Meta(max_length=MAX_URL)]
    headers: Headers = ()
    body: Annotated[bytes, Meta(max_length=MAX_ASK_BODY)] = b""
    most_bytes: Annotated[int, Meta(ge=0, le=MAX_REPLY_BODY)] = MAX_REPLY_BODY
    """The largest body that the client's side takes."""


class Reply(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="web-reply/1"):
    """An answer. `by_gateway`: the gateway says this itself, the origin was not asked or did not answer."""

    token: Token
    status: Annotated[int, Meta(ge=200, le=599)]
    headers: Headers = ()
    body: Annotated[bytes, Meta(max_length=MAX_REPLY_BODY)] = b""
    by_gateway: bool = False


Message = TypeVar("Message", Ask, Reply)

_asks: msgspec.msgpack.Decoder[Ask] = msgspec.msgpack.Decoder(Ask)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode_web(message: Ask | Reply) -> bytes:
    """A message's bytes."""
    return msgspec.msgpack.encode(message)


def read_ask(data: bytes) -> Ask:
    """Bytes from outside as a request; `RemoteProtocolError('web-ask')` if they are none."""
    found = _read(data, _asks, "web-ask")
    _check_headers(found.headers, ASK_HEADERS, "web-ask")
    if not URL_FORM.fullmatch(found.url):
        raise RemoteProtocolError("web-ask", "a URL has printable ASCII only")
    return found


def read_reply(data: bytes) -> Reply:
    """Bytes from outside as an answer; `RemoteProtocolError('web-reply')` if they are none."""
    found = _read(data, _replies, "web-reply")
    _check_headers(found.headers, REPLY_HEADERS, "web-reply")
    return found


def _read(data: bytes, decoder: msgspec.msgpack.Decoder[Message], check: str) -> Message:
    if len(data) > MAX_MESSAGE_BYTES:
        raise RemoteProtocolError(check, f"{len(data)} bytes")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError(check, str(error)) from None


def _check_headers(headers: Headers, allowed: frozenset[str], check: str) -> None:
    """No other names, and nothing in a value that begins another line (RFC 9110 5.5)."""
    for name, value in headers:
        if name not in allowed or not _VALUE.fullmatch(value):
            raise RemoteProtocolError(check, f"header {name!r}")


def carried(headers: Iterable[tuple[str, str]], allowed: frozenset[str]) -> Headers:
    """Those headers of a real message that are carried, names in lower case."""
    kept = []
    for name, value in headers:
        plain = value.strip()
        if name.lower() in allowed and len(plain) <= MAX_VALUE and _VALUE.fullmatch(plain):
            kept.append((name.lower(), plain))
    return tuple(kept[:MAX_HEADERS])
