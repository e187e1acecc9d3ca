"""Notices and the board: what is believed, what is refused, what is kept; hostile ones by hand."""

from __future__ import annotations

import msgspec
import pytest

from network.notice_words import T_S, T, capacity, introduction, key, private, revocation
from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant, RemoteProtocolError
from orbitalcloud.network import identity
from orbitalcloud.network import notices as n
from orbitalcloud.network.identity import Petnames
from orbitalcloud.network.notice_board import BoardLimits, NoticeBoard


def board(limits: BoardLimits | None = None, **names: int) -> NoticeBoard:
    return NoticeBoard(key(99), Petnames({name: key(number) for name, number in names.items()}), limits)


def refused(check: str, on: NoticeBoard, wire: bytes, now: Instant = T, peer: str = "p") -> None:
    before = {signed.digest for signed in on.held()}
    with pytest.raises(RemoteProtocolError) as caught:
        on.take(now, peer, wire)
    assert caught.value.check == check
    assert {signed.digest for signed in on.held()} <= before


def test_the_newest_is_kept_and_an_old_one_does_nothing() -> None:
    on = board()
    first, second, rebooted = capacity(1, 0), capacity(1, 1), capacity(1, 0, epoch=2)
    assert on.take(T, "p", second.wire) == second
    assert on.take(T, "p", first.wire) is None
    assert on.take(T, "p", second.wire) is None
    assert on.take(T, "p", rebooted.wire) == rebooted
    assert list(on.capacities(T)) == [rebooted.notice]
    assert list(on.capacities(Instant(T + HOUR))) == []
    on.expire(Instant(T + HOUR))
    assert len(on) == 0


def test_a_capacity_notice_is_small() -> None:
    assert len(capacity(1).wire) < 220


# Hostile ones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(0, 190, 7))
def test_a_notice_with_any_byte_changed_is_refused(at: int) -> None:
    on, wire = board(), bytearray(capacity(1).wire)
    wire[at % len(wire)] ^= 1
    with pytest.raises(RemoteProtocolError):
        on.take(T, "p", bytes(wire))
    assert len(on) == 0


def test_a_notice_in_anothers_name_is_forged() -> None:
    forged = msgspec.structs.replace(capacity(1).notice, key=key(2))
    body = msgspec.msgpack.encode(forged)
    signature = identity.sign(private(1), n.DOMAIN, body)
    refused("notice-signature", board(), msgspec.msgpack.encode((body, signature)))


def test_a_signature_for_another_use_is_none() -> None:
    body = msgspec.msgpack.encode(capacity(1).notice)
    signature = identity.sign(private(1), b"orbital-other/1", body)
    refused("notice-signature", board(), msgspec.msgpack.encode((body, signature)))


def test_times_are_bounded() -> None:
    on = board()
    refused("notice-future", on, capacity(1, at=T_S + 601).wire)
    refused("notice-expired", on, capacity(1, at=T_S - 3600).wire)
    long = msgspec.structs.replace(capacity(1).notice, expires_s=T_S + 86_401)
    refused("notice-lifetime", on, n.sign_notice(long, private(1)).wire)


@pytest.mark.parametrize(
    ("wire", "check"),
    [
        (b"", "notice-form"),
        (bytes(n.MAX_NOTICE_BYTES + 1), "notice-size"),
        (b"\x91" * 2000, "notice-form"),
        (b"\xdd\xff\xff\xff\xff", "notice-form"),
        (b"\xc6\xff\xff\xff\xff", "notice-form"),
        (b"\x92\xc4\x01\x00\xc4\x40" + bytes(64), "notice-form"),
    ],
)
def test_bombs_are_refused(wire: bytes, check: str) -> None:
    refused(check, board(), wire)


def test_another_encoding_of_the_same_is_refused() -> None:
    signed = capacity(1)
    outer = msgspec.msgpack.decode(signed.wire)
    refused(
        "notice-canonical", board(), b"\x92\xc5" + len(outer[0]).to_bytes(2, "big") + outer[0] + b"\xc4\x40" + outer[1]
    )
    assert b"\x01\x00\xce" in outer[0]
    padded = outer[0].replace(b"\x01\x00\xce", b"\xcc\x01\x00\xce", 1)  # epoch 1 in two bytes
    signature = identity.sign(private(1), n.DOMAIN, padded)
    refused("notice-canonical", board(), msgspec.msgpack.encode((padded, signature)))


def test_a_key_that_is_nobodys_says_nothing() -> None:
    neutral = (1).to_bytes(32, "little")
    body = msgspec.msgpack.encode(msgspec.structs.replace(capacity(1).notice, key=neutral))
    refused("notice-key", board(), msgspec.msgpack.encode((body, neutral + bytes(32))))


def test_a_bound_name_is_its_keys_alone() -> None:
    on = board(genesis=1)
    refused("notice-binding", on, capacity(2, name="genesis").wire)
    assert on.take(T, "p", capacity(1, name="genesis").wire) is not None


# Ends of keys -------------------------------------------------------------------------------------------------------


