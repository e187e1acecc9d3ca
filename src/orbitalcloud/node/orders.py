"""What people and timelines ask of a node: the bodies of `Commanded` events and of the orders that travel in bundles.

MessagePack arrays of fixed fields, decoded strictly, so that a malformed order is refused by name before it acts.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from orbitalcloud.core import RemoteProtocolError

MAX_ORDER_BYTES = 400 * 2**20
"""A job with an inline model is the largest order."""

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Wei = Annotated[str, Meta(pattern="^[0-9]{1,40}$")]
Address = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{40}$")]


class SubmitJob(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="submit-job/1"):
    """To a station: send the encoded job request to `target` (`any`: the satellite that can be reached first).

    To a satellite: the same job raised on board, where `target` is its own name.
    """

    target: Text
    request: bytes


class SendUpdate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="send-update/1"):
    """To a station: carry a raw light-client update to `target`; `label` says what it is, for people."""

    target: Text
    label: Text
    update: bytes


class Pay(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="pay/1"):
    """To a station: carry this order up to `target`; to a satellite: sign it and send the transaction to `reply_to`."""

    target: Text
    reply_to: Text
    to: Address
    value_wei: Wei
    max_fee_per_gas_wei: Wei
    max_priority_fee_per_gas_wei: Wei
    gas: Annotated[int, Meta(ge=21_000, le=30_000_000)]
    chain_id: Annotated[int, Meta(ge=1, le=2**53)]


class Access(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An entry of an access list (EIP-2930)."""

    address: Address
    slots: Annotated[tuple[Annotated[bytes, Meta(min_length=32, max_length=32)], ...], Meta(max_length=32)] = ()


class Call(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="call/1"):
    """As `Pay`, and more than a plain transfer: `data` for a contract, an access list (EIP-2930), or a `delegate` whose
    code the account is to run as its own (EIP-7702). `kind` is the transaction's type."""

    target: Text
    reply_to: Text
    to: Address
    value_wei: Wei
    max_fee_per_gas_wei: Wei
    max_priority_fee_per_gas_wei: Wei
    gas: Annotated[int, Meta(ge=21_000, le=30_000_000)]
    chain_id: Annotated[int, Meta(ge=1, le=2**53)]
    data: Annotated[bytes, Meta(max_length=16_384)] = b""
    kind: Literal[1, 2, 4] = 2
    access: Annotated[tuple[Access, ...], Meta(max_length=16)] = ()
    delegate: Annotated[str, Meta(pattern="^(0x[0-9a-fA-F]{40})?$")] = ""


Spending = Pay | Call
"""What the wallet is asked to sign."""


class WipeWallet(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="wipe-wallet/1"):
    """To a station: carry this order up; to a satellite: destroy the wallet. `signature` is the operator's account's
    (EIP-191, 65 bytes) over `ethereum.signed_text.wipe_text`; who brings it does not matter."""

    target: Text
    signature: Annotated[bytes, Meta(min_length=65, max_length=65)]


class SendMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="send-message/1"):
    """To any node: send somebody's words to somebody at `target`; `name` says which message it is, for people."""

    target: Text
    name: Text
    body: bytes
    lifetime_s: Annotated[int, Meta(ge=1, le=2**31)]
    priority: Annotated[int, Meta(ge=0, le=23)] = 1


class CallOff(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="call-off/1"):
    """To any node: tell everybody that it will have no contact with `peer` (empty: with anybody) from then to then."""

    peer: Annotated[str, Meta(max_length=64)]
    begins_s: Annotated[int, Meta(ge=0, le=2**53)]
    ends_s: Annotated[int, Meta(ge=0, le=2**53)]
    text: Annotated[str, Meta(pattern=r"^[ -~]{0,80}$")] = ""


Law = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Raw = Annotated[bytes, Meta(min_length=1, max_length=131_072)]


class SendTransaction(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="send-transaction/1"
):
    """To a station: let `target` (`any`: who can be reached first) carry this signed transaction of somebody's.

    To a satellite: the same, handed over on board; `target` is then the station that is told what became of it.
    `forbidden` are the jurisdictions (ISO 3166) whose stations must not broadcast it.
    """

    target: Text
    raw: Raw
    forbidden: Annotated[tuple[Law, ...], Meta(max_length=300)] = ()


class CarryTransaction(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="carry/1"):
    """To a satellite: carry somebody's signed transaction to the chain, and tell `reply_to` what became of it."""

    raw: Raw
    reply_to: Text
    forbidden: Annotated[tuple[Law, ...], Meta(max_length=300)] = ()


