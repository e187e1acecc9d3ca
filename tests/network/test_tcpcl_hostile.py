"""Whatever a peer sends, a session answers with the RFC's reason, counts it, holds little, never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.network.tcpcl import Phase, Session
from orbitalcloud.network.tcpcl_events import Acknowledged, Arrived, Ended, Refused
from orbitalcloud.network.tcpcl_messages import (
    Ack,
    Init,
    Item,
    Refuse,
    RefuseReason,
    Reject,
    RejectReason,
    Segment,
    Term,
    TermReason,
    encode,
    encode_items,
    transfer_length,
)
from orbitalcloud.network.tcpcl_reader import EXTENSION_BYTES, NODE_ID_BYTES, MessageReader
from tcpcl_streams import T0, opened, policy, shuttle

CONTACT = b"dtn!\x04\x00"
INIT = Init(30, 1 << 20, 1 << 20, "dtn://evil/")


def victim(**more) -> Session:
    """An open session whose peer is ours to play."""
    session = Session(T0, policy("b", **more), active=False)
    session.receive(T0, CONTACT + encode(INIT))
    assert session.is_open
    session.data_to_send(T0)
    return session


def answers(session: Session, now: Instant = T0) -> list:
    reader = MessageReader(1 << 20)
    reader.feed(session.data_to_send(now))
    found = []
    while (message := reader.take()) is not None:
        found.append(message)
    return found


def tell(session: Session, *messages, now: Instant = T0) -> tuple[list, list]:
    """What the session says to the driver, and to the peer."""
    events = session.receive(now, b"".join(encode(m) for m in messages))
    return events, answers(session, now)


# Before a session ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"d", b"dtn?", b"\x16\x03\x01\x02\x00\x01", b"\0" * 100])
def test_another_protocol_is_hung_up_on_without_a_word(first):
    session = Session(T0, policy("b"), active=False)
    events = session.receive(T0, first)
    if first == b"d":
        assert not events
        return
    assert [type(event) for event in events] == [Ended]
    assert session.data_to_send(T0) == b""
    assert session.counts == {"tcpcl-magic": 1}


@pytest.mark.parametrize("version", [0, 3, 5, 255])
def test_another_version_is_told_ours_and_why(version):
    session = Session(T0, policy("b"), active=False)
    (ended,) = session.receive(T0, b"dtn!" + bytes((version, 0)))
    assert ended.reason == TermReason.VERSION_MISMATCH
    assert session.data_to_send(T0) == CONTACT + encode(Term(False, TermReason.VERSION_MISMATCH))


@pytest.mark.parametrize(
    ("init", "check"),
    [
        (Init(30, 1 << 20, 1 << 20, ""), "node-id"),
        (Init(30, 1 << 20, 1 << 20, "http://evil/"), "node-id"),
        (Init(30, 1 << 20, 1 << 20, "dtn:none"), "node-id"),
        (Init(30, 1 << 20, 1 << 20, "ipn:0.0"), "node-id"),
        (Init(30, 1 << 20, 1 << 20, "dtn://b/"), "node-id"),
        (Init(30, 1, 1 << 20, "dtn://evil/"), "mru"),
        (Init(30, 1 << 20, 0, "dtn://evil/"), "mru"),
        (Init(30, 1 << 20, 1 << 20, "dtn://evil/", b"\0\0"), "extension-items"),
        (Init(30, 1 << 20, 1 << 20, "dtn://evil/", b"\0\0\1\xff\xff"), "extension-items"),
        (Init(30, 1 << 20, 1 << 20, "dtn://evil/", encode_items((Item(9, b"", True),))), "critical-extension"),
        (Init(30, 1 << 20, 1 << 20, "dtn://" + "e" * 2000 + "/"), "node-id"),
    ],
)
def test_an_unacceptable_sess_init_is_a_contact_failure(init, check):
    session = Session(T0, policy("b"), active=False)
    (ended,) = session.receive(T0, CONTACT + encode(init))
    assert ended.reason == TermReason.CONTACT_FAILURE
    assert session.data_to_send(T0) == CONTACT + encode(Term(False, TermReason.CONTACT_FAILURE))
    assert session.counts == {check: 1}


def test_unknown_extensions_that_are_not_critical_are_skipped():
    session = Session(T0, policy("b"), active=False)
    session.receive(T0, CONTACT + encode(Init(30, 100, 100, "dtn://evil/", encode_items((Item(9, b"x" * 50),)))))
    assert session.is_open


def test_an_endless_session_extension_is_refused_at_its_length():
    session = Session(T0, policy("b"), active=False)
    head = encode(INIT)[:-4]
    (ended,) = session.receive(T0, CONTACT + head + (EXTENSION_BYTES + 1).to_bytes(4, "big"))
    assert ended.reason == TermReason.RESOURCE_EXHAUSTION
    assert answers_after_contact(session)[0] == Reject(RejectReason.UNSUPPORTED, 7)


def test_a_node_id_of_64_kib_is_refused_at_its_length():
    session = Session(T0, policy("b"), active=False)
    session.receive(T0, CONTACT + encode(INIT)[:19] + (NODE_ID_BYTES + 1).to_bytes(2, "big"))
    assert session.phase is Phase.CLOSED


def answers_after_contact(session: Session) -> list:
    reader = MessageReader(100)
    data = session.data_to_send(T0)
    assert data[:6] == CONTACT
    reader.feed(data[6:])
    return [reader.take(), reader.take()]


def test_messages_before_sess_init_are_unexpected():
    session = Session(T0, policy("b"), active=False)
    session.receive(T0, CONTACT + encode(Segment(3, 0, b"", b"early")) + encode(INIT))
    assert session.is_open
    assert answers_after_contact(session)[0] == Reject(RejectReason.UNEXPECTED, 1)
    assert session.counts == {"unexpected": 1}


@pytest.mark.parametrize("said", [b"", b"dtn", CONTACT, CONTACT + encode(INIT)[:20]])
def test_a_peer_that_stops_before_the_session_is_open_is_given_up(said):
    session = Session(T0, policy("b"), active=False)
    for index, byte in enumerate(said):
        session.receive(Instant(T0 + index * SECOND), bytes((byte,)))
    deadline = session.next_deadline()
    assert deadline is not None
    assert deadline <= T0 + (60 + len(said)) * SECOND
    assert [type(event) for event in session.fired(deadline)] == [Ended]


# In a session --------------------------------------------------------------------------------------------------------


def test_an_unknown_message_type_is_rejected_and_ends_it():
    session = victim()
    (ended,) = session.receive(T0, b"\x2a\x00\x00")
    assert isinstance(ended, Ended)
    assert answers(session) == [Reject(RejectReason.TYPE_UNKNOWN, 0x2A), Term(False, TermReason.UNKNOWN)]
    assert session.receive(T0, b"\x2a") == []


@pytest.mark.parametrize("length", [(1 << 20) + 1, 2**63, 2**64 - 1])
def test_an_absurd_segment_is_refused_at_its_length(length):
    session = victim()
    (ended,) = session.receive(T0, encode(Segment(3, 0, b"", b""))[:-8] + length.to_bytes(8, "big"))
    assert ended.reason == TermReason.RESOURCE_EXHAUSTION
    assert answers(session)[0] == Reject(RejectReason.UNSUPPORTED, 1)


def test_an_absurd_transfer_extension_is_refused_at_its_length():
    session = victim()
    session.receive(T0, b"\x01\x03" + bytes(8) + b"\xff\xff\xff\xff" + bytes(4))
    assert session.phase is Phase.CLOSED
    assert session.counts == {"extension-length": 1}


def test_a_transfer_that_grows_beyond_the_mru_is_refused_at_every_segment():
    session = victim(transfer_mru=100)
    _, said = tell(session, Segment(2, 0, b"", bytes(60)), Segment(0, 0, b"", bytes(60)), Segment(1, 0, b"", b"x"))
    assert said == [Ack(2, 0, 60), Refuse(RefuseReason.NO_RESOURCES, 0), Refuse(RefuseReason.NO_RESOURCES, 0)]
    events, _ = tell(session, Segment(3, 1, b"", b"fits"))
    assert events == [Arrived(1, b"fits")]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ((transfer_length(101),), RefuseReason.NO_RESOURCES),
        ((transfer_length(5), transfer_length(5)), RefuseReason.EXTENSION_FAILURE),
        ((Item(1, b"\0", True),), RefuseReason.EXTENSION_FAILURE),
        ((Item(7, b"", True),), RefuseReason.EXTENSION_FAILURE),
        ((transfer_length(3),), RefuseReason.NOT_ACCEPTABLE),
    ],
)
def test_transfer_extensions_are_held_to(items, reason):
    session = victim(transfer_mru=100)
    _, said = tell(session, Segment(2, 0, encode_items(items), b"abcd"))
    assert said == [Refuse(reason, 0)]
    assert session.is_open


def test_a_transfer_shorter_than_it_said_is_not_acceptable():
    session = victim()
    _, said = tell(session, Segment(2, 0, encode_items((transfer_length(9),)), b"abcd"), Segment(1, 0, b"", b"e"))
    assert said == [Ack(2, 0, 4), Refuse(RefuseReason.NOT_ACCEPTABLE, 0)]


def test_malformed_transfer_extensions_fail_the_transfer_only():
    session = victim()
    _, said = tell(session, Segment(3, 0, b"\0\0\0\0", b"abcd"))
    assert said == [Refuse(RefuseReason.EXTENSION_FAILURE, 0)]
    assert session.is_open


def test_transfers_out_of_order_are_rejected_and_lose_nothing_else():
    session = victim()
    events, said = tell(
        session,
        Segment(0, 4, b"", b"no start"),
        Segment(2, 5, b"", b"begun"),
        Segment(2, 6, b"", b"in the middle"),
        Segment(1, 5, b"", b"its end"),
        Segment(3, 7, b"", b"good"),
        Segment(3, 7, b"", b"the same again"),
        Segment(3, 5, b"", b"an old id"),
        Segment(3, 2, b"", b"a lower id that was never used"),
    )
    assert events == [Arrived(7, b"good"), Arrived(2, b"a lower id that was never used")]
    unexpected = Reject(RejectReason.UNEXPECTED, 1)
    assert [m for m in said if isinstance(m, Reject)] == [unexpected] * 5
    assert session.counts == {"transfer-order": 3, "transfer-id": 2}


@pytest.mark.parametrize(
    ("ack", "check"),
    [
        (Ack(1, 0, 250), None),
        (Ack(0, 0, 100), None),
        (Ack(1, 9, 250), "ack-transfer"),
        (Ack(1, 0, 251), "ack-length"),
        (Ack(1, 0, 2**64 - 1), "ack-length"),
        (Ack(0, 0, 250), "ack-flags"),
        (Ack(1, 0, 249), "ack-flags"),
    ],
)
def test_acknowledgements_that_do_not_fit_are_rejected(ack, check):
    session = victim(segment_bytes=100)
    session.send(bytes(250))
    session.data_to_send(T0)
    events, said = tell(session, ack)
    assert said == ([] if check is None else [Reject(RejectReason.UNEXPECTED, 2)])
    assert session.counts == ({} if check is None else {check: 1})
    assert session.unanswered == (0 if events else 1)


def test_an_acknowledgement_never_goes_back():
    session = victim(segment_bytes=100)
    session.send(bytes(250))
    session.data_to_send(T0)
    tell(session, Ack(0, 0, 200), Ack(0, 0, 100))
    assert session.counts == {"ack-length": 1}


def test_more_bytes_than_were_sent_cannot_be_acknowledged():
    session = victim(segment_bytes=100)
    session.send(bytes(250))
    session.data_to_send(T0, most=1)
    tell(session, Ack(2, 0, 100), Ack(1, 0, 250))
    assert session.counts == {"ack-length": 1}
    assert session.unanswered == 1


def test_a_refusal_stops_the_transfer_and_may_come_for_each_segment():
    session = victim(segment_bytes=100)
    session.send(bytes(1000))
    session.send(b"next")
    session.data_to_send(T0, most=150)
    events, said = tell(session, Refuse(4, 0), Refuse(4, 0), Refuse(4, 77))
    assert events == [Refused(0, RefuseReason.NOT_ACCEPTABLE)]
    assert said == [Reject(RejectReason.UNEXPECTED, 3), Segment(3, 1, b"", b"next")]


def test_a_flood_of_wrong_messages_ends_it():
    session = victim(rejects_most=5)
    events, said = tell(session, *[Ack(0, n, 1) for n in range(100)])
    assert [type(event) for event in events] == [Ended]
    assert said == [Reject(RejectReason.UNEXPECTED, 2)] * 6 + [Term(False, TermReason.RESOURCE_EXHAUSTION)]


def test_a_peer_that_rejects_our_transfers_is_left():
    session = victim()
    events, _ = tell(session, Reject(RejectReason.UNSUPPORTED, 1))
    assert [type(event) for event in events] == [Ended]


def test_a_rejection_is_never_rejected():
    """Two entities that reject each other's rejections would never stop."""
    session = victim()
    _, said = tell(session, *[Reject(3, 4)] * 10)
    assert said == []


