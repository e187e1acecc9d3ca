"""HTTP by bundles: what is carried, what is refused, and where a gateway goes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.node.web import (
    ASK_HEADERS,
    MAX_HEADERS,
    REPLY_HEADERS,
    Ask,
    Reply,
    carried,
    encode_web,
    read_ask,
    read_reply,
)

TOKEN = "0123456789abcdef" * 2
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.lists(st.tuples(st.sampled_from(sorted(ASK_HEADERS)), VALUES), max_size=MAX_HEADERS),
    st.binary(max_size=100),
)
def test_a_request_and_an_answer_arrive_as_they_were_sent(method, headers, body):
    ask = Ask(TOKEN, method, "http://a/b", tuple(headers), body)
    assert read_ask(encode_web(ask)) == ask
    reply = Reply(TOKEN, 200, (("etag", "x"),), body)
    assert read_reply(encode_web(reply)) == reply


@pytest.mark.parametrize(
    "change",
    [
        {"headers": (("cookie", "a=b"),)},
        {"headers": (("accept", "a\r\nx: y"),)},
        {"headers": (("accept", "a"),) * (MAX_HEADERS + 1)},
        {"method": "DELETE"},
        {"url": "http://a/b c"},
        {"url": "http://a/\r\nx: y"},
        {"token": "short"},
        {"most_bytes": 1 << 40},
        {"body": bytes((1 << 20) + 1)},
    ],
)
def test_a_request_with_more_than_may_be_carried_is_refused(change):
    with pytest.raises(RemoteProtocolError, match="web-ask"):
        read_ask(encode_web(msgspec.structs.replace(Ask(TOKEN, "GET", "http://a/"), **change)))


@given(st.binary(max_size=200))
def test_noise_is_refused_by_name(data):
    for read, check in ((read_ask, "web-ask"), (read_reply, "web-reply")):
        with pytest.raises(RemoteProtocolError, match=check):
            read(data)


def test_only_headers_that_keep_are_carried():
    given_headers = [("Accept", " text/html "), ("Cookie", "a"), ("Authorization", "b"), ("Connection", "close")]
    assert carried(given_headers, ASK_HEADERS) == (("accept", "text/html"),)
    assert carried([("Set-Cookie", "a"), ("ETag", '"x"'), ("Location", "/a\nb")], REPLY_HEADERS) == (("etag", '"x"'),)
    assert len(carried([("Accept", "a")] * 100, ASK_HEADERS)) == MAX_HEADERS
