"""A beacon chain for the in-process EVM, so that a satellite follows the chain that it pays on as it follows mainnet.

Each execution block of py-evm stands in a beacon block: header, body branch, sync committees in the state, finality two
epochs behind, and sync aggregates that are real BLS signatures over the fork's domain. The validators' keys follow from
the mission's seed (docs/decisions/0013, 0027). Parts of a state or a body that no light client asks for are not made:
a hash stands for each.

The chain is lazy. A slot is empty until somebody looks or pays, and an aggregate is signed when it is asked for; what
was made stays as it is, and follows from the execution blocks alone. It starts eight epochs before the mission, under
Altair, and comes under Fulu, with execution, when the mission does.

Source of all shapes: ethereum/consensus-specs v1.6.0-beta.0, specs/{altair,capella,electra}/light-client/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from orbitalcloud.core import SECOND, Instant, Refused, Seed, Why
from orbitalcloud.ethereum import ChainConfig, Fork, ForkEntry, Preset
from orbitalcloud.ethereum.codec import EXECUTION_DENEB, encode_bootstrap, encode_update
from orbitalcloud.ethereum.forks import EXECUTION_PAYLOAD_GINDEX, SHAPES
from orbitalcloud.ethereum.ssz import ZERO32, branch_root, merkleize
from orbitalcloud.ethereum.types import (
    EMPTY_HEADER,
    NO_COMMITTEE_BRANCH,
    NO_FINALITY_BRANCH,
    BeaconBlockHeader,
    Branch,
    ExecutionHeader,
    LightClientBootstrap,
    LightClientHeader,
    LightClientUpdate,
    SyncAggregate,
    SyncCommittee,
    no_committee,
)
from orbitalcloud.twin.chain import InProcessChain

SLOT_S = 12
PRESET = Preset("devnet", 32, 32, 256)
"""Mainnet's slots, epochs and periods, so that passes and silence mean the same; the minimal preset's committee."""

VALIDATORS = 64
LAUNCH_EPOCH = 8
LAUNCH_SLOT = LAUNCH_EPOCH * PRESET.slots_per_epoch
CHECKPOINT_SLOT = LAUNCH_SLOT - 2 * PRESET.slots_per_epoch
ABSENT_PPM = 20_000
"""A member is absent by this chance: about mainnet's."""

MAX_UPDATES = 128
"""Period updates in one answer (consensus-specs, p2p: MAX_REQUEST_LIGHT_CLIENT_UPDATES)."""

_WITHDRAWALS_DEPTH = 4
_TRANSACTIONS_DEPTH = 20


def devnet_config(seed: Seed, starts: Instant) -> ChainConfig:
    """The development chain of a mission that starts then."""
    genesis_s = starts // SECOND - LAUNCH_SLOT * SLOT_S
    schedule = (
        ForkEntry(Fork.ALTAIR, bytes.fromhex("01006f63"), 0),
        ForkEntry(Fork.FULU, bytes.fromhex("06006f63"), LAUNCH_EPOCH),
    )
    return ChainConfig("devnet", PRESET, seed.child("genesis").bytes(32), genesis_s, SLOT_S, schedule)


