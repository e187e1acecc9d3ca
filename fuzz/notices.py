"""Notices, proofs and gossip messages from a peer, onto a board."""

from __future__ import annotations

from network.notice_words import T, capacity, introduction, key, revocation
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.core.encoding import canonical_pack
from orbitalcloud.network import gossip
from orbitalcloud.network.notice_board import BoardLimits, NoticeBoard
from orbitalcloud.network.notices import is_signed, prove_two_faced, read_notice

LIMITS = BoardLimits(strangers=16, stranger_ends=16, peer_burst=1 << 30)


def corpus() -> dict[str, bytes]:
    """A notice of each kind, a proof, and messages with them."""
    one, two = capacity(1, waiting=1), capacity(1, waiting=2)
    spoken = introduction(1, key(7))
    words = {"capacity": one.wire, "introduction": spoken.wire, "revocation": revocation(7, 1, spoken.wire).wire}
    proof = prove_two_faced(one, two).wire
    news = canonical_pack(gossip.News(tuple(words.values()), (proof,)))
    node = gossip.Gossip(NoticeBoard(key(1)))
    node.board.publish(one)
    return words | {"proof": proof, "news": news, "summary": node.opened(T, "peer")[0]}


def target(data: bytes) -> None:
    """As a notice, as a proof, as a message; what is kept was signed, and the board stays within its bounds."""
    board = NoticeBoard(key(99), None, LIMITS)
    for take in (board.take, board.take_proof, lambda _, __, wire: _message(board, wire)):
        try:
            take(T, "peer", data)
        except RemoteProtocolError:
            continue
    assert len(board) <= LIMITS.strangers
    for signed in board.held():
        assert is_signed(signed)
        assert read_notice(signed.wire) == signed


def _message(board: NoticeBoard, data: bytes) -> None:
    node = gossip.Gossip(board)
    message = gossip.read_message(data, node.limits.message_bytes)
    sent = sum(map(len, node.heard(T, "peer", message)))
    assert sent <= node.limits.contact_bytes
    if isinstance(message, gossip.News):
        for take, wires in ((board.take, message.notices), (board.take_proof, message.proofs)):
            for wire in wires:
                try:
                    take(T, "peer", wire)
                except RemoteProtocolError:
                    continue
