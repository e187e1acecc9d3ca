"""Requests and answers of the web proxy, as bundles bring them, and the URLs in them."""

from __future__ import annotations

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.live.web_origins import origin_of
from orbitalcloud.node.web import Ask, Reply, encode_web, read_ask, read_reply

_TOKEN = "0123456789abcdef" * 2


def corpus() -> dict[str, bytes]:
    """Two requests, two answers, and a URL."""
    return {
        "get": encode_web(Ask(_TOKEN, "GET", "http://example.org/a?b=c", (("accept", "text/html"),))),
        "post": encode_web(Ask(_TOKEN, "POST", "http://[::1]:8000/", (), b"a=1")),
        "page": encode_web(Reply(_TOKEN, 200, (("content-type", "text/html"), ("etag", '"x"')), b"<p>hallo")),
        "refusal": encode_web(Reply(_TOKEN, 403, (), b"no", True)),
        "url": b"http://user@localhost.:99999/%20?#f",
    }


def target(data: bytes) -> None:
    """What is taken is said again in the same words; what a URL means, its own text means too."""
    for read in (read_ask, read_reply):
        try:
            taken = read(data)  # type: ignore[operator]
        except RemoteProtocolError:
            continue
        assert read(encode_web(taken)) == taken  # type: ignore[operator]
        assert all("\n" not in value and "\r" not in value for _, value in taken.headers)
    try:
        origin, path = origin_of(data.decode("latin-1"))
    except DataError:
        return
    assert origin_of(origin.text) == (origin, "/")
    assert path.startswith("/"), path
