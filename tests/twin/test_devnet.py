"""The development beacon chain: what it serves verifies as mainnet's data do, and so does a week of silence end."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant, RemoteProtocolError, Seed, parse_instant, records
from orbitalcloud.core.effects import Record
from orbitalcloud.ethereum import ELECTRA_CROSSING, FULU_HEAD, MAINNET, LightClient, Wallet, verify_header
from orbitalcloud.ethereum.codec import decode_bootstrap
from orbitalcloud.ethereum.lot import lot_of
from orbitalcloud.ethereum.proofs import transaction_branch, verify_transaction_branch
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.node import VerificationFacts
from orbitalcloud.node.orders import LabelledUpdate
from orbitalcloud.node.trust import VerificationDesk
from orbitalcloud.twin import devnet
from orbitalcloud.twin.chain import InProcessChain
from orbitalcloud.twin.devnet import LAUNCH_SLOT, SLOT_S, DevBeacon, Validators, devnet_config

STARTS = parse_instant("2026-03-20T12:00:00Z")
SEED = Seed.of(7).child("devnet")
ETHER = 10**18
WALLET = Wallet.born(bytes(range(32)))


def later(nanoseconds: int) -> Instant:
    return Instant(STARTS + nanoseconds)


@pytest.fixture
def beacon() -> DevBeacon:
    made = DevBeacon(devnet_config(SEED, STARTS), Validators(SEED))
    made.chain = InProcessChain(31337, {WALLET.address: ETHER}, STARTS, SLOT_S, b"chance")
    return made


def client(beacon: DevBeacon) -> LightClient:
    slot = beacon.config.slot_at(STARTS)
    return LightClient.bootstrap(beacon.config, beacon.checkpoint, beacon.bootstrap(), current_slot=slot, strict=True)


def follow(found: LightClient, beacon: DevBeacon, at: Instant) -> int:
    """Bring the client to the head of `at` as a station does; how many bytes that took."""
    start = found.period + found.next_committee_known
    brought = [*beacon.updates(start, 16, at), beacon.finality_update(at)]
    for raw in brought:
        found.update(raw, beacon.config.slot_at(at))
    return sum(map(len, brought))


def pay(beacon: DevBeacon, nonce: int, at: Instant) -> int:
    """Send a transfer; the number of its block."""
    signed = WALLET.sign_transaction(31337, nonce, "0x" + "35" * 20, 10**15, 21_000, 3 * 10**9, 10**9)
    assert beacon.chain is not None
    beacon.advance(at)
    receipt = beacon.chain.receipt(beacon.chain.send_raw_transaction(signed.raw, at))
    assert receipt is not None
    return receipt.block_number


def test_a_head_is_an_execution_block_of_the_evm(beacon: DevBeacon) -> None:
    """The light client's verified header, py-evm's header, and the payload's SSZ root name the same block."""
    assert beacon.chain is not None
    number = pay(beacon, 0, later(100 * SECOND))
    found = client(beacon)
    follow(found, beacon, later(148 * SECOND))
    head = found.optimistic
    assert head.slot == LAUNCH_SLOT + 148 // SLOT_S - 1
    assert head.execution.timestamp == beacon.config.instant_of_slot(head.slot) // SECOND
    assert head.execution.block_number == number + 1, "an empty block was made where somebody looked"
    above = verify_header(head.execution.block_hash, beacon.chain.raw_header(number + 1))
    assert above.parent_hash == keccak256(beacon.chain.raw_header(number))
    block = next(one for one in beacon._made() if one.header.execution.block_number == number)
    raw = beacon.chain.raw_transactions(number)
    verify_transaction_branch(block.header.execution.transactions_root, 0, raw[0], transaction_branch(raw, 0))
    assert verify_header(block.header.execution.block_hash, beacon.chain.raw_header(number)).gas_used == 21_000


def test_finality_comes_two_epochs_behind(beacon: DevBeacon) -> None:
    found = client(beacon)
    follow(found, beacon, later(2 * HOUR))
    behind = found.optimistic.slot - found.finalized.slot
    assert 64 <= behind < 96
    assert found.finalized.slot % 32 == 0


def test_the_same_seed_and_payments_make_the_same_bytes_also_after_a_pickle(beacon: DevBeacon) -> None:
    pay(beacon, 0, later(5 * MINUTE))
    served = beacon.finality_update(later(HOUR))
    thawed: DevBeacon = pickle.loads(pickle.dumps(beacon))
    assert thawed.finality_update(later(HOUR)) == served
    assert thawed.updates(0, 4, later(HOUR)) == beacon.updates(0, 4, later(HOUR))
    other = Seed.of(8).child("devnet")
    assert DevBeacon(devnet_config(other, STARTS), Validators(other)).checkpoint != beacon.checkpoint


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_byte_of_an_update_can_be_changed(data: st.DataObject) -> None:
    beacon = DevBeacon(devnet_config(SEED, STARTS), Validators(SEED))
    beacon.chain = InProcessChain(31337, {}, STARTS, SLOT_S, b"chance")
    at = later(30 * MINUTE)
    raw = bytearray(beacon.updates(0, 1, at)[0])
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    found = client(beacon)
    with pytest.raises(RemoteProtocolError):
        found.update(bytes(raw), beacon.config.slot_at(at))


