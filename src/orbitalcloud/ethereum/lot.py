"""The lot that draws verifiers: public chance, weighed by stake, that anyone can recompute.

The chance is the RANDAO mix of a block (`prev_randao` of its execution header), which a light client proves from its
head. A verifier is drawn for a job if keccak256(mix ‖ job ‖ verifier), as a fraction of its range, falls below
2 · quorum · (its stake ÷ all stake): sortition as in Algorand (Gilad et al. 2017, doi 10.1145/3132747.3132757), so that
nobody keeps a list. Twice the quorum is expected to be drawn; each PATIENCE without an answer doubles that. The
executor is excluded. `settlement.vy` computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_hash.auto import keccak

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum.typed_data import word
from orbitalcloud.ethereum.types import EMPTY_EXECUTION, LightClientHeader

EXPECTED_EACH = 2
MAX_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Lot:
    """What a draw depends on: the mix (32 bytes), the job, its quorum, the serving stake when the batch was posted."""

    mix: bytes
    job: bytes
    quorum: int
    serving_stake_wei: int

    def __post_init__(self) -> None:
        if len(self.mix) != 32 or len(self.job) != 32:
            raise DataError("lot", f"mix of {len(self.mix)} bytes, job of {len(self.job)}", "give 32 bytes each")
        if not 0 <= self.quorum <= 8 or not 0 <= self.serving_stake_wei < 2**96:
            raise DataError("lot", f"quorum {self.quorum}, stake {self.serving_stake_wei}", "quorum 0–8, stake < 2^96")

    def draws(self, verifier: str, stake_wei: int, doublings: int = 0) -> bool:
        """Whether an address with this stake is drawn after so many doublings."""
        if stake_wei <= 0 or self.serving_stake_wei == 0:
            return False
        wanted = EXPECTED_EACH * max(self.quorum, 1) * 2 ** min(max(doublings, 0), MAX_DOUBLINGS)
        ticket = int.from_bytes(keccak(self.mix + self.job + word(verifier)), "big") >> 128
        return bool(ticket * self.serving_stake_wei < wanted * stake_wei << 128)

    def drawn(self, stakes_wei: Mapping[str, int], executor: str, doublings: int = 0) -> tuple[str, ...]:
        """Who is drawn among the nodes that serve, in order of address; never the executor."""
        own = executor.lower()
        return tuple(
            address
            for address in sorted(stakes_wei, key=str.lower)
            if address.lower() != own and self.draws(address, stakes_wei[address], doublings)
        )


def lot_of(header: LightClientHeader, job: bytes, quorum: int, serving_stake_wei: int) -> Lot:
    """The lot of a job by a header that a light client verified: its execution part names the block's RANDAO mix.

    `RemoteProtocolError('lot-mix')` for a header from before Capella, whose light-client form has no execution part.
    """
    if header.execution == EMPTY_EXECUTION:
        raise RemoteProtocolError("lot-mix", f"the header of slot {header.slot} has no execution part to draw from")
    return Lot(header.execution.prev_randao, job, quorum, serving_stake_wei)
