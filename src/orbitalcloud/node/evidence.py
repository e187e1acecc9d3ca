"""What a station's proofs prove under the head that this satellite's own light client verified.

Nothing here is told: a number comes out only if hashes lead to it from the head. Refusals carry the names of
`ethereum.proofs` and `ethereum.trie`, and four of their own: `settlement-proof` (a claim without a proof),
`settlement-head` (the headers do not begin at a head that was verified here, or do not hang together),
`settlement-transaction` (another stands there) and `state-head` (accounts of another block than the head’s).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orbitalcloud.core import RemoteProtocolError, from_hex, to_hex
from orbitalcloud.ethereum import (
    Account,
    BlockHeader,
    LightClient,
    decode_receipt,
    transaction_hash,
    verify_account,
    verify_header,
    verify_receipt_inclusion,
    verify_transaction_inclusion,
)
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.types import LightClientHeader
from orbitalcloud.node.orders import AccountProof, Inclusion


@dataclass(frozen=True, slots=True)
class Settlement:
    """A transaction's fate, proved under the head of `slot`; `final` where that head is final."""

    hash: str
    status: int
    block: int
    gas_used: int
    slot: int
    root: str
    final: bool


@dataclass(frozen=True, slots=True)
class ProvedState:
    """Accounts (None: there is none) as they were after the block of a verified head, by lower-case address."""

    slot: int
    root: str
    accounts: Mapping[str, Account | None]


def prove_state(head: LightClientHeader, block: bytes, proofs: Iterable[AccountProof]) -> ProvedState:
    """The accounts under the state root of the head, which must be `block`'s: `state-head` where it is another's.

    A wrong proof is refused by `ethereum.trie`'s names.
    """
    if block != head.execution.block_hash:
        raise RemoteProtocolError(
            "state-head", f"of block {to_hex(block)[:18]}…, the verified head of slot {head.slot} is another"
        )
    state_root = head.execution.state_root
    accounts = {one.address.lower(): verify_account(state_root, from_hex(one.address, 20), one.nodes) for one in proofs}
    return ProvedState(head.slot, to_hex(head.beacon.root), accounts)


def prove_settlement(client: LightClient, item: Inclusion) -> Settlement:
    """What became of a transaction, from the head down to its receipt."""
    if not item.headers or not item.transaction or not item.receipt:
        raise RemoteProtocolError("settlement-proof", f"it is said that {item.hash} was mined, and nothing proves it")
    head = _head(client, item.headers[0])
    block = _block(head, item)
    raw = verify_transaction_inclusion(block.transactions_root, item.index, item.transaction)
    if transaction_hash(raw) != item.hash:
        raise RemoteProtocolError(
            "settlement-transaction", f"transaction {item.index} of block {block.number} is {transaction_hash(raw)}"
        )
    receipt = decode_receipt(verify_receipt_inclusion(block.receipts_root, item.index, item.receipt))
    gas = receipt.cumulative_gas
    if item.index:
        gas -= decode_receipt(verify_receipt_inclusion(block.receipts_root, item.index - 1, item.before)).cumulative_gas
    final = head.slot <= client.finalized.slot
    root = to_hex(head.beacon.root)
    return Settlement(item.hash, int(receipt.succeeded), block.number, gas, head.slot, root, final)


def _head(client: LightClient, raw: bytes) -> LightClientHeader:
    """Which verified head the first header is the block of."""
    found = keccak256(raw)
    for head in (client.finalized, client.optimistic):
        if head.execution.block_hash == found:
            return head
    raise RemoteProtocolError(
        "settlement-head",
        f"it begins at block {to_hex(found)[:18]}…, the verified head of slot {client.optimistic.slot} has "
        f"{to_hex(client.optimistic.execution.block_hash)[:18]}…",
    )


def _block(head: LightClientHeader, item: Inclusion) -> BlockHeader:
    """The header of the transaction's block, by parent hashes from the head's block."""
    expected = head.execution.block_hash
    for raw in item.headers:
        if keccak256(raw) != expected:
            raise RemoteProtocolError("settlement-head", "a header is not the parent that the one above it names")
        block = verify_header(expected, raw)
        expected = block.parent_hash
    return block
