"""The agent's frames over TCPCLv4 sessions: each thing that a session says becomes the right word to the agent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.core.effects import Save, Send, Wake
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered
from orbitalcloud.network.carriage import HandedOver, TransferCarriage, whole_frame
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
from orbitalcloud.network.store import PREFIX
from orbitalcloud.network.tcpcl_events import Refused
from orbitalcloud.network.tcpcl_messages import RefuseReason
from tcpcl_streams import T0, opened, policy, shuttle

BUNDLE = b"a bundle" * 50
NAME = transfer_name(BUNDLE)


def carriages(**right):
    a, b = opened(right=policy("b", **right))
    return TransferCarriage(a, 1000), TransferCarriage(b, 1000)


def exchange(left: TransferCarriage, right: TransferCarriage) -> tuple[list, list]:
    """Carry bytes until there are none; the frames for each agent, read."""
    said = shuttle(left.session, right.session)
    left.happened(said[0])
    right.happened(said[1])
    return [decode_frame(f) for f in left.take_frames()], [decode_frame(f) for f in right.take_frames()]


def question(name: bytes = NAME) -> bytes:
    return encode_segment(Segment(name, len(BUNDLE), 0, b"", True))


def test_a_data_frame_becomes_a_transfer_and_the_word_on_it_comes_back():
    left, right = carriages()
    left.send(whole_frame(BUNDLE))
    assert exchange(left, right) == ([], [Segment(NAME, len(BUNDLE), 0, BUNDLE, True)])
    right.send(encode_reports([Report(NAME, TAKEN)]))
    assert exchange(left, right) == ([[Report(NAME, TAKEN)]], [])


def test_frames_of_an_agent_that_cuts_are_put_together():
    left, right = carriages()
    for start in (200, 0, 100):
        left.send(encode_segment(Segment(NAME, len(BUNDLE), start, BUNDLE[start : start + 100], False)))
    left.send(question())
    assert exchange(left, right) == ([[Report(NAME, MISSING, ((300, 400),))]], [])
    left.send(encode_segment(Segment(NAME, len(BUNDLE), 300, BUNDLE[300:], True)))
    assert exchange(left, right)[1] == [Segment(NAME, len(BUNDLE), 0, BUNDLE, True)]


def test_a_question_about_what_is_on_its_way_waits_for_the_answer():
    left, right = carriages()
    left.send(whole_frame(BUNDLE))
    left.send(question())
    left.send(whole_frame(BUNDLE))
    assert exchange(left, right)[0] == []
    right.send(encode_reports([Report(NAME, TAKEN)]))
    assert exchange(left, right) == ([[Report(NAME, TAKEN)]], [])


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (RefuseReason.COMPLETED, [Report(NAME, TAKEN)]),
        (RefuseReason.RETRANSMIT, [Report(NAME, MISSING, ((0, 400),))]),
        (RefuseReason.NO_RESOURCES, [Report(NAME, REFUSED)]),
        (RefuseReason.NOT_ACCEPTABLE, [Report(NAME, REFUSED)]),
        (RefuseReason.EXTENSION_FAILURE, [Report(NAME, REFUSED)]),
        (RefuseReason.UNKNOWN, [Report(NAME, REFUSED)]),
        (99, [Report(NAME, REFUSED)]),
        (RefuseReason.SESSION_TERMINATING, None),
    ],
)
def test_each_refusal_has_its_word(reason, word):
    left, _ = carriages()
    left.send(whole_frame(BUNDLE))
    left.happened([Refused(0, reason)])
    assert [decode_frame(frame) for frame in left.take_frames()] == ([word] if word else [])
    left.send(question())
    (answer,) = [decode_frame(frame) for frame in left.take_frames()]
    assert answer == [Report(NAME, MISSING, ((0, 400),))], "it is not on its way any more"


def test_what_finds_no_room_is_dropped_and_asked_after():
    left, right = carriages()
    names = [transfer_name(bytes((n,)) * 600) for n in range(3)]
    for n in range(3):
        left.send(whole_frame(bytes((n,)) * 600))
    assert left.counts == {"queue-full": 2}
    left.send(encode_segment(Segment(names[1], 600, 0, b"", True)))
    assert left.take_frames() == [], "as long as there is no room there is no answer"
    exchange(left, right)
    left.send(encode_segment(Segment(names[1], 600, 0, b"", True)))
    assert [decode_frame(f) for f in left.take_frames()] == [[Report(names[1], MISSING, ((0, 600),))]]


def test_the_same_bundle_twice_is_answered_twice():
    a, b = opened()
    right = TransferCarriage(b, 1000)
    for _ in range(2):
        a.send(BUNDLE)
    right.happened(shuttle(a, b)[1])
    right.send(encode_reports([Report(NAME, TAKEN)]))
    assert len(shuttle(a, b)[0]) == 2


def test_many_words_share_frames():
    left, right = carriages()
    left.queue_bytes = 1 << 20
    bundles = [bytes((n,)) * 10 for n in range(100)]
    for made in bundles:
        left.send(whole_frame(made))
    frames = exchange(left, right)[1]
    for frame in frames:
        right.send(encode_reports([Report(frame.transfer, TAKEN)]))
    words = exchange(left, right)[0]
    assert [len(word) for word in words] == [64, 36]
    assert [report.transfer for word in words for report in word] == [transfer_name(made) for made in bundles]


def test_without_answers_a_bundle_is_taken_when_it_was_handed_over():
    made = HandedOver(bundle_bytes=1000)
    assert made.send(whole_frame(BUNDLE)) == (NAME, BUNDLE)
    made.waits(NAME)
    assert made.send(question()) is None
    assert made.take_frames() == []
    made.handed(NAME)
    assert [decode_frame(f) for f in made.take_frames()] == [[Report(NAME, TAKEN)]]
    assert made.send(encode_reports([Report(NAME, TAKEN)])) is None
    assert made.send(whole_frame(bytes(1001))) is None
    assert [decode_frame(f)[0].status for f in made.take_frames()] == [REFUSED]


# Two agents -----------------------------------------------------------------------------------------------------------


class Node:
    """An agent with a dict for a disk; its frames go to `carriage` while there is one."""

    def __init__(self, name: str) -> None:
        limits = AgentLimits(segment_least_bytes=1 << 20, answer_ns=SECOND)
        self.name, self.agent = name, BundleAgent(name, ContactPlan([]), limits)
        self.carriage: TransferCarriage | None = None
        self.contact: Contact | None = None
        self.delivered: list[bytes] = []
        self.saved: dict[str, bytes] = {}
        self.timers: dict[str, int] = {}

    def perform(self, outputs) -> None:
        for output in outputs:
            if isinstance(output, Send):
                assert self.carriage is not None
                self.carriage.send(output.frame)
            elif isinstance(output, Save):
                self.saved.pop(output.key, None)
                if output.value is not None:
                    self.saved[output.key] = output.value
            elif isinstance(output, Delivered):
                self.delivered.append(output.payload)
            elif isinstance(output, Wake):
                self.timers.pop(output.timer, None)
                if output.at is not None:
                    self.timers[output.timer] = output.at

    def meet(self, now: Instant, carriage: TransferCarriage, other: str) -> None:
        self.carriage = carriage
        self.contact = Contact(self.name, other, now, Instant(now + 10_000 * SECOND), 10**9, "tcpcl")
        self.perform(self.agent.opened(now, self.contact))

    def part(self, now: Instant) -> None:
        if self.contact is not None:
            self.carriage = None
            self.perform(self.agent.closed(now, self.contact))
            self.contact = None

    def fire(self, now: Instant) -> None:
        for timer in [timer for timer, at in self.timers.items() if at <= now]:
            del self.timers[timer]
            self.perform(self.agent.fired(now, timer))


@settings(deadline=None)
@given(st.integers(1, 25), st.lists(st.integers(0, 4000), max_size=6), st.randoms(use_true_random=False))
def test_sessions_that_break_anywhere_lose_and_double_nothing(count, breaks, chance):
    """Each session is cut after so many bytes of either direction; the last one holds."""
    now = Instant(T0)
    nodes = Node("a"), Node("b")
    sent: dict = {"a": [], "b": []}
    for n in range(count):
        node, other = nodes if n % 2 else nodes[::-1]
        sent[other.name].append(chance.randbytes(chance.randint(1, 600)) + bytes((n,)))
        node.perform(node.agent.submit(now, other.name, "x", sent[other.name][-1], "test", 9000 * SECOND))
    for allowed in [*breaks, 1 << 30]:
        now = Instant(now + SECOND)
        sessions = opened(policy("a", segment_bytes=200), policy("b"), now)
        pairs = [TransferCarriage(session, 1 << 20) for session in sessions]
        for node, carriage, other in zip(nodes, pairs, ("b", "a"), strict=True):
            node.meet(now, carriage, other)
        for _ in range(60):
            allowed = _carry(now, nodes, pairs, allowed)
            if allowed <= 0:
                break
            now = Instant(now + SECOND)
            for node in nodes:
                node.fire(now)
        for node in nodes:
            node.part(now)
    for node in nodes:
        assert sorted(node.delivered) == sorted(sent[node.name])
        assert node.agent.stored_bundles == 0
        assert not [key for key in node.saved if key.startswith(PREFIX)]


def _carry(now: Instant, nodes, pairs, allowed: int) -> int:
    """Bytes to and fro, at most `allowed`; how many are left of them."""
    moved = True
    while moved:
        moved = False
        for index in (0, 1):
            data = pairs[index].session.data_to_send(now, 500)[: max(0, allowed)]
            allowed -= len(data)
            if data:
                moved = True
                other = pairs[1 - index]
                other.happened(other.session.receive(now, data))
            for carriage, node in zip(pairs, nodes, strict=True):
                for frame in carriage.take_frames():
                    moved = True
                    peer = "b" if node.name == "a" else "a"
                    node.perform(node.agent.received(now, peer, frame))
        if allowed <= 0:
            return 0
    return allowed


def test_a_bundle_too_large_for_the_link_is_cut_where_it_may_be():
    """As over a datagram: every piece fits, and together they are the payload."""
    a, b = Node("a"), Node("b")
    contact = Contact("a", "b", T0, Instant(T0 + 1000 * SECOND), 10**9, "udp", bundle_bytes=65_507)
    frames: list[bytes] = []
    a.carriage = type("Wire", (), {"send": lambda self, frame: frames.append(frame)})()
    a.perform(a.agent.opened(T0, contact))
    payload = bytes(range(256)) * 4000
    a.perform(a.agent.submit(T0, "b", "x", payload, "test", 1000 * SECOND))
    while frames:
        segment = decode_frame(frames.pop(0))
        assert len(segment.data) == segment.total_bytes <= 65_507
        b.perform(b.agent.received(T0, "a", encode_segment(segment)))
        a.perform(a.agent.received(T0, "b", encode_reports([Report(segment.transfer, TAKEN)])))
        a.fire(Instant(T0 + SECOND))
    assert b.delivered == [payload]
    assert a.agent.stored_bundles == 0