# Time ----------------------------------------------------------------------------------------------------------------


def test_a_byte_an_hour_is_no_sign_of_life():
    session = victim()
    segment = encode(Segment(3, 0, b"", bytes(1000)))
    now = T0
    for byte in segment:
        deadline = session.next_deadline()
        assert deadline is not None
        now = Instant(now + 29 * SECOND)
        if now >= T0 + 60 * SECOND:
            break
        session.receive(now, bytes((byte,)))
    (ended,) = session.fired(Instant(T0 + 60 * SECOND))
    assert ended.reason == TermReason.IDLE_TIMEOUT


def test_a_slow_but_steady_segment_is():
    session = victim()
    segment = encode(Segment(3, 0, b"", bytes(100_000)))
    now, arrived = T0, []
    for at in range(0, len(segment), 1100):
        now = Instant(now + 59 * SECOND)
        arrived += session.receive(now, segment[at : at + 1100])
        assert not session.fired(now)
        session.data_to_send(now)
    assert arrived == [Arrived(0, bytes(100_000))]


def test_a_peer_that_takes_and_never_acknowledges_is_left():
    session = victim(answer_patience_ns=120 * SECOND)
    session.send(b"bundle")
    session.data_to_send(T0)
    for seconds in range(30, 120, 30):
        now = Instant(T0 + seconds * SECOND)
        session.receive(now, b"\x04")
        assert not session.fired(now)
        session.data_to_send(now)
    now = Instant(T0 + 120 * SECOND)
    session.receive(now, b"\x04")
    (ended,) = session.fired(now)
    assert ended.detail.startswith("unacknowledged")


