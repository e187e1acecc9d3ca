"""What is settled on chain: the life of an escrowed job, and of a purse's proposals."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.why import Why


class WorkStep(Base, frozen=True):
    """A step in the life of a job that is paid on chain.

    At the office (a station): `opened`, `posted`, `claimed`, `paid`, `slashed`: the transaction was mined in `block`.
    On board, signed or proved: `registered`, `sworn`, `drawn`, `not-drawn`, `verdict`, `payment-proved`; `refused` says
    what would not be signed. `who` is whose step it is (an address), `proved_slot` the verified head under which what
    it stands on was proved (−1: nothing had to be), `value_wei` what moved, as text (beyond 2^53).
    """

    job: str
    escrow: str
    step: str
    who: str
    why: Why
    value_wei: str = "0"
    hash: str = ""
    block: int = 0
    proved_slot: int = -1


class PurseStep(Base, frozen=True):
    """A step of a co-signed purse's proposal, said by the satellite that holds one of its keys.

    `co-signed`, `refused` (no signature), `passed` (it may stand), `vetoed` (signed), `veto-proved`, `execution-sent`,
    `executed` (proved), `too-late`. `number` is the proposal's in the purse.
    """

    purse: str
    number: int
    step: str
    to: str
    value_wei: str
    why: Why
    proved_slot: int = -1


SettlementEntry = WorkStep | PurseStep
