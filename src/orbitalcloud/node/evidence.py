"""What a station's proofs prove under the head that this satellite's own light client verified.

Nothing here is told: a number comes out only if hashes lead to it from the head. Refusals carry the names of
`ethereum.proofs` and `ethereum.trie`, and four of their own: `settlement-proof` (a claim without a proof),
`settlement-head` (the headers do not begin at a head that was verified here, or do not hang together),
`settlement-transaction` (another stands there) and `state-head` (accounts of another block than the head’s).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    verify_storage,
    verify_transaction_inclusion,
)
from orbitalcloud.ethereum.proofs import NO_ACCOUNT
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.types import LightClientHeader
from orbitalcloud.node.orders import AccountProof, Inclusion


@dataclass(frozen=True, slots=True)
class Settlement:
    """A transaction's fate, proved under the head of `slot`; `final` where its block is final: that head is, or the way
    down from it passes the final head's block."""

    hash: str
    status: int
    block: int
    gas_used: int
    slot: int
    root: str
    final: bool


@dataclass(frozen=True, slots=True)
class ProvedState:
    """Accounts (None: there is none) as they were after the block of a verified head, by lower-case address; and
    words of their storage by address and slot."""

    slot: int
    root: str
    accounts: Mapping[str, Account | None]
    storage: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def covers(self, wants: Mapping[str, Iterable[int]]) -> bool:
        """Whether all of these accounts and slots are proved."""
        return all(
            address.lower() in self.accounts and all((address.lower(), slot) in self.storage for slot in slots)
            for address, slots in wants.items()
        )

    def words(self, address: str, slots: Iterable[int]) -> tuple[int, ...]:
        """What stands in these slots; `covers` was asked."""
        return tuple(self.storage[address.lower(), slot] for slot in slots)


def prove_state(head: LightClientHeader, block: bytes, proofs: Iterable[AccountProof]) -> ProvedState:
    """The accounts under the state root of the head, which must be `block`'s: `state-head` where it is another's.

    A wrong proof is refused by `ethereum.trie`'s names.
    """
    if block != head.execution.block_hash:
        raise RemoteProtocolError(
            "state-head", f"of block {to_hex(block)[:18]}…, the verified head of slot {head.slot} is another"
        )
    state_root = head.execution.state_root
    accounts: dict[str, Account | None] = {}
    storage: dict[tuple[str, int], int] = {}
    for one in proofs:
        name = one.address.lower()
        account = accounts[name] = verify_account(state_root, from_hex(one.address, 20), one.nodes)
        root = (account or NO_ACCOUNT).storage_root
        for item in one.storage:
            slot = int.from_bytes(item.slot, "big")
            storage[name, slot] = verify_storage(root, slot, item.nodes)
    return ProvedState(head.slot, to_hex(head.beacon.root), accounts, storage)


def prove_settlement(client: LightClient, item: Inclusion) -> Settlement:
    """What became of a transaction, from the head down to its receipt."""
    if not item.headers or not item.transaction or not item.receipt:
        raise RemoteProtocolError("settlement-proof", f"it is said that {item.hash} was mined, and nothing proves it")
    head = _head(client, item.headers[0])
    block, passed = _block(head, item)
    raw = verify_transaction_inclusion(block.transactions_root, item.index, item.transaction)
    if transaction_hash(raw) != item.hash:
        raise RemoteProtocolError(
            "settlement-transaction", f"transaction {item.index} of block {block.number} is {transaction_hash(raw)}"
        )
    receipt = decode_receipt(verify_receipt_inclusion(block.receipts_root, item.index, item.receipt))
    gas = receipt.cumulative_gas
    if item.index:
        gas -= decode_receipt(verify_receipt_inclusion(block.receipts_root, item.index - 1, item.before)).cumulative_gas
    final = head.slot <= client.finalized.slot or client.finalized.execution.block_hash in passed
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


def _block(head: LightClientHeader, item: Inclusion) -> tuple[BlockHeader, set[bytes]]:
    """The header of the transaction's block, by parent hashes from the head's block; and the hashes on the way."""
    expected, passed = head.execution.block_hash, set[bytes]()
    for raw in item.headers:
        if keccak256(raw) != expected:
            raise RemoteProtocolError("settlement-head", "a header is not the parent that the one above it names")
        block = verify_header(expected, raw)
        passed.add(expected)
        expected = block.parent_hash
    return block, passed