@dataclass(eq=False)
class Validators:
    """The chain's validators, and who of them sits when. Pickles as its seed."""

    seed: Seed

    def __getstate__(self) -> dict[str, Any]:
        return {"seed": self.seed}

    @cached_property
    def _secrets(self) -> list[Any]:
        from py_arkworks_bls12381 import Scalar

        return [Scalar.from_be_bytes_mod_order(self.seed.child("key").bytes(48, n)) for n in range(VALIDATORS)]

    @cached_property
    def _points(self) -> list[Any]:
        from py_arkworks_bls12381 import G1Point

        return [G1Point() * secret for secret in self._secrets]

    @cached_property
    def _committees(self) -> dict[int, SyncCommittee]:
        return {}

    def members(self, period: int) -> list[int]:
        """Which validators sit in a period; one may sit twice."""
        draw = self.seed.child("committee").child(str(period))
        return [draw.below(VALIDATORS, seat) for seat in range(PRESET.sync_committee_size)]

    def committee(self, period: int) -> SyncCommittee:
        """The sync committee of a period."""
        if period not in self._committees:
            from py_arkworks_bls12381 import G1Point

            points = [self._points[member] for member in self.members(period)]
            total = G1Point.identity()
            for point in points:
                total = total + point
            keys = b"".join(bytes(point.to_compressed_bytes()) for point in points)
            self._committees[period] = SyncCommittee(keys, bytes(total.to_compressed_bytes()))
        return self._committees[period]

    def sign(self, config: ChainConfig, root: bytes, slot: int) -> SyncAggregate:
        """The aggregate over block `root` that belongs into `slot`; here and there somebody is absent."""
        from py_arkworks_bls12381 import G2Point, Scalar

        from orbitalcloud.ethereum.bls import DST

        turnout = self.seed.child("turnout").child(str(slot))
        total, bits = Scalar.from_be_bytes_mod_order(bytes(32)), 0
        for seat, member in enumerate(self.members(config.period_at(slot))):
            if not turnout.chance(ABSENT_PPM, seat):
                total, bits = total + self._secrets[member], bits | 1 << seat
        message = sha256(root + config.sync_committee_domain(slot)).digest()
        signed = G2Point.hash_to_curve(message, DST) * total
        return SyncAggregate(
            bits.to_bytes(PRESET.sync_committee_size // 8, "little"), bytes(signed.to_compressed_bytes())
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """A beacon block, with the branches that its state has."""

    header: LightClientHeader
    branches: dict[int, Branch]
    finalized: int
    """Index of the block that is final in its state; −1 where none is."""

    @property
    def slot(self) -> int:
        return self.header.slot


@dataclass(eq=False)
class DevBeacon:
    """The beacon chain over `chain`. Pickles as what it follows from; blocks and branches are made again."""

    config: ChainConfig
    validators: Validators
    chain: InProcessChain | None = None
    _blocks: list[_Block] = field(default_factory=list, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"config": self.config, "validators": self.validators, "chain": self.chain, "_blocks": []}

    # What a light client asks ----------------------------------------------------------------------------------------

    @property
    def checkpoint(self) -> bytes:
        """Root of the block that is trusted: the last before the mission that is final."""
        return self._made()[0].header.beacon.root

    def bootstrap(self) -> bytes:
        """Raw SSZ of the LightClientBootstrap of the checkpoint."""
        first, shape = self._made()[0], SHAPES[Fork.ALTAIR]
        committee = self.validators.committee(self.config.period_at(first.slot))
        branch = (ZERO32, *first.branches[shape.current_sync_committee])
        return encode_bootstrap(self.config, LightClientBootstrap(first.header, committee, branch), Fork.ALTAIR)

    def finality_update(self, at: Instant) -> bytes:
        """Raw SSZ of the newest LightClientFinalityUpdate: signed in the slot that is in progress."""
        signed = self._signed(at)
        if not signed:
            raise Refused(Why(False, "chain", "no block of this chain is signed yet"))
        block = signed[-1]
        return encode_update(self.config, self._update(block, False), self.config.fork_at_slot(block.slot), "finality")

    def updates(self, start_period: int, count: int, at: Instant) -> list[bytes]:
        """Raw SSZ of the best LightClientUpdate of each period from `start_period` that has one final in itself."""
        found: dict[int, _Block] = {}
        for block in self._signed(at):
            period = self.config.period_at(block.slot)
            final = self._made()[block.finalized].slot if block.finalized >= 0 else -1
            if period == self.config.period_at(block.slot + 1) == self.config.period_at(final):
                found[period] = block
        wanted = range(start_period, start_period + min(count, MAX_UPDATES))
        return [
            encode_update(self.config, self._update(found[period], True), self.config.fork_at_slot(found[period].slot))
            for period in wanted
            if period in found
        ]

    def advance(self, at: Instant) -> None:
        """Have blocks made where somebody will look for them: in the last whole slot, where that is final from, and
        at the end of every period that has passed."""
        assert self.chain is not None, "a chain that is followed has begun"
        wanted = self.config.slot_at(at) - 1
        epoch, period = PRESET.slots_per_epoch, PRESET.slots_per_period
        head = self._slot(self.chain.head[0])
        slots = []
        for ends in range((head // period + 1) * period, wanted + 1, period):
            slots += [ends - 4 * epoch, ends - epoch]
        slots += [(wanted // epoch - 2) * epoch, wanted]
        for slot in sorted(slots):
            self.chain.fill(self.config.instant_of_slot(slot) // SECOND)

    # Blocks ----------------------------------------------------------------------------------------------------------

    def _slot(self, number: int) -> int:
        assert self.chain is not None, "a chain that is followed has begun"
        since_s = int(self.chain.header(number).timestamp) - int(self.chain.header(0).timestamp)
        return LAUNCH_SLOT + since_s // SLOT_S

    def _signed(self, at: Instant) -> list[_Block]:
        """The blocks that were signed by `at`: those of slots before the one in progress."""
        self.advance(at)
        current = self.config.slot_at(at)
        return [block for block in self._made() if CHECKPOINT_SLOT < block.slot < current]

    def _made(self) -> list[_Block]:
        if not self._blocks:
            self._blocks.append(self._block(CHECKPOINT_SLOT, None))
        if self.chain is not None:
            for number in range(len(self._blocks) - 1, self.chain.head[0] + 1):
                self._blocks.append(self._block(self._slot(number), number))
        return self._blocks

    def _block(self, slot: int, number: int | None) -> _Block:
        shape, period = SHAPES[self.config.fork_at_slot(slot)], self.config.period_at(slot)
        boundary = (self.config.epoch_at(slot) - 2) * PRESET.slots_per_epoch
        finalized = max((at for at, one in enumerate(self._blocks) if one.slot <= boundary), default=-1)
        final = self._blocks[finalized].header.beacon.root if finalized >= 0 else ZERO32
        leaves = {
            shape.current_sync_committee: self.validators.committee(period).root,
            shape.next_sync_committee: self.validators.committee(period + 1).root,
            shape.finalized_root: final,
        }
        state_root, branches = prove(leaves, b"state" + slot.to_bytes(8, "big"))
        parent = self._blocks[-1].header.beacon.root if self._blocks else self.config.genesis_validators_root
        salt = b"body" + slot.to_bytes(8, "big")
        if number is None:
            made = LightClientHeader(BeaconBlockHeader(slot, 0, parent, state_root, sha256(salt).digest()))
        else:
            execution = self._execution(number)
            body, found = prove({EXECUTION_PAYLOAD_GINDEX: EXECUTION_DENEB.root(execution)}, salt)
            proposer = self.validators.seed.child("proposer").below(VALIDATORS, slot)
            beacon = BeaconBlockHeader(slot, proposer, parent, state_root, body)
            made = LightClientHeader(beacon, execution, found[EXECUTION_PAYLOAD_GINDEX])
        return _Block(made, branches, finalized)

    def _execution(self, number: int) -> ExecutionHeader:
        assert self.chain is not None, "a chain that is followed has begun"
        header = self.chain.header(number)
        return ExecutionHeader(
            parent_hash=bytes(header.parent_hash),
            fee_recipient=bytes(header.coinbase),
            state_root=bytes(header.state_root),
            receipts_root=bytes(header.receipt_root),
            logs_bloom=int(header.bloom).to_bytes(256, "big"),
            prev_randao=bytes(header.mix_hash),
            block_number=int(header.block_number),
            gas_limit=int(header.gas_limit),
            gas_used=int(header.gas_used),
            timestamp=int(header.timestamp),
            extra_data=bytes(header.extra_data),
            base_fee_per_gas=int(header.base_fee_per_gas),
            block_hash=bytes(header.hash),
            transactions_root=transactions_root(self.chain.raw_transactions(number)),
            withdrawals_root=_empty_list(_WITHDRAWALS_DEPTH),
            blob_gas_used=int(header.blob_gas_used),
            excess_blob_gas=int(header.excess_blob_gas),
        )

    def _update(self, block: _Block, committee: bool) -> LightClientUpdate:
        shape, signed = SHAPES[self.config.fork_at_slot(block.slot)], block.slot + 1
        final = self._made()[block.finalized].header if block.finalized >= 0 else EMPTY_HEADER
        following = self.validators.committee(self.config.period_at(block.slot) + 1)
        return LightClientUpdate(
            attested_header=block.header,
            next_sync_committee=following if committee else no_committee(PRESET.sync_committee_size),
            next_sync_committee_branch=block.branches[shape.next_sync_committee] if committee else NO_COMMITTEE_BRANCH,
            finalized_header=final,
            finality_branch=block.branches[shape.finalized_root] if block.finalized >= 0 else NO_FINALITY_BRANCH,
            sync_aggregate=self.validators.sign(self.config, block.header.beacon.root, signed),
            signature_slot=signed,
        )


# Trees ---------------------------------------------------------------------------------------------------------------


def prove(leaves: dict[int, bytes], salt: bytes) -> tuple[bytes, dict[int, Branch]]:
    """The root of a tree with these leaves by generalized index, and each leaf's branch, bottom first.

    A hash of `salt` and its place stands for every subtree that has none of them.
    """
    above = {leaf >> height for leaf in leaves for height in range(1, leaf.bit_length())}

    def node(at: int) -> bytes:
        if at in leaves:
            return leaves[at]
        if at in above:
            return sha256(node(2 * at) + node(2 * at + 1)).digest()
        return sha256(salt + at.to_bytes(4, "big")).digest()

    def branch(leaf: int) -> Iterator[bytes]:
        for height in range(leaf.bit_length() - 1):
            yield node(leaf >> height ^ 1)

    return node(1), {leaf: tuple(branch(leaf)) for leaf in leaves}


def transactions_root(transactions: list[bytes]) -> bytes:
    """SSZ's root of a payload's list of transactions, as an ExecutionPayloadHeader has it."""
    from orbitalcloud.ethereum.proofs import transaction_branch, transaction_leaf

    if not transactions:
        return _empty_list(_TRANSACTIONS_DEPTH)
    branch = transaction_branch(transactions, 0)
    return branch_root(transaction_leaf(transactions[0]), branch, 2 << _TRANSACTIONS_DEPTH)


def _empty_list(depth: int) -> bytes:
    root = ZERO32
    for _ in range(depth):
        root = sha256(root + root).digest()
    return merkleize((root, ZERO32))
