"""A beacon chain of our own making (minimal preset, Altair), so that thresholds and long histories can be played.

The keys, states and branches are made here with the BLS library and hashlib only; nothing of the code under test signs
or proves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import MINIMAL_PRESET, ChainConfig, Fork, ForkEntry, LightClient
from orbitalcloud.ethereum.codec import encode_bootstrap, encode_update
from orbitalcloud.ethereum.types import (
    EMPTY_HEADER,
    NO_COMMITTEE_BRANCH,
    NO_FINALITY_BRANCH,
    BeaconBlockHeader,
    LightClientBootstrap,
    LightClientHeader,
    LightClientUpdate,
    SyncAggregate,
    SyncCommittee,
    no_committee,
)

CONFIG = ChainConfig("ours", MINIMAL_PRESET, b"\x0c" * 32, 0, 6, (ForkEntry(Fork.ALTAIR, b"\1\0\0\1", 0),))
SIZE, PERIOD = 32, 64
CURRENT, FOLLOWING, FINALIZED = 54, 55, 105
DST = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"


def digest(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def secret(period: int, member: int) -> Scalar:
    return Scalar.from_be_bytes_mod_order(digest(b"secret", bytes([period, member])))


@lru_cache(maxsize=32)
def committee(period: int) -> SyncCommittee:
    points = [G1Point() * secret(period, member) for member in range(SIZE)]
    total = G1Point.identity()
    for point in points:
        total = total + point
    keys = b"".join(bytes(point.to_compressed_bytes()) for point in points)
    return SyncCommittee(keys, bytes(total.to_compressed_bytes()))


def prove(leaves: dict[int, bytes], salt: bytes) -> tuple[bytes, dict[int, tuple[bytes, ...]]]:
    """The root of a tree with these leaves (the rest is noise) and each leaf's branch, bottom first."""

    def node(at: int) -> bytes:
        if at in leaves:
            return leaves[at]
        below = any(leaf >> (leaf.bit_length() - at.bit_length()) == at for leaf in leaves if leaf > at)
        return digest(node(2 * at), node(2 * at + 1)) if below else digest(salt, at.to_bytes(2, "big"))

    def branch(leaf: int) -> tuple[bytes, ...]:
        return tuple(node(leaf >> height ^ 1) for height in range(leaf.bit_length() - 1))

    return node(1), {leaf: branch(leaf) for leaf in leaves}


def block(slot: int, finalized: int | None) -> tuple[LightClientHeader, dict[int, tuple[bytes, ...]]]:
    """The one block of our chain at `slot`, whose state holds `finalized` as final, with its branches."""
    period = slot // PERIOD
    final = block(finalized, None)[0].beacon.root if finalized is not None else bytes(32)
    leaves = {CURRENT: committee(period).root, FOLLOWING: committee(period + 1).root, FINALIZED: final}
    root, branches = prove(leaves, slot.to_bytes(4, "big"))
    return LightClientHeader(BeaconBlockHeader(slot, 7, b"\1" * 32, root, b"\2" * 32)), branches


