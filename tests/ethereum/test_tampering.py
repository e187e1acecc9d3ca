"""Lies told to the light client: each is refused, by the name of the check that caught it, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import (
    DENEB_RUN,
    ELECTRA_CROSSING,
    FULU_HEAD,
    MAINNET,
    Fork,
    ForkEntry,
    LightClient,
    decode_bootstrap,
    decode_update,
)
from orbitalcloud.ethereum.codec import encode_bootstrap, encode_update
from orbitalcloud.ethereum.sync_protocol import validate_bootstrap, validate_update
from orbitalcloud.ethereum.types import (
    EMPTY_HEADER,
    ExecutionHeader,
    LightClientUpdate,
    SyncAggregate,
    SyncCommittee,
)

RAW = ELECTRA_CROSSING.update_bytes()
GOOD = decode_update(MAINNET, RAW[0])
ELECTRA = decode_update(MAINNET, RAW[1])
NOW = 20_000_000
ZERO_BRANCH = {"next": (bytes(32),) * 6, "finality": (bytes(32),) * 7}


def flipped(value: Any) -> Any:
    """The same value with its lowest bit changed."""
    if isinstance(value, int):
        return value ^ 1
    if not value:
        return b"\1"
    return value[:-1] + bytes([value[-1] ^ 1])


def refused_by(client: LightClient, update: LightClientUpdate, now: int = NOW) -> str:
    """The check that refuses an update, having gone over the wire where its fork has such bytes."""
    before = client.store
    fork = MAINNET.fork_at_slot(GOOD.attested_header.slot)
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(encode_update(client.config, update, fork), now, fork=fork)
    assert client.store is before
    assert refused.value.detail
    return refused.value.check


def with_beacon(update: LightClientUpdate, header: str, **changes: Any) -> LightClientUpdate:
    whole = getattr(update, header)
    return replace(update, **{header: replace(whole, beacon=replace(whole.beacon, **changes))})


def with_execution(update: LightClientUpdate, header: str, **changes: Any) -> LightClientUpdate:
    whole = getattr(update, header)
    return replace(update, **{header: replace(whole, execution=replace(whole.execution, **changes))})


@pytest.fixture
def client(begin: Any) -> LightClient:
    return begin(ELECTRA_CROSSING)


def test_the_untouched_update_is_accepted(client: LightClient) -> None:
    assert client.update(RAW[0], NOW).committee_changed


@pytest.mark.parametrize("header", ["attested_header", "finalized_header"])
@pytest.mark.parametrize("field", [each.name for each in fields(ExecutionHeader)])
def test_every_execution_field(client: LightClient, header: str, field: str) -> None:
    old = getattr(getattr(GOOD, header).execution, field)
    assert refused_by(client, with_execution(GOOD, header, **{field: flipped(old)})) == "execution-branch"


@pytest.mark.parametrize(
    ("header", "field", "check"),
    [
        ("attested_header", "proposer_index", "sync-committee-signature"),
        ("attested_header", "parent_root", "sync-committee-signature"),
        ("attested_header", "slot", "sync-committee-signature"),
        ("attested_header", "state_root", "finality-branch"),
        ("attested_header", "body_root", "execution-branch"),
        ("finalized_header", "slot", "finality-branch"),
        ("finalized_header", "proposer_index", "finality-branch"),
        ("finalized_header", "parent_root", "finality-branch"),
        ("finalized_header", "state_root", "finality-branch"),
        ("finalized_header", "body_root", "execution-branch"),
    ],
)
def test_every_beacon_field(client: LightClient, header: str, field: str, check: str) -> None:
    old = getattr(getattr(GOOD, header).beacon, field)
    new = old - 1 if field == "slot" else flipped(old)
    assert refused_by(client, with_beacon(GOOD, header, **{field: new})) == check


@pytest.mark.parametrize(
    ("branch", "depth", "check"),
    [("finality_branch", 6, "finality-branch"), ("next_sync_committee_branch", 5, "next-sync-committee-branch")],
)
def test_every_sibling_of_each_branch(client: LightClient, branch: str, depth: int, check: str) -> None:
    whole = getattr(GOOD, branch)
    for at in range(len(whole) - depth, len(whole)):
        lie = (*whole[:at], flipped(whole[at]), *whole[at + 1 :])
        assert refused_by(client, replace(GOOD, **{branch: lie})) == check


@pytest.mark.parametrize("header", ["attested_header", "finalized_header"])
def test_every_sibling_of_the_execution_branches(client: LightClient, header: str) -> None:
    whole = getattr(GOOD, header)
    for at, sibling in enumerate(whole.execution_branch):
        branch = (*whole.execution_branch[:at], flipped(sibling), *whole.execution_branch[at + 1 :])
        assert (
            refused_by(client, replace(GOOD, **{header: replace(whole, execution_branch=branch)})) == "execution-branch"
        )


def test_every_key_of_the_next_committee(client: LightClient) -> None:
    committee = GOOD.next_sync_committee
    for at in range(512):
        keys = bytearray(committee.pubkeys)
        keys[48 * at + 47] ^= 1
        lie = replace(committee, pubkeys=bytes(keys))
        assert refused_by(client, replace(GOOD, next_sync_committee=lie)) == "next-sync-committee-branch"
    lie = replace(committee, aggregate_pubkey=flipped(committee.aggregate_pubkey))
    assert refused_by(client, replace(GOOD, next_sync_committee=lie)) == "next-sync-committee-branch"


def test_every_bit_of_participation(client: LightClient) -> None:
    aggregate = GOOD.sync_aggregate
    for at in range(0, 512, 16):  # each costs a pairing; one bit in every second byte
        bits = bytearray(aggregate.sync_committee_bits)
        bits[at // 8] ^= 1 << (at % 8)
        lie = replace(aggregate, sync_committee_bits=bytes(bits))
        assert refused_by(client, replace(GOOD, sync_aggregate=lie)) == "sync-committee-signature"


@pytest.mark.parametrize(
    "signature",
    [
        bytes(96),
        b"\xc0" + bytes(95),
        GOOD.sync_aggregate.sync_committee_signature[:-1] + b"\0",
        ELECTRA.sync_aggregate.sync_committee_signature,
        bytes([GOOD.sync_aggregate.sync_committee_signature[0] ^ 0x20])
        + GOOD.sync_aggregate.sync_committee_signature[1:],
    ],
    ids=["zero", "infinity", "off the curve", "another update's", "negated"],
)
def test_signatures(client: LightClient, signature: bytes) -> None:
    lie = replace(GOOD.sync_aggregate, sync_committee_signature=signature)
    assert refused_by(client, replace(GOOD, sync_aggregate=lie)) == "sync-committee-signature"


@pytest.mark.parametrize("count", [0, 1, 170])
def test_participation_below_a_third(client: LightClient, count: int) -> None:
    bits = ((1 << count) - 1).to_bytes(64, "little")
    lie = SyncAggregate(bits, GOOD.sync_aggregate.sync_committee_signature)
    assert refused_by(client, replace(GOOD, sync_aggregate=lie)) == "participation"


def test_a_third_is_enough_to_be_looked_at(client: LightClient) -> None:
    lie = SyncAggregate(((1 << 171) - 1).to_bytes(64, "little"), GOOD.sync_aggregate.sync_committee_signature)
    assert refused_by(client, replace(GOOD, sync_aggregate=lie)) == "sync-committee-signature"


def test_from_the_future(client: LightClient) -> None:
    assert refused_by(client, GOOD, GOOD.signature_slot - 1) == "future"
    assert client.update(RAW[0], GOOD.signature_slot).finalized_advanced


def test_replayed(client: LightClient) -> None:
    """An update of a period that is past is refused. The newest one again is valid (the specification takes any whose
    attested header is not final yet) and changes no head and no committee."""
    client.update(RAW[0], NOW)
    client.update(RAW[1], NOW)
    again = client.update(RAW[1], NOW)
    assert not any((again.finalized_advanced, again.optimistic_advanced, again.committee_changed))
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(RAW[0], NOW)
    assert refused.value.check == "period"


def test_older_than_what_is_final(begin: Any) -> None:
    client = begin(DENEB_RUN)
    raw = DENEB_RUN.update_bytes()[0]
    client.update(raw, NOW)
    value = decode_update(MAINNET, raw)
    old = replace(value, attested_header=value.finalized_header, signature_slot=value.finalized_header.slot + 1)
    with pytest.raises(RemoteProtocolError) as refused:
        validate_update(MAINNET, client.store, old, NOW)
    assert refused.value.check == "relevance"


def test_skipping_a_period(client: LightClient) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(RAW[1], NOW)
    assert refused.value.check == "period"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"signature_slot": GOOD.attested_header.slot}, "slot-order"),
        ({"signature_slot": 0}, "slot-order"),
        ({"signature_slot": 2**64 - 1}, "future"),
        ({"signature_slot": (1422 + 1) * 8192}, "period"),
        ({"finalized_header": EMPTY_HEADER}, "finality-branch"),
        ({"finality_branch": ZERO_BRANCH["finality"]}, "finality-branch"),
        ({"next_sync_committee_branch": ZERO_BRANCH["next"]}, "next-sync-committee"),
        ({"next_sync_committee": SyncCommittee(bytes(512 * 48), bytes(48))}, "next-sync-committee-branch"),
        ({"finalized_header": GOOD.attested_header}, "finality-branch"),
        ({"attested_header": GOOD.finalized_header}, "finality-branch"),
    ],
)
def test_parts_taken_away_or_exchanged(client: LightClient, change: dict[str, Any], check: str) -> None:
    assert refused_by(client, replace(GOOD, **change)) == check


def test_finalised_after_attested(client: LightClient) -> None:
    lie = with_beacon(GOOD, "finalized_header", slot=GOOD.attested_header.slot + 1)
    assert refused_by(client, lie) == "slot-order"


def test_another_next_committee_than_the_known_one(begin: Any) -> None:
    """Once the next committee is known, a second one is refused even before its proof is looked at."""
    client = begin(DENEB_RUN)
    first = DENEB_RUN.update_bytes()[0]
    client.update(first, NOW)
    value = decode_update(MAINNET, first)
    keys = value.next_sync_committee.pubkeys
    other = replace(value.next_sync_committee, pubkeys=keys[48:] + keys[:48])
    client.store = replace(
        client.store,
        finalized_header=replace(
            value.finalized_header, beacon=replace(value.finalized_header.beacon, slot=value.attested_header.slot - 1)
        ),
    )
    with pytest.raises(RemoteProtocolError) as refused:
        validate_update(MAINNET, client.store, replace(value, next_sync_committee=other), NOW)
    assert refused.value.check == "next-sync-committee"


CHAINS: dict[str, Callable[[], Any]] = {
    "another genesis": lambda: replace(MAINNET, genesis_validators_root=b"\x01" * 32),
    "another fork version": lambda: replace(
        MAINNET,
        schedule=tuple(
            ForkEntry(each.fork, b"\x90\x00\x00\x73", each.epoch) if each.fork is Fork.DENEB else each
            for each in MAINNET.schedule
        ),
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_signed_for_another_chain(begin: Any, name: str) -> None:
    client = begin(ELECTRA_CROSSING, CHAINS[name]())
    assert refused_by(client, GOOD) == "sync-committee-signature"


@pytest.mark.parametrize("fork", [Fork.ALTAIR, Fork.CAPELLA, Fork.ELECTRA])
def test_bytes_of_another_fork(client: LightClient, fork: Fork) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(RAW[0], NOW, fork=fork)
    assert refused.value.check in ("fork", "ssz")


def test_a_slot_of_another_fork_than_the_shape() -> None:
    """A Deneb-shaped update that names an Electra slot has no reading."""
    lie = with_beacon(GOOD, "attested_header", slot=ELECTRA.attested_header.slot)
    with pytest.raises(RemoteProtocolError) as refused:
        decode_update(MAINNET, encode_update(MAINNET, lie, Fork.DENEB))
    assert refused.value.check == "fork"


def test_before_the_first_light_client_fork(client: LightClient) -> None:
    assert refused_by(client, with_beacon(GOOD, "finalized_header", slot=1)) == "fork"


# ------------------------------------------------------------------------------------------------ bootstrap

BOOT = decode_bootstrap(MAINNET, ELECTRA_CROSSING.bootstrap_bytes())


def boot_refused_by(lie: Any) -> str:
    raw = encode_bootstrap(MAINNET, lie, Fork.DENEB)
    with pytest.raises(RemoteProtocolError) as refused:
        LightClient.bootstrap(MAINNET, ELECTRA_CROSSING.checkpoint_root, raw, fork=Fork.DENEB)
    return refused.value.check


@pytest.mark.parametrize("field", ["slot", "proposer_index", "parent_root", "state_root"])
def test_bootstrap_of_another_block(field: str) -> None:
    beacon = replace(BOOT.header.beacon, **{field: flipped(getattr(BOOT.header.beacon, field))})
    assert boot_refused_by(replace(BOOT, header=replace(BOOT.header, beacon=beacon))) == "checkpoint"


def test_bootstrap_with_another_committee() -> None:
    committee = BOOT.current_sync_committee
    check = "current-sync-committee-branch"
    lie = replace(committee, pubkeys=flipped(committee.pubkeys))
    assert boot_refused_by(replace(BOOT, current_sync_committee=lie)) == check
    lie = replace(committee, aggregate_pubkey=flipped(committee.aggregate_pubkey))
    assert boot_refused_by(replace(BOOT, current_sync_committee=lie)) == check
    branch = BOOT.current_sync_committee_branch
    for at in range(1, 6):
        siblings = (*branch[:at], flipped(branch[at]), *branch[at + 1 :])
        assert boot_refused_by(replace(BOOT, current_sync_committee_branch=siblings)) == check


def test_bootstrap_with_another_execution_part() -> None:
    execution = replace(BOOT.header.execution, state_root=bytes(32))
    assert boot_refused_by(replace(BOOT, header=replace(BOOT.header, execution=execution))) == "execution-branch"


def test_another_checkpoint_than_the_trusted_one() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        validate_bootstrap(MAINNET, BOOT, DENEB_RUN.checkpoint_root)
    assert refused.value.check == "checkpoint"


def test_checkpoints_of_the_wrong_age(begin: Any) -> None:
    slot = BOOT.header.slot
    for options, check in (
        ({"current_slot": slot - 1}, "future"),
        ({"current_slot": slot + 101, "max_age_slots": 100}, "weak-subjectivity"),
    ):
        with pytest.raises(RemoteProtocolError) as refused:
            begin(ELECTRA_CROSSING, **options)
        assert refused.value.check == check
    begin(ELECTRA_CROSSING, current_slot=slot + 100, max_age_slots=100)


@pytest.mark.parametrize("strict", [False, True])
def test_a_committee_whose_keys_are_no_keys(begin: Any, strict: bool) -> None:
    """Cannot come under a proof; if it were in a store all the same, nothing is verified with it."""
    client = begin(ELECTRA_CROSSING, strict=strict)
    bad = replace(client.store.current_sync_committee, aggregate_pubkey=b"\xc0" + bytes(47))
    client.store = replace(client.store, current_sync_committee=bad)
    assert refused_by(client, GOOD) == "committee-key"
    keys = bytes(48) + client.store.current_sync_committee.pubkeys[48:]
    good_aggregate = BOOT.current_sync_committee.aggregate_pubkey
    client.store = replace(client.store, current_sync_committee=SyncCommittee(keys, good_aggregate))
    if strict:  # the fast path does not touch a present member's key
        assert refused_by(client, GOOD) == "committee-key"


def test_strict_mode_checks_that_the_keys_add_up(begin: Any) -> None:
    client = begin(ELECTRA_CROSSING, strict=True)
    committee = client.store.current_sync_committee
    keys = committee.pubkeys[48:96] + committee.pubkeys[48:]
    client.store = replace(client.store, current_sync_committee=replace(committee, pubkeys=keys))
    assert refused_by(client, GOOD) == "committee-key"


# ------------------------------------------------------------------------------------------------ raw bytes


@pytest.mark.parametrize("sequence", [ELECTRA_CROSSING, FULU_HEAD], ids=lambda each: each.name)
def test_truncated_or_extended(begin: Any, sequence: Any) -> None:
    """Strict offsets catch nearly all; cutting or padding the extra data at the very end is caught by its proof."""
    client, raw = begin(sequence), sequence.update_bytes()[0]
    sizes = [*range(0, 1200, 37), *range(1200, len(raw), 1931), len(raw) - 30, len(raw) - 1]
    for lie in [*(raw[:size] for size in sizes), *(raw + bytes(extra) for extra in (1, 8, 31, 33, 4096))]:
        with pytest.raises(RemoteProtocolError) as refused:
            client.update(lie, NOW)
        assert refused.value.check in ("fork", "ssz", "size", "execution-branch")


def test_oversized() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        decode_update(MAINNET, bytes(10_000_000))
    assert refused.value.check == "size"
    with pytest.raises(RemoteProtocolError) as refused:
        decode_bootstrap(MAINNET, bytes(10_000_000))
    assert refused.value.check in ("size", "fork")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_few_bytes_changed_is_refused_or_the_same(data: st.DataObject) -> None:
    """Only what no signature covers may change: the signature slot within its period and fork."""
    client = LightClient.bootstrap(MAINNET, ELECTRA_CROSSING.checkpoint_root, ELECTRA_CROSSING.bootstrap_bytes())
    raw = bytearray(RAW[0])
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    before, check = client.store, ""
    try:
        client.update(bytes(raw), NOW)
    except RemoteProtocolError as error:
        check = error.check
    if check:
        assert client.store is before
    else:
        tampered = decode_update(MAINNET, bytes(raw))
        assert replace(tampered, signature_slot=GOOD.signature_slot) == GOOD


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_garbage_is_refused(raw: bytes) -> None:
    for decode in (decode_update, decode_bootstrap):
        with pytest.raises(RemoteProtocolError):
            decode(MAINNET, raw)