def test_a_node_that_gives_no_verdict_does_not_hold_up_those_behind():
    session = victim(verdict_patience_ns=10 * SECOND)
    tell(session, Segment(3, 0, b"", b"first"), Segment(3, 1, b"", b"second"))
    session.accept(1)
    assert answers(session) == []
    now = Instant(T0 + 10 * SECOND)
    assert session.next_deadline() == now
    session.fired(now)
    assert answers(session, now) == [Refuse(RefuseReason.NO_RESOURCES, 0), Ack(3, 1, 6)]
    session.accept(0)
    assert answers(session, now) == [], "a verdict that comes after all changes nothing"


# Anything ------------------------------------------------------------------------------------------------------------

u64 = st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1))
anything = st.one_of(
    st.builds(Segment, st.sampled_from([2, 3]), u64, st.binary(max_size=20), st.binary(max_size=60)),
    st.builds(Segment, st.sampled_from([0, 1]), u64, st.just(b""), st.binary(max_size=60)),
    st.builds(Ack, st.integers(0, 3), u64, u64),
    st.builds(Refuse, st.integers(0, 255), u64),
    st.builds(Reject, st.integers(0, 255), st.integers(0, 255)),
    st.builds(Term, st.booleans(), st.integers(0, 255)),
    st.just(INIT),
)


