"""The Altair light-client sync protocol, cut as the specification cuts it.

`validate_*` only checks, and names the check that fails; `apply_*` only changes, and returns the changed store;
`process_*` is what a client calls. Bytes, clocks and networks are elsewhere: the caller says which slot it is.

The checks, by the name that a refusal carries:

    participation               too few of the committee signed
    execution-branch            a header's execution part is not in the block that it names
    future                      signed in a slot that has not come
    slot-order                  not signature slot > attested slot ≥ finalised slot
    period                      signed by a committee that this store cannot know
    relevance                   tells nothing that the store does not know (a replay)
    finality-branch             the finalised header is not in the attested state, or there without a proof
    next-sync-committee         the next committee differs from the one that is known, or is there without a proof
    next-sync-committee-branch  the next committee is not in the attested state
    committee-key               a member's key that is needed is not a valid key
    sync-committee-signature    the participants did not sign this header on this fork of this chain
    checkpoint, current-sync-committee-branch   (bootstrap) not the trusted block; committee not in its state
    fork                        a slot before the light client's first fork

Source: ethereum/consensus-specs v1.6.0-beta.0, specs/{altair,capella,deneb,electra}/light-client/sync-protocol.md.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import bls
from orbitalcloud.ethereum.codec import execution_root, is_empty_execution
from orbitalcloud.ethereum.committee import participants_key
from orbitalcloud.ethereum.forks import EXECUTION_PAYLOAD_GINDEX, SHAPES, ChainConfig
from orbitalcloud.ethereum.ssz import ZERO32, is_valid_branch
from orbitalcloud.ethereum.store import LightClientStore
from orbitalcloud.ethereum.types import EMPTY_HEADER, LightClientBootstrap, LightClientHeader, LightClientUpdate

GENESIS_SLOT = 0
MIN_SYNC_COMMITTEE_PARTICIPANTS = 1


def _require(holds: bool, check: str, detail: str) -> None:
    if not holds:
        raise RemoteProtocolError(check, detail)


# ---------------------------------------------------------------------------------------------- validation


def validate_header(config: ChainConfig, header: LightClientHeader, whose: str) -> None:
    """The specification's `is_valid_light_client_header`, by the fork of the header's own slot."""
    shape = SHAPES[config.fork_at_slot(header.slot)]
    execution = header.execution
    if not shape.execution:
        _require(is_empty_execution(header), "execution-branch", f"{whose} header is older than its execution part")
        return
    if not shape.blob_gas:
        blobs = execution.blob_gas_used or execution.excess_blob_gas
        _require(not blobs, "execution-branch", f"{whose} header is older than its blob gas")
    proved = is_valid_branch(
        execution_root(config, header), header.execution_branch, EXECUTION_PAYLOAD_GINDEX, header.beacon.body_root
    )
    _require(proved, "execution-branch", f"{whose} header's execution part is not in its block body")


def validate_bootstrap(config: ChainConfig, bootstrap: LightClientBootstrap, checkpoint_root: bytes) -> None:
    """Check that a bootstrap is the trusted block and that its committee is in that block's state."""
    header = bootstrap.header
    validate_header(config, header, "bootstrap")
    _require(
        header.beacon.root == checkpoint_root,
        "checkpoint",
        f"block 0x{header.beacon.root.hex()} at slot {header.slot}, trusted is 0x{checkpoint_root.hex()}",
    )
    gindex = SHAPES[config.fork_at_slot(header.slot)].current_sync_committee
    proved = is_valid_branch(
        bootstrap.current_sync_committee.root,
        bootstrap.current_sync_committee_branch,
        gindex,
        header.beacon.state_root,
    )
    _require(proved, "current-sync-committee-branch", "the committee is not in the trusted block's state")


def validate_update(
    config: ChainConfig,
    store: LightClientStore,
    update: LightClientUpdate,
    current_slot: int,
    *,
    strict: bool = False,
    min_participants: int = MIN_SYNC_COMMITTEE_PARTICIPANTS,
) -> None:
    """Every check of the specification's `validate_light_client_update`, cheap ones first, the signature last."""
    count = update.sync_aggregate.participants
    needed = max(min_participants, MIN_SYNC_COMMITTEE_PARTICIPANTS)
    _require(count >= needed, "participation", f"{count} of {update.sync_aggregate.size} signed, {needed} are needed")
    _validate_slots(config, store, update, current_slot)
    validate_header(config, update.attested_header, "attested")
    _validate_finality(config, update)
    _validate_next_committee(config, store, update)
    _validate_signature(config, store, update, strict)