def test_two_notices_of_one_version_prove_a_key_two_faced() -> None:
    on = board()
    one, two = capacity(1, waiting=1), capacity(1, waiting=2)
    on.take(T, "p", one.wire)
    end = on.take(T, "p", two.wire)
    assert isinstance(end, n.End)
    assert end.reason == "two-faced"
    assert len(on) == 0
    refused("notice-ended", on, capacity(1, 5).wire)
    other = board()
    other.take(T, "q", capacity(1, 7).wire)
    assert other.take_proof(T, "q", end.wire) == end  # anyone can check it, whatever it holds itself
    assert other.take_proof(T, "q", end.wire) is None
    assert len(other) == 0
    reverse = board()
    reverse.take(T, "p", two.wire)
    assert reverse.take(T, "p", one.wire) == end


def test_a_proof_that_proves_nothing_ends_nobody() -> None:
    on = board()
    same, later = capacity(1), capacity(1, 1)
    for first, second, check in (
        (same.wire, same.wire, "proof-empty"),
        (same.wire, later.wire, "proof-empty"),
        (same.wire, capacity(2).wire, "proof-empty"),
    ):
        with pytest.raises(RemoteProtocolError, match=check):
            on.take_proof(T, "p", msgspec.msgpack.encode((first, second)))
    forged = msgspec.msgpack.encode(msgspec.structs.replace(same.notice, waiting=9))
    bad = msgspec.msgpack.encode((forged, bytes(64)))
    pair = sorted((same.wire, bad), key=lambda wire: n.read_notice(wire).digest)
    with pytest.raises(RemoteProtocolError, match="proof-signature"):
        on.take_proof(T, "p", msgspec.msgpack.encode(tuple(pair)))
    assert not list(on.ends())


def test_a_revoked_key_is_believed_no_more_and_only_who_may_revokes() -> None:
    on = board()
    on.take(T, "p", capacity(1).wire)
    refused("notice-form", on, revocation(2, 1).wire)  # a stranger, with nothing to show
    shown = introduction(1, operator=key(7))
    refused("revocation-right", on, revocation(2, 1, shown.wire).wire)
    refused("revocation-right", on, revocation(7, 3, shown.wire).wire)
    assert on.end(key(1)) is None
    end = on.take(T, "p", revocation(7, 1, shown.wire).wire)
    assert isinstance(end, n.End)
    assert end.reason == "revoked-by-operator"
    refused("notice-ended", on, capacity(1, 9).wire)
    holder = board()
    ended = holder.take(T, "p", revocation(1, 1).wire)
    assert isinstance(ended, n.End)
    assert ended.reason == "revoked"
    assert holder.take(Instant(T + 900 * DAY), "p", revocation(1, 1).wire) is None


def test_a_key_thief_cannot_change_the_operator() -> None:
    on = board()
    on.take(T, "p", introduction(1, operator=key(7)).wire)
    end = on.take(T, "p", introduction(1, operator=key(8), sequence=5).wire)
    assert isinstance(end, n.End)
    assert end.reason == "two-faced"


# Floods -------------------------------------------------------------------------------------------------------------


def test_a_flood_is_stopped_before_its_signatures_are_checked() -> None:
    on = board(BoardLimits(peer_burst=5), p=50, q=51)
    for number in range(5):
        on.take(T, "p", capacity(number + 1).wire)
    n.is_signed.cache_clear()
    refused("notice-flood", on, capacity(9).wire)
    assert n.is_signed.cache_info().misses == 0
    assert on.take(T, "q", capacity(9).wire) is not None
    assert on.take(Instant(T + SECOND), "p", capacity(10).wire) is not None


def test_strangers_share_one_bucket_whatever_they_call_themselves() -> None:
    on = board(BoardLimits(peer_burst=5))
    for number in range(5):
        on.take(T, f"sybil-{number}", capacity(number + 1).wire)
    refused("notice-flood", on, capacity(9).wire, peer="sybil-9")


def test_a_key_that_changes_too_often_is_slowed_and_forgeries_do_not_slow_it() -> None:
    on = board(BoardLimits(key_burst=3))
    for sequence in range(20):
        forged = bytearray(capacity(1, 100 + sequence).wire)
        forged[-1] ^= 1
        refused("notice-signature", on, bytes(forged))
    for sequence in range(3):
        assert on.take(T, "p", capacity(1, sequence).wire) is not None
    refused("notice-rate", on, capacity(1, 3).wire)
    assert on.take(Instant(T + MINUTE), "p", capacity(1, 4).wire) is not None


def test_a_swarm_displaces_itself_and_nobody_known_or_met() -> None:
    limits = BoardLimits(strangers=10, peer_burst=10_000)
    on = board(limits, friend=1, honest=60, evil=61)
    on.take(T, "honest", capacity(1).wire)
    on.take(T, "honest", capacity(2).wire)
    on.meet(key(2))
    for number in range(100, 200):
        if number < 110:
            on.take(T, "evil", capacity(number).wire)
        else:
            refused("notice-room", on, capacity(number).wire, peer="evil")
    for number in range(10, 15):  # other strangers still find room: the swarm's own is taken
        assert on.take(T, "honest", capacity(number).wire) is not None
    kept = {signed.notice.key for signed in on.held()}
    assert len(kept) == 12
    assert {key(1), key(2), *(key(number) for number in range(10, 15))} <= kept


def test_ends_of_strangers_are_bounded_and_those_of_the_known_stay() -> None:
    on = board(BoardLimits(stranger_ends=4), friend=1)
    on.take(T, "p", revocation(1, 1).wire)
    for number in range(100, 120):
        on.take(T, "p", revocation(number, number).wire)
    assert len(list(on.ends())) == 5
    assert on.end(key(1)) is not None