@given(st.lists(st.one_of(anything.map(encode), st.binary(max_size=30)), max_size=25), st.booleans(), st.booleans())
def test_nothing_that_a_peer_says_raises_or_fills_memory(said, greeted, active):
    session = Session(T0, policy("b", segment_mru=100, transfer_mru=150, rejects_most=4), active=active)
    if greeted:
        session.receive(T0, CONTACT + encode(INIT))
    if session.is_open:
        for _ in range(3):
            session.send(bytes(300))
    arrived = 0
    for data in said:
        for event in session.receive(T0, data):
            if isinstance(event, Arrived):
                arrived += 1
                assert len(event.bundle) <= 150
                session.accept(event.transfer)
        assert session._reader.buffered_bytes <= 100 + 22 + 4096 + 1100
        assert session._incoming.received_bytes <= 150
        session.data_to_send(T0)
        session.settle()
    if session.next_deadline() is not None:
        session.fired(Instant(T0 + 10_000 * SECOND))
        session.fired(Instant(T0 + 20_000 * SECOND))
        assert session.phase is Phase.CLOSED


@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_one_byte_changed_makes_no_acknowledgement_of_what_did_not_come(at, value, of_a):
    a, b = opened(policy("a", segment_bytes=64), policy("b", segment_bytes=64))
    sender, receiver = (a, b) if of_a else (b, a)
    for n in range(3):
        sender.send(bytes((n,)) * 100)
    stream = bytearray(sender.data_to_send(T0))
    stream[at % len(stream)] = value
    arrived = {}
    for event in receiver.receive(T0, bytes(stream)):
        if isinstance(event, Arrived):
            arrived[event.transfer] = len(event.bundle)
            receiver.accept(event.transfer)
    said = shuttle(a, b)[0 if of_a else 1]
    for event in said:
        if isinstance(event, Acknowledged):
            assert arrived[event.transfer] == 100
    between = not receiver._reader.buffered_bytes and receiver._incoming.current < 0
    if not receiver.counts and sender.is_open and between:
        assert len(said) == 3
