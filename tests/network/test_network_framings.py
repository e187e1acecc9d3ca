"""STCP and MTCP frame bundles as their peers do, take any pieces, hold no more than one bundle; the bucket holds."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.network.framings import encode_mtcp, encode_stcp, mtcp_decoder, stcp_decoder
from orbitalcloud.network.pacing import TokenBucket
from tcpcl_streams import T0

KINDS = {"stcp": (encode_stcp, stcp_decoder, b"\0\0\0\0"), "mtcp": (encode_mtcp, mtcp_decoder, b"\x40")}


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.integers(0, 70_000).map(lambda size: bytes((size & 255,)) * size), max_size=5),
    st.integers(1, 80_000),
)
def test_bundles_are_read_back_whatever_the_pieces(kind, bundles, piece):
    frame, decoder, keepalive = KINDS[kind]
    stream = b"".join(frame(bundle) for bundle in bundles)
    made, got = decoder(1 << 20), []
    for at in range(0, len(stream), piece):
        got += made.feed(stream[at : at + piece])
        assert made.held_bytes <= 70_000 + 9
    assert got == [bundle for bundle in bundles if bundle]
    assert made.keepalives == bundles.count(b"")
    assert frame(b"") == keepalive


@given(st.binary(max_size=400))
def test_mtcp_is_what_cbor2_writes(bundle):
    assert encode_mtcp(bundle) == cbor2.dumps(bundle)


@pytest.mark.parametrize("head", ["43", "5803", "590003", "5a00000003", "5b0000000000000003"])
def test_mtcp_takes_every_width_of_length(head):
    """The framing is not the bundle: a peer that writes four bytes of length is understood."""
    assert mtcp_decoder(10).feed(bytes.fromhex(head) + b"abc") == [b"abc"]


def test_stcp_has_ions_layout():
    assert encode_stcp(b"abc") == b"\x00\x00\x00\x03abc"


@pytest.mark.parametrize(
    ("kind", "data", "check"),
    [
        ("stcp", "00000065", "oversize"),
        ("stcp", "ffffffff", "oversize"),
        ("mtcp", "5b7fffffffffffffff", "oversize"),
        ("mtcp", "5f4161ff", "mtcp-length"),
        ("mtcp", "5c", "mtcp-length"),
        ("mtcp", "9f", "mtcp-type"),
        ("mtcp", "00", "mtcp-type"),
    ],
)
def test_absurd_frames_are_refused_at_their_head(kind, data, check):
    frame, decoder, _ = KINDS[kind]
    made = decoder(100)
    assert made.feed(frame(b"good") + bytes.fromhex(data)) == [b"good"]
    assert made.fault is not None
    assert made.fault.check == check
    assert made.held_bytes == 0
    assert made.feed(frame(b"after")) == []


@given(st.sampled_from(sorted(KINDS)), st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_raise_nothing_and_fill_no_memory(kind, pieces):
    decoder = KINDS[kind][1](100)
    for piece in pieces:
        bundles = decoder.feed(piece)
        assert all(0 < len(bundle) <= 100 for bundle in bundles)
        assert decoder.held_bytes <= 109


@given(
    st.integers(8, 10**10),
    st.integers(1, 10**6),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 70_000)), max_size=40),
)
def test_no_more_leaves_than_the_rate_and_one_burst_allow(rate_bps, burst, steps):
    bucket, now, left, largest = TokenBucket(T0, rate_bps, burst), T0, 0, 0
    for wait, size in steps:
        now = Instant(now + wait)
        at = bucket.ready(now, size)
        assert bucket.take(now, size) == (at == now)
        if at > now:
            now = at
            assert bucket.take(now, size), "what is ready then may leave then"
        left += size
        largest = max(largest, size)
        assert left <= burst + largest + (now - T0) * rate_bps / (8 * SECOND) + 1


def test_a_full_bucket_lets_a_burst_through_and_then_the_rate():
    bucket = TokenBucket(T0, 8000, 1000)  # a kilobyte a second
    assert bucket.take(T0, 600)
    assert not bucket.take(T0, 600)
    assert bucket.ready(T0, 600) == T0 + SECOND // 5
    assert bucket.take(Instant(T0 + SECOND // 5), 600)
    assert bucket.ready(Instant(T0 + SECOND // 5), 1000) == T0 + SECOND // 5 + SECOND
