"""Spreading: everybody learns everything, in bounded bytes, from one known peer; boards merge in any order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from network.notice_words import T_S, T, capacity, key, revocation
from orbitalcloud.core import HOUR, MINUTE, SECOND, Instant, RemoteProtocolError, Seed
from orbitalcloud.network import gossip as g
from orbitalcloud.network import notices as n
from orbitalcloud.network.notice_board import BoardLimits, NoticeBoard


class Net:
    """Nodes that meet at once and lose nothing."""

    def __init__(self, count: int, limits: g.GossipLimits | None = None, board: BoardLimits | None = None) -> None:
        self.nodes = [g.Gossip(NoticeBoard(key(number), None, board), limits) for number in range(count)]
        self.refused: list[str] = []

    def meet(self, now: Instant, a: int, b: int) -> int:
        """A contact; the bytes that it cost."""
        post: deque[tuple[int, int, bytes]] = deque()
        for me, peer in ((a, b), (b, a)):
            self.nodes[me].board.meet(key(peer))
            post.extend((me, peer, data) for data in self.nodes[me].opened(now, str(peer)))
        size = 0
        while post:
            sender, receiver, data = post.popleft()
            size += len(data)
            node = self.nodes[receiver]
            message = g.read_message(data, 65_536)
            if isinstance(message, g.News):
                for wire, take in [(w, node.board.take) for w in message.notices] + [
                    (w, node.board.take_proof) for w in message.proofs
                ]:
                    try:
                        item = take(now, str(sender), wire)
                    except RemoteProtocolError as error:
                        self.refused.append(error.check)
                        continue
                    if item is not None:
                        node.learned(now, str(sender), item)
            post.extend((receiver, sender, answer) for answer in node.heard(now, str(sender), message))
        return size


def test_fifty_nodes_of_which_each_knows_one_learn_all() -> None:
    count, net, seed = 50, Net(50), Seed.of(4)
    for number in range(count):
        net.nodes[number].board.publish(capacity(number, at=T_S))
    spent, meetings = 0, 0
    for number in range(1, count):  # each joins with one known peer
        spent += net.meet(T, number, seed.below(number, number))
    while any(len(node.board) < count for node in net.nodes):
        a, b = seed.child("a").below(count, meetings), seed.child("b").below(count, meetings)
        meetings += 1
        assert meetings < 500, "random meetings spread a word to n nodes in about n·ln n of them, both ways"
        if a != b:
            spent += net.meet(Instant(T + meetings * SECOND), a, b)
    useful = count * (count - 1) * len(capacity(1).wire)
    assert not net.refused
    assert spent < 3 * useful, f"{spent} bytes for {useful} that had to be told"
    quiet = sum(net.meet(Instant(T + 600 * SECOND + number), number, number + 1) for number in range(0, 50, 2))
    assert quiet < 25 * 2 * 2 * 60 * 20, "those who know all have little to say"


def test_a_contact_costs_no_more_than_its_budget() -> None:
    limits = g.GossipLimits(contact_bytes=4096)
    net = Net(2, limits)
    for number in range(2, 200):
        net.nodes[0].board.take(T, "x", capacity(number).wire)
    assert net.meet(T, 0, 1) <= 2 * 4096
    assert net.meet(Instant(T + SECOND), 0, 1) <= 200, "and nothing more until it has grown back"
    for hour in range(1, 30):
        assert net.meet(Instant(T + hour * MINUTE), 0, 1) <= 2 * 4096
    before = len(net.nodes[1].board)
    assert before < 198
    for half in range(1, 30):
        net.meet(Instant(T + 30 * MINUTE + half * MINUTE), 0, 1)
    assert len(net.nodes[1].board) > before


def test_nothing_is_told_twice() -> None:
    net = Net(2)
    net.nodes[0].board.publish(capacity(0))
    net.meet(T, 0, 1)
    assert net.meet(Instant(T + MINUTE), 0, 1) == 0
    net.nodes[0].board.publish(capacity(0, 1))
    assert 0 < net.meet(Instant(T + 2 * MINUTE), 0, 1) < 260


def test_a_node_that_began_anew_learns_again() -> None:
    net = Net(2)
    for number in range(2, 12):
        net.nodes[0].board.take(T, "x", capacity(number).wire)
    net.meet(T, 0, 1)
    net.nodes[1] = g.Gossip(NoticeBoard(key(1)))
    net.meet(Instant(T + MINUTE), 0, 1)
    assert len(net.nodes[1].board) == 10


def test_a_proof_spreads_and_ends_the_key_everywhere() -> None:
    net = Net(5)
    net.nodes[0].board.take(T, "x", capacity(9, waiting=1).wire)
    net.nodes[1].board.take(T, "x", capacity(9, waiting=2).wire)
    for a in range(4):
        net.meet(T, a, a + 1)
    for a in range(4, 0, -1):
        net.meet(Instant(T + HOUR), a, a - 1)
    assert all(node.board.end(key(9)) is not None for node in net.nodes)
    assert all(len(node.board) == 0 for node in net.nodes)


def test_a_false_question_is_answered_within_the_budget() -> None:
    node = g.Gossip(NoticeBoard(key(0)), g.GossipLimits(contact_bytes=2000))
    for number in range(1, 100):
        node.board.take(T, "x", capacity(number).wire)
    question = g.read_message(b"\x95\xa9summary/1\xc3\xc4\x08" + bytes(8) + b"\xc4\x08" + b"\xff" * 8 + b"\x90", 100)
    told = sum(len(data) for _ in range(50) for data in node.heard(T, "liar", question))
    assert 0 < told <= 2000


@pytest.mark.parametrize("data", [b"", b"\x91" * 9000, b"\xdd\xff\xff\xff\xff", b"\x93\xa6news/1\x90", bytes(70_000)])
def test_messages_are_bounded(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"gossip-"):
        g.read_message(data, 65_536)


WORDS = [capacity(number, sequence) for number in range(4) for sequence in range(3)]
FALSE = [bytes([*word.wire[:-1], word.wire[-1] ^ 1]) for word in WORDS[:3]]
TWO_FACES = [capacity(0, 2, waiting=waiting) for waiting in (1, 2)]


class Boards(RuleBasedStateMachine):
    """Three boards that hear words in any order, forged ones among them, and meet: in the end they hold the same."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net(3, g.GossipLimits(relay_ns=0), BoardLimits(strangers=9, key_burst=1000))
        self.now = T
        self.honest: set[bytes] = set()

    def tell(self, at: int, wire: bytes) -> str:
        """Why it was refused; `old` where nothing came of it; empty where it was news."""
        try:
            return "" if self.net.nodes[at].board.take(self.now, "x", wire) is not None else "old"
        except RemoteProtocolError as error:
            return error.check

    @rule(at=st.integers(0, 2), word=st.sampled_from(WORDS + TWO_FACES + [revocation(1, 1)]))
    def hear(self, at: int, word: n.Signed) -> None:
        self.honest.add(word.digest)
        assert self.tell(at, word.wire) in ("", "old", "notice-ended", "notice-room")

    @rule(at=st.integers(0, 2), wire=st.sampled_from(FALSE) | st.binary(max_size=300))
    def hear_lies(self, at: int, wire: bytes) -> None:
        assert self.tell(at, wire), "an old version is not looked at, all else is refused by name"

    @rule(a=st.integers(0, 2), b=st.integers(0, 2))
    def meet(self, a: int, b: int) -> None:
        if a != b:
            self.now = Instant(self.now + SECOND)
            self.net.meet(self.now, a, b)

    @invariant()
    def bounded_and_true(self) -> None:
        for node in self.net.nodes:
            assert len(node.board) <= 9 + 6
            for signed in node.board.held():
                assert signed.digest in self.honest
                assert n.is_signed(signed)
                assert node.board.end(signed.notice.key) is None

    def teardown(self) -> None:
        for round_ in range(3):
            self.now = Instant(self.now + 13 * HOUR // 60)
            for a, b in ((0, 1), (1, 2), (2, 0), (0, 1), (1, 2)):
                self.net.meet(Instant(self.now + round_), a, b)
        contents = [
            ({signed.digest for signed in node.board.held()}, {end.key for end in node.board.ends()})
            for node in self.net.nodes
        ]
        assert contents[0] == contents[1] == contents[2]


Boards.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_boards_merge = Boards.TestCase


def test_what_others_offer_is_passed_on_at_leisure_and_what_presses_at_once() -> None:
    net = Net(2)
    net.nodes[0].board.take(T, "x", capacity(5).wire)
    net.meet(T, 0, 1)
    net.nodes[0].board.take(Instant(T + MINUTE), "x", capacity(5, 1).wire)
    assert net.meet(Instant(T + 2 * MINUTE), 0, 1) == 0
    net.nodes[0].board.take(Instant(T + 3 * MINUTE), "x", revocation(5, 5).wire)
    assert net.meet(Instant(T + 4 * MINUTE), 0, 1) > 0
    assert net.nodes[1].board.end(key(5)) is not None
