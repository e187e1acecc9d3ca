"""A TCPCLv4 session says and understands the RFC's bytes, loses no transfer, and keeps its clock."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.network import bundle
from orbitalcloud.network.tcpcl import Phase, Session
from orbitalcloud.network.tcpcl_events import Acknowledged, Arrived, Ended, Established, Refused, Secure, SessionPolicy
from orbitalcloud.network.tcpcl_messages import (
    Ack,
    Init,
    Item,
    Keepalive,
    Refuse,
    RefuseReason,
    Reject,
    Segment,
    Term,
    TermReason,
    decode_items,
    encode,
    encode_items,
)
from orbitalcloud.network.tcpcl_reader import MessageReader
from tcpcl_streams import T0, captured_streams, opened, policy, shuttle

DATA = Path(__file__).parent.parent / "data" / "network"
CONTACT = b"dtn!\x04\x00"


def after(seconds: float) -> Instant:
    return Instant(T0 + int(seconds * SECOND))


# The bytes -----------------------------------------------------------------------------------------------------------

LAYOUTS = [  # written by hand after the figures of RFC 9174 4.6, 5.1 to 5.2, 6.1
    (
        Init(30, 2**40, 2**33 + 1, "dtn://a/", b""),
        "07 001e 0000010000000000 0000000200000001 0008 64746e3a2f2f612f 00000000",
    ),
    (
        Init(0, 1, 2, "", b"\x01\x00\x09\x00\x01\xff"),
        "07 0000" + "00" * 7 + "01" + "00" * 7 + "02 0000 00000006 01 0009 0001 ff",
    ),
    (Segment(3, 5, b"", b"abc"), "01 03 0000000000000005 00000000 0000000000000003 616263"),
    (
        Segment(2, 1, bytes.fromhex("0100010008000000000000000a"), b"z"),
        "01 02 0000000000000001 0000000d 01 0001 0008 000000000000000a 0000000000000001 7a",
    ),
    (Segment(0, 2**64 - 1, b"", b"y"), "01 00 ffffffffffffffff 0000000000000001 79"),
    (Segment(1, 1, b"", b""), "01 01 0000000000000001 0000000000000000"),
    (Ack(3, 7, 1122), "02 03 0000000000000007 0000000000000462"),
    (Refuse(4, 258), "03 04 0000000000000102"),
    (Keepalive(), "04"),
    (Term(True, 5), "05 01 05"),
    (Reject(3, 2), "06 03 02"),
]


@pytest.mark.parametrize(("message", "written"), LAYOUTS, ids=[type(m).__name__ for m, _ in LAYOUTS])
def test_messages_have_the_layout_of_the_rfc(message, written):
    data = bytes.fromhex(written)
    assert encode(message) == data
    reader = MessageReader(1 << 20)
    reader.feed(data)
    assert reader.take() == message
    assert reader.take() is None


u64, reasons = st.integers(0, 2**64 - 1), st.integers(0, 255)
items = st.lists(st.builds(Item, st.integers(0, 65535), st.binary(max_size=9), st.booleans()), max_size=3).map(tuple)
messages = st.one_of(
    st.builds(Init, st.integers(0, 65535), u64, u64, st.text(max_size=20), items.map(encode_items)),
    st.builds(Segment, st.sampled_from([2, 3]), u64, items.map(encode_items), st.binary(max_size=50)),
    st.builds(Segment, st.sampled_from([0, 1]), u64, st.just(b""), st.binary(max_size=50)),
    st.builds(Ack, st.integers(0, 3), u64, u64),
    st.builds(Refuse, reasons, u64),
    st.just(Keepalive()),
    st.builds(Term, st.booleans(), reasons),
    st.builds(Reject, reasons, reasons),
)


@given(st.lists(messages, max_size=8), st.data())
def test_any_messages_are_read_back_whatever_the_pieces(sent, data):
    stream = b"".join(encode(message) for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reader, got = MessageReader(1 << 20), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if start < end:
            reader.feed(stream[start:end])
        while (message := reader.take()) is not None:
            got.append(message)
    assert got == sent
    assert reader.buffered_bytes == 0


@given(items)
def test_extension_items_are_read_back(made):
    assert decode_items(encode_items(made)) == made


# Somebody else's session ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 7, 38])
def test_hdtns_bytes_open_a_session_take_three_bundles_and_close_it(piece):
    """The Python client's side of the capture is replaced by ours; HDTN's bytes are played to it."""
    packets = captured_streams(DATA / "tcpclv4-python-to-hdtn.pcap")
    theirs = b"".join(payload for port, payload in packets if port == 4558)
    ours = b"".join(payload for port, payload in packets if port != 4558)
    session = Session(T0, SessionPolicy(node_id="ipn:1.0", keepalive_s=15), active=True)
    said, bundles = bytearray(session.data_to_send(T0)), bundles_of(ours)
    events: list = []
    for at in range(0, len(theirs) - 3, piece):
        events += session.receive(T0, theirs[at : min(at + piece, len(theirs) - 3)])
        said += session.data_to_send(T0)
        if session.is_open and bundles:
            for made in bundles:
                session.send(made)
            bundles = []
            said += session.data_to_send(T0)
    assert events == [
        Established("ipn:2.0", False, 15, 200_000, 10_000_000),
        Acknowledged(0),
        Acknowledged(1),
        Acknowledged(2),
    ]
    session.terminate(T0)
    said += session.data_to_send(T0)
    ended = session.receive(T0, theirs[-3:])
    assert [type(event) for event in ended] == [Ended]
    assert session.phase is Phase.CLOSED
    assert messages_of(bytes(said)) == [
        m if not isinstance(m, Init) else Init(15, 1 << 20, 32 << 20, "ipn:1.0") for m in messages_of(ours)
    ], "what we say is what the client said, but for the MRUs"
    assert not session.counts


def test_the_clients_bytes_are_served_as_hdtn_served_them():
    packets = captured_streams(DATA / "tcpclv4-python-to-hdtn.pcap")
    session = Session(T0, SessionPolicy(node_id="ipn:2.0", keepalive_s=15), active=False)
    said = bytearray()
    arrived = []
    for port, payload in packets:
        if port == 4558:
            continue
        for event in session.receive(T0, payload):
            if isinstance(event, Arrived):
                arrived.append(bundle.decode(event.bundle))
                session.accept(event.transfer)
        said += session.data_to_send(T0)
    assert [len(made.payload) for made in arrived] == [1024, 1024, 1024]
    assert {made.source.text for made in arrived} == {"ipn:1.1"}
    theirs = b"".join(payload for port, payload in packets if port == 4558)
    assert [m for m in messages_of(bytes(said)) if not isinstance(m, Init)] == [
        m for m in messages_of(theirs) if not isinstance(m, Init)
    ]


def bundles_of(stream: bytes) -> list[bytes]:
    return [message.data for message in messages_of(stream) if isinstance(message, Segment)]


def messages_of(stream: bytes) -> list:
    assert stream[:6] == CONTACT
    reader, found = MessageReader(1 << 20), []
    reader.feed(stream[6:])
    while (message := reader.take()) is not None:
        found.append(message)
    return found


# Two of ours ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 5000), st.booleans()), max_size=12),
    st.integers(64, 700),
    st.integers(1, 3000),
    st.randoms(use_true_random=False),
)
def test_every_transfer_is_answered_once_and_arrives_as_sent(plan, segment_bytes, piece, chance):
    """Both ways at once, verdicts given late and in any order, some of them refusals."""
    a, b = opened(policy("a", segment_bytes=segment_bytes), policy("b", segment_mru=300))
    sent: dict = {a: [], b: []}
    for from_a, size, _ in plan:
        side = a if from_a else b
        data = chance.randbytes(size)
        sent[side].append((side.send(data), data))
    answered: dict = {a: [], b: []}
    arrived: dict = {a: [], b: []}
    wants = {size: take for _, size, take in plan}
    while True:
        said = shuttle(a, b, T0, piece)
        for side, events in zip((a, b), said, strict=True):
            answered[side] += [e for e in events if isinstance(e, Acknowledged | Refused)]
            arrived[side] += [(e.transfer, e.bundle) for e in events if isinstance(e, Arrived)]
        waiting = [(side, transfer, data) for side in (a, b) for transfer, data in arrived[side]]
        waiting = [w for w in waiting if w[1] in w[0]._incoming.waiting]
        if not waiting:
            break
        side, transfer, data = chance.choice(waiting)
        if wants[len(data)]:
            side.accept(transfer)
        else:
            side.refuse(transfer, RefuseReason.NO_RESOURCES)
    for side, other in ((a, b), (b, a)):
        assert arrived[other] == sent[side]
        expected = [
            Acknowledged(t) if wants[len(data)] else Refused(t, RefuseReason.NO_RESOURCES) for t, data in sent[side]
        ]
        assert answered[side] == expected, "answers keep the order of the transfers"
        assert not side.counts


def test_a_long_bundle_goes_in_segments_that_the_peer_can_take_and_says_its_length():
    a, b = opened(right=policy("b", segment_mru=1000))
    a.send(bytes(2500))
    reader = MessageReader(1000)
    reader.feed(a.data_to_send(T0))
    segments = [reader.take() for _ in range(3)]
    assert [(s.flags, len(s.data)) for s in segments] == [(2, 1000), (0, 1000), (1, 500)]
    assert decode_items(segments[0].extensions) == (Item(1, (2500).to_bytes(8, "big")),)
    assert segments[1].extensions == b""
    b.receive(T0, b"".join(encode(s) for s in segments[:2]))
    reader.feed(b.data_to_send(T0))
    assert [reader.take(), reader.take()] == [Ack(2, 0, 1000), Ack(0, 0, 2000)]


def test_the_last_acknowledgement_is_the_nodes():
    a, b = opened()
    a.send(b"bundle")
    _, (arrived,) = shuttle(a, b)
    assert a.unanswered == 1
    b.accept(arrived.transfer)
    assert shuttle(a, b)[0] == [Acknowledged(0)]
    assert a.unanswered == 0


def test_what_waits_for_the_node_stops_the_reading():
    a, b = opened(right=policy("b", waiting_transfers=2))
    for _ in range(2):
        a.send(b"bundle")
    _, events = shuttle(a, b)
    assert b.is_full
    b.accept(events[0].transfer)
    assert not b.is_full


# Beginnings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_the_stream_becomes_tls_when_both_can(left, right):
    a = Session(T0, policy("a", can_tls=left), active=True)
    b = Session(T0, policy("b", can_tls=right), active=False)
    first, second = shuttle(a, b)
    if left and right:
        assert first == second == [Secure()]
        assert a.phase is b.phase is Phase.SECURING
        a.secured(T0, frozenset({"dtn://b/"}))
        b.secured(T0, frozenset({"dtn://a/", "dtn://c/"}))
        first, second = shuttle(a, b)
    assert isinstance(first[-1], Established)
    assert first[-1].secured == second[-1].secured == (left and right)


def test_without_tls_there_is_no_session_where_it_is_required():
    a = Session(T0, policy("a", can_tls=False), active=True)
    b = Session(T0, policy("b", can_tls=True, require_tls=True), active=False)
    (ended_a,), (ended_b,) = shuttle(a, b)
    assert ended_a.reason == ended_b.reason == TermReason.CONTACT_FAILURE
    assert b.counts == {"tls-required": 1}


def test_bytes_that_come_before_tls_is_there_end_it():
    """What an attacker put before the handshake must not be read as if it had come through it."""
    b = Session(T0, policy("b", can_tls=True), active=False)
    (ended,) = b.receive(T0, b"dtn!\x04\x01" + encode(Init(30, 1 << 20, 1 << 20, "dtn://a/")))
    assert isinstance(ended, Ended)
    assert b.counts == {"plaintext-under-tls": 1}


@pytest.mark.parametrize(("certified", "open_"), [({"dtn://a/"}, True), ({"dtn://c/"}, False), (set(), False)])
def test_a_node_is_whom_its_certificate_names(certified, open_):
    a = Session(T0, policy("a", can_tls=True), active=True)
    b = Session(T0, policy("b", can_tls=True), active=False)
    shuttle(a, b)
    a.secured(T0, frozenset({"dtn://b/"}))
    b.secured(T0, frozenset(certified))
    shuttle(a, b)
    assert a.is_open == b.is_open == open_
    assert b.counts == ({} if open_ else {"node-id-certified": 1})


def test_the_keep_alive_is_the_lesser_of_both():
    a, b = opened(policy("a", keepalive_s=60), policy("b", keepalive_s=20))
    assert a.next_deadline() == b.next_deadline() == after(20)
    assert not a.fired(after(20))
    assert a.data_to_send(after(20)) == b"\x04"
    assert not b.receive(after(20), b"\x04")
    assert b.next_deadline() == after(20)
    (ended,) = a.fired(after(40))
    assert ended.reason == TermReason.IDLE_TIMEOUT
    assert a.data_to_send(after(40)) == b"\x05\x00\x01"


def test_without_keep_alives_silence_may_be_longer():
    a, _ = opened(policy("a", keepalive_s=0, idle_ns=100 * SECOND))
    assert a.next_deadline() == after(100)
    assert not a.fired(after(99))
    assert isinstance(a.fired(after(100))[0], Ended)


# Ends ----------------------------------------------------------------------------------------------------------------


def test_what_has_begun_is_finished_and_no_more_begins():
    a, b = opened(policy("a", segment_bytes=100))
    a.send(bytes(250))
    a.send(b"never begins")
    b.receive(T0, a.data_to_send(T0, most=50))
    assert a.terminate(T0) == []
    first, second = shuttle(a, b)
    assert [type(event) for event in second] == [Arrived]
    assert not first
    b.accept(0)
    first, second = shuttle(a, b)
    assert [type(event) for event in first] == [Acknowledged, Ended]
    assert [type(event) for event in second] == [Ended]
    assert a.phase is b.phase is Phase.CLOSED


def test_a_transfer_that_begins_after_the_end_is_refused_with_that_reason():
    a, b = opened()
    b.terminate(T0)
    b.data_to_send(T0)
    a.send(b"late")
    b.receive(T0, a.data_to_send(T0))
    reader = MessageReader(100)
    reader.feed(b.data_to_send(T0))
    assert reader.take() == Refuse(RefuseReason.SESSION_TERMINATING, 0)


def test_an_end_that_the_peer_does_not_answer_comes_all_the_same():
    a, _ = opened()
    a.terminate(T0)
    assert a.next_deadline() == after(30)
    (ended,) = a.fired(after(30))
    assert isinstance(ended, Ended)
    assert a.next_deadline() is None


def test_a_busy_node_says_so():
    a, b = Session(T0, policy("a"), active=True), Session(T0, policy("b", busy=True), active=False)
    (ended,), _ = shuttle(a, b)
    assert ended.reason == TermReason.BUSY
