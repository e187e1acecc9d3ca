"""The steps of the fold that follow transactions: signed or handed over, refused, settled, proved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orbitalcloud.core import DataError
from orbitalcloud.core import records as r
from orbitalcloud.view.flight import Transaction

MAX_WEI_DIGITS = 78
"""2^256 has 78 decimal digits: no amount of wei is longer."""

Known = dict[str, Transaction]
"""By hash."""


def _change(known_by: Known, name: str, /, **changes: Any) -> None:
    known_by[name] = replace(known_by.get(name) or Transaction(name), **changes)


def require_wei(name: str, text: str) -> None:
    """`DataError` for an amount that no chain has."""
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_WEI_DIGITS:
        raise DataError(name, text, "wei is a whole number below 2^256")


def _born(known_by: Known, entry: r.TransactionSigned | r.TransactionHanded, **more: Any) -> None:
    """What both ways in say of a transaction."""
    require_wei(entry.hash, entry.value_wei)
    _change(
        known_by,
        entry.hash,
        node=entry.node,
        sender=entry.sender,
        to=entry.to,
        value_wei=int(entry.value_wei),
        nonce=entry.nonce,
        chain_id=entry.chain_id,
        signed=entry.at,
        **more,
    )


def signed(known_by: Known, entry: r.TransactionSigned) -> None:
    """The wallet signed it."""
    _born(known_by, entry, signed_slot=entry.proved_slot)


def handed(known_by: Known, entry: r.TransactionHanded) -> None:
    """Somebody handed it over; the same bytes again, at another station, change nothing."""
    known = known_by.get(entry.hash)
    if known is None or not known.signed:
        _born(known_by, entry, handed=True)


def returned(known_by: Known, entry: r.TransactionReturned) -> None:
    """Its sender knows; what was refused everywhere is refused."""
    if entry.status < 0:
        _change(known_by, entry.hash, refused=entry.at, refused_why=entry.why)


def refused(known_by: Known, entry: r.TransactionRefused) -> None:
    """The wallet, or a chain, said no."""
    name = entry.hash or f"unsigned {1 + sum(not known.signed for known in known_by.values())}"
    node = known_by[name].node if name in known_by else entry.node
    _change(known_by, name, node=node, refused=entry.at, refused_why=entry.why)


def settled(known_by: Known, entry: r.TransactionSettled) -> None:
    """A block has it, as a station says or as was proved on board."""
    known = known_by.get(entry.hash)
    own = known is not None and known.node == entry.node and not known.handed
    if known is not None and not known.proved and (own or entry.proved_slot >= 0):
        _change(known_by, entry.hash, proved=entry.at, proved_slot=entry.proved_slot)
    told = (
        known.settled if known is not None else 0
    )  # by the station, when it happened; the satellite hears of it later
    if told and entry.proved_slot < 0:
        return
    fate = {name: getattr(entry, name) for name in ("status", "block", "gas_used", "chain")}
    _change(known_by, entry.hash, settled=told or entry.at, **fate)


def doubted(known_by: Known, entry: r.TransactionDoubted) -> None:
    """A station calls it dropped; another is asked."""
    _change(known_by, entry.hash, doubted=entry.at, doubted_why=entry.why)


def final(known_by: Known, entry: r.TransactionFinal) -> None:
    """Its block is final."""
    _change(known_by, entry.hash, final=entry.at, final_slot=entry.proved_slot)


def undone(known_by: Known, entry: r.TransactionUndone) -> None:
    """A reorganisation took it back: it waits again, unproved."""
    _change(known_by, entry.hash, undone=entry.at, undone_why=entry.why, settled=0, proved=0, proved_slot=-1)