def _validate_slots(config: ChainConfig, store: LightClientStore, update: LightClientUpdate, current_slot: int) -> None:
    attested, finalized, signed = update.attested_header.slot, update.finalized_header.slot, update.signature_slot
    _require(signed <= current_slot, "future", f"signed in slot {signed}, it is slot {current_slot}")
    ordered = signed > attested >= finalized
    _require(ordered, "slot-order", f"signature {signed}, attested {attested}, finalised {finalized}")
    known = store.next_sync_committee is not None
    store_period, signature_period = config.period_at(store.finalized_header.slot), config.period_at(signed)
    _require(
        signature_period == store_period or (known and signature_period == store_period + 1),
        "period",
        f"signed in period {signature_period}; this store knows the committees of {store_period}"
        + (f" and {store_period + 1}" if known else ""),
    )
    brings_committee = not known and update.has_next_committee and config.period_at(attested) == store_period
    _require(
        attested > store.finalized_header.slot or brings_committee,
        "relevance",
        f"attests slot {attested}, slot {store.finalized_header.slot} is final here",
    )


def _validate_finality(config: ChainConfig, update: LightClientUpdate) -> None:
    finalized = update.finalized_header
    if not update.has_finality:
        _require(finalized == EMPTY_HEADER, "finality-branch", "a finalised header without its proof")
        return
    if finalized.slot == GENESIS_SLOT:
        _require(finalized == EMPTY_HEADER, "finality-branch", "genesis is final as the empty header only")
        root = ZERO32
    else:
        validate_header(config, finalized, "finalised")
        root = finalized.beacon.root
    attested = update.attested_header
    gindex = SHAPES[config.fork_at_slot(attested.slot)].finalized_root
    proved = is_valid_branch(root, update.finality_branch, gindex, attested.beacon.state_root)
    _require(proved, "finality-branch", "the finalised header is not in the attested state")


def _validate_next_committee(config: ChainConfig, store: LightClientStore, update: LightClientUpdate) -> None:
    following, attested = update.next_sync_committee, update.attested_header
    if not update.has_next_committee:
        _require(following.is_empty, "next-sync-committee", "a next committee without its proof")
        return
    same_period = config.period_at(attested.slot) == config.period_at(store.finalized_header.slot)
    if same_period and store.next_sync_committee is not None:
        _require(following == store.next_sync_committee, "next-sync-committee", "differs from the one known here")
    gindex = SHAPES[config.fork_at_slot(attested.slot)].next_sync_committee
    proved = is_valid_branch(following.root, update.next_sync_committee_branch, gindex, attested.beacon.state_root)
    _require(proved, "next-sync-committee-branch", "the next committee is not in the attested state")


def _validate_signature(config: ChainConfig, store: LightClientStore, update: LightClientUpdate, strict: bool) -> None:
    same_period = config.period_at(update.signature_slot) == config.period_at(store.finalized_header.slot)
    committee = store.current_sync_committee if same_period else store.next_sync_committee
    assert committee is not None, "the period was checked against what the store knows"
    aggregate = update.sync_aggregate
    key = participants_key(committee, aggregate.sync_committee_bits, strict=strict)
    domain = config.sync_committee_domain(update.signature_slot)
    signing_root = sha256(update.attested_header.beacon.root + domain).digest()
    _require(
        bls.verify_point(key, signing_root, aggregate.sync_committee_signature),
        "sync-committee-signature",
        f"the {aggregate.participants} participants did not sign slot {update.attested_header.slot}",
    )


# ---------------------------------------------------------------------------------------------- which is better


def is_better_update(config: ChainConfig, new: LightClientUpdate, old: LightClientUpdate) -> bool:
    """The specification's ranking of two valid updates."""
    left, right = _rank(config, new), _rank(config, old)
    return left > right


