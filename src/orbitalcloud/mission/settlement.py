"""What is settled on chain: jobs paid out of escrow, and a purse with one key in orbit."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Account, Hours, Part, Text

Gwei = Annotated[int, Meta(ge=1, le=10**15)]


class Settlement(Part, frozen=True, kw_only=True):
    """Jobs that are executed and submitted at `office` are paid on the in-process chain, and a lie costs its stake.

    Every satellite locks a stake and may be drawn by lot to judge another's work. `penalty_gwei` is what a proven lie
    costs; `window_min` how long a claim can be refuted; each `patience_min` without enough verdicts doubles the lot.
    """

    office: Text
    price_gwei: Gwei = 2_000_000
    verifier_fee_gwei: Gwei = 200_000
    quorum: Annotated[int, Meta(ge=1, le=8)] = 1
    stake_gwei: Gwei = 100_000_000
    penalty_gwei: Gwei = 50_000_000
    window_min: Annotated[float, Meta(ge=1, le=10_080)] = 180
    patience_min: Annotated[float, Meta(ge=1, le=1440)] = 60
    batch_min: Annotated[float, Meta(ge=0, le=1440, description="how long receipts of one satellite gather")] = 5
    deadline_h: Annotated[float, Meta(ge=0.1, le=8000, description="of a claim, from the escrow's opening")] = 24
    delay_h: Annotated[float, Meta(ge=0.1, le=8784, description="until a stake that leaves is free")] = 168


class Purse(Part, frozen=True, kw_only=True):
    """A purse on the in-process chain with three keys: two of people on the ground, one of `satellite`.

    Two sign, the third may veto for `window_min`. The satellite signs, and lets stand, payments to `payees` of at most
    `daily_limit_gwei` in 24 hours; `station` is where its own transactions go first.
    """

    satellite: Text
    station: Text
    payees: Annotated[tuple[Account, ...], Meta(min_length=1, max_length=64)]
    daily_limit_gwei: Gwei
    window_min: Annotated[float, Meta(ge=1, le=40_000)] = 240
    funded_eth: Annotated[float, Meta(ge=0, le=1000)] = 1.0


class Cosign(Part, frozen=True, kw_only=True):
    """A payment out of the purse that one owner on the ground signed: `station` asks the satellite to sign it too."""

    at_h: Hours
    station: Text
    to: Account
    value_gwei: Gwei
