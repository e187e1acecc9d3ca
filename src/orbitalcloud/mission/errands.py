"""What people ask for: their own transactions to be carried, and, of the operator, a wallet to be destroyed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orbitalcloud.mission.parts import Account, Hash, Hours, Part, Text


class Entry(Part, frozen=True, kw_only=True):
    """An entry of an access list (EIP-2930): an account and slots of its storage that a transaction says it touches."""

    address: Account
    slots: Annotated[tuple[Hash, ...], Meta(max_length=32)] = ()


class Transaction(Part, frozen=True, kw_only=True):
    """Somebody's signed transaction, handed over at a station or on board (`submit_at`), carried by `satellite`.

    Exactly one of `raw` (0x…) and `file` (the same, or what `orbital wallet sign --json` prints) is given. Stations in
    `forbidden` jurisdictions do not broadcast it. What becomes of it comes back to `submit_at`.
    """

    at_h: Hours
    submit_at: Text
    satellite: Text = "any"
    raw: Annotated[str, Meta(pattern=r"^0x([0-9a-f]{2})+$", max_length=262_146)] | None = None
    file: Text | None = None
    forbidden: Annotated[tuple[Annotated[str, Meta(pattern=r"^[A-Z]{2}$")], ...], Meta(max_length=300)] = ()


class Wipe(Part, frozen=True, kw_only=True):
    """The operator's order, carried up by `station`, to destroy a wallet on board; `orbital wallet wipe` signs it."""

    at_h: Hours
    satellite: Text
    station: Text
    signature: Annotated[str, Meta(pattern=r"^0x[0-9a-f]{130}$", description="EIP-191, by the operator's account")]