def _rank(config: ChainConfig, update: LightClientUpdate) -> tuple[int, ...]:
    """A tuple that sorts as `is_better_update` decides: supermajority, then (below it) participants, committee,
    finality, finality in the same period, participants, then the older header."""
    count, size = update.sync_aggregate.participants, update.sync_aggregate.size
    supermajority = 3 * count >= 2 * size
    attested, finality = config.period_at(update.attested_header.slot), update.has_finality
    committee = update.has_next_committee and attested == config.period_at(update.signature_slot)
    return (
        supermajority,
        0 if supermajority else count,
        committee,
        finality,
        finality and config.period_at(update.finalized_header.slot) == attested,
        count,
        -update.attested_header.slot,
        -update.signature_slot,
    )


# ---------------------------------------------------------------------------------------------- changes


def apply_bootstrap(bootstrap: LightClientBootstrap) -> LightClientStore:
    """A fresh store from a bootstrap that was validated."""
    return LightClientStore(
        finalized_header=bootstrap.header,
        current_sync_committee=bootstrap.current_sync_committee,
        next_sync_committee=None,
        best_valid_update=None,
        optimistic_header=bootstrap.header,
        previous_max_active_participants=0,
        current_max_active_participants=0,
    )


def apply_update(config: ChainConfig, store: LightClientStore, update: LightClientUpdate) -> LightClientStore:
    """The store after a validated update is taken as final: committees rotate, heads advance."""
    finalized = update.finalized_header
    store_period, period = config.period_at(store.finalized_header.slot), config.period_at(finalized.slot)
    following = None if update.next_sync_committee.is_empty else update.next_sync_committee
    if store.next_sync_committee is None:
        assert period == store_period, "an update of another period cannot be valid while the next committee is unknown"
        store = replace(store, next_sync_committee=following)
    elif period == store_period + 1:
        store = replace(
            store,
            current_sync_committee=store.next_sync_committee,
            next_sync_committee=following,
            previous_max_active_participants=store.current_max_active_participants,
            current_max_active_participants=0,
        )
    if finalized.slot <= store.finalized_header.slot:
        return store
    ahead = finalized.slot > store.optimistic_header.slot
    return replace(store, finalized_header=finalized, optimistic_header=finalized if ahead else store.optimistic_header)


def process_update(
    config: ChainConfig,
    store: LightClientStore,
    update: LightClientUpdate,
    current_slot: int,
    *,
    strict: bool = False,
    min_participants: int = MIN_SYNC_COMMITTEE_PARTICIPANTS,
) -> LightClientStore:
    """Validate an update and return the store that knows it; raises `RemoteProtocolError` where a check fails."""
    validate_update(config, store, update, current_slot, strict=strict, min_participants=min_participants)
    count, size = update.sync_aggregate.participants, update.sync_aggregate.size
    best = store.best_valid_update
    if best is None or is_better_update(config, update, best):
        best = update
    most = max(store.current_max_active_participants, count)
    store = replace(store, best_valid_update=best, current_max_active_participants=most)
    if count > store.safety_threshold and update.attested_header.slot > store.optimistic_header.slot:
        store = replace(store, optimistic_header=update.attested_header)
    if 3 * count < 2 * size:
        return store
    newer = update.finalized_header.slot > store.finalized_header.slot
    if newer or _brings_finalized_committee(config, store, update):
        return replace(apply_update(config, store, update), best_valid_update=None)
    return store


def _brings_finalized_committee(config: ChainConfig, store: LightClientStore, update: LightClientUpdate) -> bool:
    same_period = config.period_at(update.finalized_header.slot) == config.period_at(update.attested_header.slot)
    proved = update.has_next_committee and update.has_finality
    return store.next_sync_committee is None and proved and same_period


def process_force_update(config: ChainConfig, store: LightClientStore, current_slot: int) -> LightClientStore:
    """After a whole period without finality, take the best update seen as final. The caller accepts that risk."""
    best = store.best_valid_update
    if best is None or current_slot <= store.finalized_header.slot + config.preset.slots_per_period:
        return store
    if best.finalized_header.slot <= store.finalized_header.slot:
        best = replace(best, finalized_header=best.attested_header)
    return replace(apply_update(config, store, best), best_valid_update=None)