def test_another_missions_committee_is_nobody_here(beacon: DevBeacon) -> None:
    other = Seed.of(8).child("devnet")
    theirs = DevBeacon(devnet_config(other, STARTS), Validators(other))
    theirs.chain = InProcessChain(31337, {}, STARTS, SLOT_S, b"chance")
    at = later(HOUR)
    with pytest.raises(RemoteProtocolError) as refused:
        client(beacon).update(theirs.finality_update(at), beacon.config.slot_at(at))
    assert refused.value.check == "sync-committee-signature"


# Silence -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "periods", "most"), [(0.5, 0, 6_000), (1.5, 1, 10_000), (7, 6, 26_000)])
def test_after_silence_an_update_a_period_leads_to_the_head(
    beacon: DevBeacon, days: float, periods: int, most: int
) -> None:
    """A week is 7 × 7,200 slots, six periods of 8,192: so many updates, and the head is a slot old again."""
    found = client(beacon)
    follow(found, beacon, later(HOUR))
    at = later(round(HOUR + days * DAY))
    size = follow(found, beacon, at)
    assert found.period == periods
    assert beacon.config.slot_at(at) - found.optimistic.slot == 1
    assert size <= most


def test_without_them_the_present_is_refused(beacon: DevBeacon) -> None:
    """Nobody here knows today's committee: its signature is no reason to believe anything."""
    found = client(beacon)
    follow(found, beacon, later(HOUR))
    at = later(7 * DAY)
    with pytest.raises(RemoteProtocolError) as refused:
        found.update(beacon.finality_update(at), beacon.config.slot_at(at))
    assert refused.value.check == "period"


def test_a_chain_that_lost_finality_is_followed_by_force_only(
    beacon: DevBeacon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the committee stays away: nothing is final, and only `force_update`, which a satellite never calls by
    itself, takes the best that was seen."""
    monkeypatch.setattr(devnet, "ABSENT_PPM", 500_000)
    found, at = client(beacon), later(HOUR)
    follow(found, beacon, at)
    assert found.finalized.slot < LAUNCH_SLOT
    assert found.optimistic.slot < LAUNCH_SLOT or found.store.best_valid_update is not None
    assert found.force_update(beacon.config.slot_at(later(26 * HOUR))) is None
    progress = found.force_update(beacon.config.slot_at(later(7 * DAY)))
    assert progress is not None
    assert progress.finalized_slot > LAUNCH_SLOT


def test_after_the_weak_subjectivity_limit_nothing_is_taken(beacon: DevBeacon) -> None:
    limit = 14 * 7_200
    facts = VerificationFacts(beacon.config, beacon.checkpoint, beacon.bootstrap(), limit)
    for days, check in ((13, ""), (15, "weak-subjectivity")):
        desk = VerificationDesk("sat", facts)
        list(desk.restore(STARTS, {}))
        at = later(days * DAY)
        effects = [
            effect
            for raw in beacon.updates(0, 16, at)[:1]
            for effect in desk.take(at, LabelledUpdate("late", raw), len(raw))
        ]
        refused = [
            effect.entry.check
            for effect in effects
            if isinstance(effect, Record) and isinstance(effect.entry, records.UpdateRefused)
        ]
        assert refused == ([check] if check else [])


# The lot -------------------------------------------------------------------------------------------------------------


def test_the_lot_is_drawn_from_a_verified_heads_mix(beacon: DevBeacon) -> None:
    found = client(beacon)
    follow(found, beacon, later(HOUR))
    assert beacon.chain is not None
    lot = lot_of(found.optimistic, b"j" * 32, 2, 4 * ETHER)
    assert lot.mix == beacon.chain.header(found.optimistic.execution.block_number).mix_hash != bytes(32)
    stakes = {f"0x{number:040x}": ETHER for number in range(1, 5)}
    executor = f"0x{1:040x}"
    assert lot.drawn(stakes, executor, 8) == tuple(sorted(stakes))[1:], "all but the executor, after long patience"
    with pytest.raises(RemoteProtocolError) as refused:
        lot_of(decode_bootstrap(beacon.config, beacon.bootstrap()).header, b"j" * 32, 2, ETHER)
    assert refused.value.check == "lot-mix"


@pytest.mark.parametrize("sequence", [ELECTRA_CROSSING, FULU_HEAD], ids=lambda one: one.name)
def test_the_lot_is_drawn_from_mainnets_mix(sequence) -> None:
    """The mix stands where consensus-specs put `prev_randao`: after parent hash, recipient, two roots and bloom."""
    raw = sequence.bootstrap_bytes()
    found = LightClient.bootstrap(MAINNET, sequence.checkpoint_root, raw)
    at = raw.index(found.optimistic.execution.parent_hash)
    mix = raw[at + 32 + 20 + 32 + 32 + 256 :][:32]
    assert lot_of(found.optimistic, b"j" * 32, 2, ETHER).mix == mix