def signed(header: LightClientHeader, slot: int, members: list[int], period: int | None = None) -> SyncAggregate:
    """The signature of these members of the committee in charge at `slot` (or of another one)."""
    version_root = digest(b"\1\0\0\1".ljust(32, b"\0"), CONFIG.genesis_validators_root)
    message = digest(header.beacon.root, b"\7\0\0\0" + version_root[:28])
    total = Scalar.from_be_bytes_mod_order(bytes(32))
    for member in members:
        total = total + secret(slot // PERIOD if period is None else period, member)
    point = G2Point.hash_to_curve(message, DST) * total
    bits = sum(1 << member for member in members).to_bytes(SIZE // 8, "little")
    return SyncAggregate(bits, bytes(point.to_compressed_bytes()))


def update(
    attested: int, finalized: int | None, members: list[int], *, following: bool = True, by: int | None = None
) -> LightClientUpdate:
    header, branches = block(attested, finalized)
    brings = following
    return LightClientUpdate(
        header,
        committee(attested // PERIOD + 1) if brings else no_committee(SIZE),
        branches[FOLLOWING] if brings else NO_COMMITTEE_BRANCH[1:],
        block(finalized, None)[0] if finalized is not None else EMPTY_HEADER,
        branches[FINALIZED] if finalized is not None else NO_FINALITY_BRANCH[1:],
        signed(header, attested + 1, members, by),
        attested + 1,
    )


def raw(value: LightClientUpdate) -> bytes:
    padded = replace(
        value,
        next_sync_committee_branch=(bytes(32), *value.next_sync_committee_branch),
        finality_branch=(bytes(32), *value.finality_branch),
    )
    return encode_update(CONFIG, padded, Fork.ALTAIR)


def begin(slot: int = 8, **options: object) -> LightClient:
    header, branches = block(slot, None)
    value = LightClientBootstrap(header, committee(slot // PERIOD), (bytes(32), *branches[CURRENT]))
    data = encode_bootstrap(CONFIG, value, Fork.ALTAIR)
    return LightClient.bootstrap(CONFIG, header.beacon.root, data, **options)  # type: ignore[arg-type]


def some(count: int) -> list[int]:
    return [(7 * index) % SIZE for index in range(count)]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("count", "accepted", "final"),
    [(0, False, False), (10, False, False), (11, True, False), (21, True, False), (22, True, True), (32, True, True)],
)
def test_thirds(count: int, accepted: bool, final: bool, strict: bool) -> None:
    """A third to be heard (11 of 32), two thirds to be final (22 of 32)."""
    client = begin(strict=strict)
    if not accepted:
        with pytest.raises(RemoteProtocolError) as refused:
            client.update(raw(update(20, 16, some(count))), 21)
        assert refused.value.check == "participation"
        return
    progress = client.update(raw(update(20, 16, some(count))), 21)
    assert progress.finalized_advanced is progress.committee_changed is final
    assert progress.finalized_slot == (16 if final else 8)
    assert progress.optimistic_slot == 20
    assert (client.store.best_valid_update is None) is final


def test_the_specifications_floor_is_one_signer() -> None:
    client = begin(min_participants=1)
    assert not client.update(raw(update(20, 16, [3])), 21).finalized_advanced
    assert client.store.best_valid_update is not None


def test_an_optimistic_header_needs_more_than_half_of_the_most_seen() -> None:
    client = begin()
    assert client.update(raw(update(20, None, some(32), following=False)), 21).optimistic_slot == 20
    assert client.update(raw(update(22, None, some(16), following=False)), 23).optimistic_slot == 20
    assert client.update(raw(update(24, None, some(17), following=False)), 25).optimistic_slot == 24


def test_a_rotation_remembers_how_many_used_to_sign() -> None:
    """A thin update just after a rotation cannot move the optimistic head: the last period's turnout still counts."""
    client = begin()
    client.update(raw(update(20, 16, some(32))), 21)
    assert client.update(raw(update(PERIOD + 20, PERIOD + 8, some(32))), PERIOD + 21).period == 1
    slot = PERIOD + 24
    assert not client.update(raw(update(slot, None, some(16), following=False)), slot + 1).optimistic_advanced
    assert client.update(raw(update(slot, None, some(17), following=False)), slot + 1).optimistic_advanced


@pytest.mark.parametrize("strict", [False, True])
def test_another_committee_cannot_sign(strict: bool) -> None:
    client = begin(strict=strict)
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(raw(update(20, 16, some(32), by=5)), 21)
    assert refused.value.check == "sync-committee-signature"


def test_absent_members_cannot_be_claimed() -> None:
    value = update(20, 16, some(30))
    lie = replace(value, sync_aggregate=replace(value.sync_aggregate, sync_committee_bits=b"\xff" * 4))
    with pytest.raises(RemoteProtocolError) as refused:
        begin().update(raw(lie), 21)
    assert refused.value.check == "sync-committee-signature"


def test_silence_for_a_period_is_forced() -> None:
    """Half of the committee signs and nothing becomes final; after a period the best seen is taken."""
    client = begin()
    client.update(raw(update(20, 16, some(12))), 21)
    client.update(raw(update(24, 16, some(20))), 25)
    client.update(raw(update(28, 16, some(15))), 29)
    assert client.force_update(8 + PERIOD) is None
    progress = client.force_update(8 + PERIOD + 1)
    assert progress is not None
    assert (progress.finalized_slot, progress.committee_changed) == (16, True)
    assert client.update(raw(update(PERIOD + 20, PERIOD + 8, some(32))), PERIOD + 21).period == 1


STEP = st.tuples(st.integers(1, 40), st.integers(11, 32), st.booleans(), st.booleans(), st.integers(0, 3))


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=12))
def test_any_history_of_updates(steps: list[tuple[int, int, bool, bool, int]]) -> None:
    """Whatever comes, in strict mode and not: heads only advance, on our chain only, and a reboot changes nothing."""
    client, strict = begin(), begin(strict=True)
    slot = 8
    for ahead, count, final, following, trouble in steps:
        slot += ahead
        finalized = slot - 8 if final and slot >= 16 else None
        data = raw(update(slot, finalized, some(count), following=following))
        if trouble == 1:
            client = LightClient.from_bytes(CONFIG, client.to_bytes())
        before = client.store
        outcomes = []
        for each in (client, strict):
            try:
                outcomes.append(str(each.update(data, slot + 1)))
            except RemoteProtocolError as error:
                outcomes.append(error.check)
        assert outcomes[0] == outcomes[1]
        assert outcomes[0].startswith(("Progress", "period", "relevance"))
        assert client.store == strict.store
        assert client.finalized.slot >= before.finalized_header.slot
        assert client.optimistic.slot >= max(before.optimistic_header.slot, client.finalized.slot)
        mine, known = client.period, client.store.next_sync_committee
        assert client.store.current_sync_committee == committee(mine)
        assert known is None or known == committee(mine + 1)
        if trouble == 2:
            for each in (client, strict):
                each.force_update(slot + PERIOD)
