"""What is asked of the satellite that holds one of a purse's three keys."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.node.orders import Address, Text, Wei

Signature = tuple[
    Annotated[int, Meta(ge=27, le=28)],
    Annotated[bytes, Meta(min_length=32, max_length=32)],
    Annotated[bytes, Meta(min_length=32, max_length=32)],
]
"""v, r, s."""


class CoSign(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="co-sign/1"):
    """To a station: carry this up; to a satellite: sign this proposal of an owner, whose signature is `first`, too.

    Proposals carry no call data: a purse with a key in orbit pays, and calls nothing.
    """

    target: Text
    purse: Address
    number: Annotated[int, Meta(ge=0, le=2**53)]
    to: Address
    value_wei: Wei
    first: Signature


class Veto(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="veto/1"):
    """To a station: carry this up; to a satellite: veto a proposal. An owner on the ground signed it (`Veto(number)`,
    EIP-712), so that nobody else stops a payment."""

    target: Text
    purse: Address
    number: Annotated[int, Meta(ge=0, le=2**53)]
    signature: Signature


def signature_of(made: tuple[int, int, int]) -> Signature:
    """(v, r, s) as an order carries it."""
    v, r, s = made
    return v, r.to_bytes(32, "big"), s.to_bytes(32, "big")


def numbers_of(signature: Signature) -> tuple[int, int, int]:
    """(v, r, s) as a contract takes it."""
    v, r, s = signature
    return v, int.from_bytes(r, "big"), int.from_bytes(s, "big")
