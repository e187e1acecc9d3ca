"""Whatever a peer sends, an agent raises nothing, holds no more than its limits and says what was wrong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, Instant, RemoteProtocolError, Seed, records
from orbitalcloud.core.effects import Record, Send
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered, encode, making
from orbitalcloud.network.bundle import DELETE_UNPROCESSED, DISCARD_UNPROCESSED, Block
from orbitalcloud.network.convergence import (
    MISSING,
    REFUSED,
    TAKEN,
    Report,
    Segment,
    decode_frame,
    encode_reports,
    encode_segment,
    transfer_name,
)
from orbitalcloud.network.crc import crc32c
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.ranges import Pieces

T0 = Instant(1_774_008_000_000_000_000)
OUT = Contact("b", "a", T0, Instant(T0 + 1000 * SECOND), 1_000_000, "x")


def agent(limits: AgentLimits | None = None) -> BundleAgent:
    made = BundleAgent("b", ContactPlan([OUT]), limits)
    made.opened(T0, OUT)
    return made


def entries(outputs) -> list:
    return [output.entry for output in outputs if isinstance(output, Record)]


def answer(outputs) -> list[Report]:
    return [report for output in outputs if isinstance(output, Send) for report in decode_frame(output.frame)]


def bundle_to(node: str, payload: bytes = b"hello", lifetime_ms: int = 60_000, sequence: int = 0, now: Instant = T0):
    return making.make_bundle(endpoint(node, "x"), endpoint("a"), now, sequence, lifetime_ms, payload, 1, 30)


def whole_frame(bundle) -> bytes:
    wire = encode(bundle)
    return encode_segment(Segment(transfer_name(wire), len(wire), 0, wire, True))


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_are_recorded_not_raised(data, summed):
    """With a right frame CRC the fuzz reaches the decoders behind it."""
    frame = data + crc32c(data).to_bytes(4, "big") if summed else data
    outputs = agent().received(T0, "a", frame)
    if not isinstance(_content(frame), Segment | list):
        (refusal,) = entries(outputs)
        assert isinstance(refusal, records.FrameRefused)
        assert refusal.check


def _content(frame: bytes):
    try:
        return decode_frame(frame)
    except RemoteProtocolError:
        return None


@given(
    st.lists(
        st.builds(
            lambda name, total, at, data, last: Segment(
                name * 12, total, min(at, total - 1), data[: total - min(at, total - 1)] or b"x", last
            ),
            st.sampled_from([b"a", b"b", b"c"]),
            st.integers(2, 2**32 - 1),
            st.integers(0, 60),
            st.binary(max_size=30),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_any_segments_stay_within_the_limits(segments):
    limits = AgentLimits(partial_transfers=2, partial_bytes=1000)
    made = agent(limits)
    for segment in segments:
        made.received(T0, "a", encode_segment(segment))
    assert made.stored_bundles == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 2**32 - 1), max_size=8)), min_size=1, max_size=4))
def test_any_reports_lose_no_bundle_that_was_not_taken(words):
    made = agent()
    outputs = list(made.submit(T0, "a", "x", bytes(9000), "test", 100 * SECOND))
    name = next(o.frame for o in outputs if isinstance(o, Send))[2:14]
    taken = False
    for status, numbers in words:
        cuts = sorted(set(numbers))
        gaps = tuple(zip(cuts[::2], cuts[1::2], strict=False)) if status == MISSING else ()
        if status == MISSING and not gaps:
            continue
        made.received(T0, "a", encode_reports([Report(name, status, gaps)]))
        taken = taken or status == TAKEN
        if status == REFUSED:
            break  # Its transfer ended with the refusal; a later word on it means nothing.
    assert made.stored_bundles == (0 if taken else 1)


def test_frames_are_read_back():
    segment = Segment(b"n" * 12, 100, 7, b"data", False)
    reports = [Report(b"n" * 12, TAKEN), Report(b"m" * 12, MISSING, ((0, 4), (9, 10)))]
    assert decode_frame(encode_segment(segment)) == segment
    assert decode_frame(encode_reports(reports)) == reports


def test_every_changed_bit_of_a_frame_is_refused():
    frame = whole_frame(bundle_to("b"))
    for index in range(len(frame) * 8):
        changed = bytearray(frame)
        changed[index // 8] ^= 1 << index % 8
        with pytest.raises(RemoteProtocolError, match="frame-crc"):
            decode_frame(bytes(changed))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"lifetime_ms": 0}, "lifetime"),
        ({"created_ms": 2**63}, "clock"),
        ({"destination": endpoint("b", "x"), "flags": 2}, "administrative-endpoint"),
    ],
)
def test_bundles_that_are_taken_and_dropped(change, rule):
    outputs = agent().received(T0, "a", whole_frame(msgspec.structs.replace(bundle_to("b"), **change)))
    assert [type(entry) for entry in entries(outputs)] == [records.BundleReceived, records.BundleDropped]
    assert entries(outputs)[1].why.rule == rule
    assert [report.status for report in answer(outputs)] == [TAKEN]


def test_a_lifetime_of_64_bits_is_capped_by_retention():
    made = agent(AgentLimits(retention_ns=10 * SECOND))
    outputs = made.received(T0, "a", whole_frame(bundle_to("far", lifetime_ms=2**64 - 1)))
    assert "net/expiry" in [getattr(output, "timer", "") for output in outputs]
    (dropped,) = entries(made.fired(Instant(T0 + 10 * SECOND), "net/expiry"))
    assert (dropped.why.rule, made.stored_bundles) == ("lifetime", 0)


def test_unknown_blocks_do_what_their_flags_ask():
    keep, discard, delete = (Block(200, 9, b"?", flags) for flags in (0, DISCARD_UNPROCESSED, DELETE_UNPROCESSED))
    plain = bundle_to("far")
    with_extra = lambda block: msgspec.structs.replace(plain, blocks=(block, *plain.blocks))  # noqa: E731
    assert making.forwarded(with_extra(keep), endpoint("b")).block(200) == keep
    assert making.forwarded(with_extra(discard), endpoint("b")).block(200) is None
    assert making.unwanted(with_extra(delete), T0, Instant(T0 + 1), 0).rule == "block"


def test_a_bundle_without_a_primary_crc_is_refused_and_stays_the_peers():
    outputs = agent().received(T0, "a", whole_frame(msgspec.structs.replace(bundle_to("b"), crc=0)))
    assert [(entry.check, answer(outputs)[0].status) for entry in entries(outputs)] == [("primary-crc", REFUSED)]


def test_a_transfer_named_for_other_bytes_is_refused():
    wire = encode(bundle_to("b"))
    outputs = agent().received(T0, "a", encode_segment(Segment(b"x" * 12, len(wire), 0, wire, True)))
    assert [entry.check for entry in entries(outputs)] == ["transfer-name"]


def test_the_same_bundle_under_two_transfers_is_delivered_once():
    made = agent()
    first = made.received(T0, "a", whole_frame(bundle_to("b")))
    other = making.forwarded(bundle_to("b"), endpoint("c"))
    second = made.received(T0, "c", whole_frame(other))
    assert sum(isinstance(output, Delivered) for output in first + second) == 1


def test_peers_are_bounded():
    """Of each there is half a transfer: whoever comes beyond the bound is turned away, and who is known stays."""
    made = agent(AgentLimits(peers=3))
    wire = encode(bundle_to("b"))
    half = encode_segment(Segment(transfer_name(wire), len(wire), 0, wire[:20], False))
    outputs = [entries(made.received(T0, f"peer-{index}", half)) for index in range(3)]
    assert [[entry.check for entry in said] for said in outputs] == [[], [], ["peers"]]
    rest = encode_segment(Segment(transfer_name(wire), len(wire), 20, wire[20:], True))
    assert any(isinstance(output, Delivered) for output in made.received(T0, "peer-0", rest))


def test_a_connection_for_each_bundle_uses_up_no_places():
    """dtn7zero's way: each is a neighbour that never comes again. The one with a contact stays."""
    made = agent(AgentLimits(peers=3))
    for index in range(50):
        outputs = made.received(T0, f"mtcp.{index}", whole_frame(bundle_to("b", sequence=index)))
        assert sum(isinstance(output, Delivered) for output in outputs) == 1
    assert "a" in made._sender.peers
    assert len(made._sender.peers) <= 3


@given(st.integers(1, 200), st.lists(st.tuples(st.integers(0, 199), st.integers(1, 60)), max_size=30))
def test_pieces_make_the_whole(size, ranges):
    whole = Seed.of(1).bytes(size)
    pieces = Pieces(size)
    there = bytearray(size)
    for start, length in ranges:
        if start < size:
            end = min(size, start + length)
            pieces.add(start, whole[start:end])
            there[start:end] = b"\1" * (end - start)
            assert pieces.held_bytes == sum(there)
    missing = [at for start, end in pieces.gaps(10**6) for at in range(start, end)]
    assert missing == [at for at in range(size) if not there[at]]
    if pieces.complete:
        assert pieces.join() == whole