class Outcome(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="outcome/1"):
    """To a sender's station: what became of a transaction. `status` is −1 where no block has it, and `text` says why.

    Without a `proof` it is a claim of `told_by`; with one (an `Inclusion`), `told_by` says under which verified head.
    """

    hash: Text
    status: Annotated[int, Meta(ge=-1, le=1)]
    block: Annotated[int, Meta(ge=0, le=2**53)]
    gas_used: Annotated[int, Meta(ge=0, le=2**53)]
    told_by: Text
    text: Annotated[str, Meta(max_length=300)] = ""
    proof: Annotated[bytes, Meta(max_length=1 << 20)] = b""


class Settled(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="settled/1"):
    """To a satellite: what a station says became of a transaction (a claim, until a proof verifies it)."""

    hash: Text
    status: Annotated[int, Meta(ge=0, le=1)]
    block: Annotated[int, Meta(ge=0, le=2**53)]
    gas_used: Annotated[int, Meta(ge=0, le=2**53)]


class Dropped(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="dropped/1"):
    """To a satellite: a station says that the chain will not take a transaction, so that its nonce can be used again.

    A claim. If it is a lie, and the transaction is mined after all, the next one with that nonce is not: never both.
    """

    hash: Text
    text: Annotated[str, Meta(max_length=300)]


class LabelledUpdate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="light-client/1"):
    """A light-client update on its way up."""

    label: Text
    update: Annotated[bytes, Meta(max_length=1 << 20)]


Hash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
Nodes = Annotated[tuple[bytes, ...], Meta(max_length=65)]


Word = Annotated[bytes, Meta(min_length=32, max_length=32)]
MAX_SLOTS = 64
"""Storage slots of one contract in one question."""


class Slots(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Which storage slots of a contract are wanted."""

    address: Address
    slots: Annotated[tuple[Word, ...], Meta(max_length=MAX_SLOTS)]


class SlotNodes(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The trie nodes of a storage slot under its account's storage root."""

    slot: Word
    nodes: Nodes


class AskChain(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="ask-chain/1"):
    """To a station: bring the head of the chain that we pay on, and what is proved under it.

    `period` and `next_known` say from where this light client can go on; `accounts` whose state it wants, `slots` which
    storage of some of them, and `transactions` which of its own it waits for.
    """

    period: Annotated[int, Meta(ge=0, le=2**40)]
    next_known: bool
    accounts: Annotated[tuple[Address, ...], Meta(max_length=16)] = ()
    transactions: Annotated[tuple[Hash, ...], Meta(max_length=16)] = ()
    slots: Annotated[tuple[Slots, ...], Meta(max_length=4)] = ()


class AccountProof(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The trie nodes of an account (EIP-1186's accountProof) under the head's state root, and of slots under its."""

    address: Address
    nodes: Nodes
    storage: Annotated[tuple[SlotNodes, ...], Meta(max_length=MAX_SLOTS)] = ()


class Inclusion(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a transaction stands: headers (RLP) from the head's block down to its own, and trie nodes for the
    transaction, its receipt and the receipt before it (whose cumulative gas is taken off; none for index 0)."""

    hash: Hash
    index: Annotated[int, Meta(ge=0, le=2**20)]
    headers: Annotated[tuple[bytes, ...], Meta(max_length=256)]
    transaction: Nodes
    receipt: Nodes
    before: Nodes = ()


class TellChain(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="tell-chain/1"):
    """To a satellite: light-client updates in order, and proofs under the head that the last one leads to."""

    updates: Annotated[tuple[bytes, ...], Meta(max_length=129)]
    accounts: Annotated[tuple[AccountProof, ...], Meta(max_length=16)] = ()
    inclusions: Annotated[tuple[Inclusion, ...], Meta(max_length=16)] = ()
    block: Annotated[bytes, Meta(max_length=32)] = b""
    """Hash of the execution block after which the accounts are as they are proved."""


Order = TypeVar("Order", bound=msgspec.Struct)


def encode_order(order: msgspec.Struct) -> bytes:
    """The order's bytes."""
    return msgspec.msgpack.encode(order)


def decode_order(data: bytes, kind: type[Order]) -> Order:
    """Bytes from outside as an order of that kind; `RemoteProtocolError('order-form')` if they are not."""
    if len(data) > MAX_ORDER_BYTES:
        raise RemoteProtocolError("order-size", f"{len(data)} bytes")
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("order-form", str(error)) from None


def decode_spending(data: bytes) -> Spending:
    """As `decode_order`, of what the wallet is asked to sign."""
    return cast("Spending", decode_order(data, cast("Any", Spending)))
