"""What is true on chain, proved against a header that the light client verified.

The roots come from `LightClientHeader.execution` and are the only thing trusted here; everything else may come from
anybody. An account is proved under the state root and a slot under that account's storage root (EIP-1186, the answer of
`eth_getProof`); a transaction or a receipt of types 0 to 4 by its place in the block. That something is absent is
proved as well, never inferred from silence.

A trap: state_root and receipts_root there are roots of tries, but transactions_root is the SSZ root of the payload's
list (consensus-specs, Deneb, ExecutionPayloadHeader). So a transaction is proved by an SSZ branch under it
(`verify_transaction_branch`), or in the trie whose root the block's own header names, once that header hashes to the
verified block_hash (`verify_header`).

An answer of `eth_getProof` also claims values beside its proofs. `parse_eip1186` only reads them, `verify_eip1186`
refuses the answer if any claim differs from what is proved, and what it returns comes from the proofs alone.

Refusals, by name, besides those of `trie.py` and `rlp.py`: `proof-json` (the answer is not of EIP-1186's form),
`proof-account` and `proof-storage` (what is proved is no account, no slot's value), `proof-claim` (a claim differs from
what is proved), `proof-question` (another account or other slots than were asked for), `proof-absent` (no such item in
the block), `proof-branch`, `proof-header`, `proof-envelope` (a transaction or receipt of no known type),
`proof-receipt`, `proof-code`.

Sources: EIP-1186, EIP-2718 (envelopes), EIP-2681 (nonces), EIP-658 (status), yellow paper 4.1 and 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum.rlp import Item, decode, encode, integer, read_bytes, read_integer, read_list
from orbitalcloud.ethereum.ssz import ZERO32, ByteList, branch_root
from orbitalcloud.ethereum.trie import (
    EMPTY_ROOT,
    MAX_LIST_NODE_BYTES,
    MAX_STATE_NODE_BYTES,
    keccak256,
    list_key,
    verify,
)

EMPTY_CODE_HASH = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""Keccak-256 of no code: what an account without code holds."""
MAX_ANSWER_BYTES = 4 * 2**20
"""Bound of an `eth_getProof` answer: three hundred slots of mainnet's depth."""
MAX_SLOTS = 1024
"""Slots of one answer (geth, maxGetStorageSlots)."""
MAX_NODES = 65
"""Nodes on a path of 64 hex digits: a branch for each and a leaf."""
MAX_CODE_BYTES = 24_576
"""Largest contract (EIP-170)."""
MAX_HEADER_BYTES = 1024
"""Bound of an execution header: 21 fields since Prague take at most 690 bytes; the rest is for forks to come."""
NEWEST_TYPE = 4
"""Transaction types known here: legacy, EIP-2930, EIP-1559, EIP-4844, EIP-7702."""

_LIST_DEPTH = 20  # MAX_TRANSACTIONS_PER_PAYLOAD is 2^20
_TRANSACTION = ByteList(2**30)  # MAX_BYTES_PER_TRANSACTION


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the state trie holds it."""

    nonce: int
    balance_wei: int
    storage_root: bytes
    code_hash: bytes


NO_ACCOUNT = Account(0, 0, EMPTY_ROOT, EMPTY_CODE_HASH)
"""What the EVM sees where there is no account."""


def verify_account(state_root: bytes, address: bytes, proof: Sequence[bytes]) -> Account | None:
    """The account of `address` (20 bytes) under `state_root`, or None where it is proved that there is none."""
    assert len(address) == 20, "an address is 20 bytes"
    raw = verify(state_root, keccak256(address), proof)
    if raw is None:
        return None
    try:
        nonce, balance, storage_root, code_hash = read_list(decode(raw, max_depth=1, max_items=5), "an account", 4)
        return Account(
            read_integer(nonce, "a nonce", 8),
            read_integer(balance, "a balance", 32),
            read_bytes(storage_root, "a storage root", 32),
            read_bytes(code_hash, "a code hash", 32),
        )
    except RemoteProtocolError as error:
        raise RemoteProtocolError("proof-account", error.detail) from None


def verify_storage(storage_root: bytes, slot: int, proof: Sequence[bytes]) -> int:
    """The value of `slot` (0 ≤ slot < 2²⁵⁶) under an account's `storage_root`; 0 where it is proved to be unset."""
    raw = verify(storage_root, _slot_path(slot), proof)
    if raw is None:
        return 0
    try:
        value = read_integer(decode(raw, max_depth=0, max_items=1), "a slot", 32)
    except RemoteProtocolError as error:
        raise RemoteProtocolError("proof-storage", error.detail) from None
    if not value:
        raise RemoteProtocolError("proof-storage", "a slot is kept with the value 0")
    return value


def _slot_path(slot: int) -> bytes:
    assert 0 <= slot < 2**256, "a slot is a 256-bit number"
    return keccak256(slot.to_bytes(32, "big"))


def verify_code(account: Account | None, code: bytes) -> None:
    """Return if `code` is the proved account's code (empty where there is none), else raise `proof-code`."""
    if len(code) > MAX_CODE_BYTES:
        raise RemoteProtocolError("proof-code", f"{len(code)} bytes, a contract has at most {MAX_CODE_BYTES}")
    if keccak256(code) != (account or NO_ACCOUNT).code_hash:
        raise RemoteProtocolError("proof-code", f"these {len(code)} bytes do not have the account's code hash")


def verify_list_item(root: bytes, index: int, proof: Sequence[bytes]) -> bytes | None:
    """Item `index` of a block's transactions or receipts under `root`, or None where it is proved to be absent."""
    return verify(root, list_key(index), proof, MAX_LIST_NODE_BYTES)


def verify_transaction_inclusion(transactions_root: bytes, index: int, proof: Sequence[bytes]) -> bytes:
    """The raw transaction (EIP-2718; its Keccak-256 is its hash) at `index` of the block of `transactions_root`.

    The root is the trie's, from `verify_header`; under the SSZ root of a light-client header nothing verifies.
    """
    return _included(transactions_root, index, proof, "transaction")


def verify_receipt_inclusion(receipts_root: bytes, index: int, proof: Sequence[bytes]) -> bytes:
    """The raw receipt (EIP-2718) of transaction `index` of the block of `receipts_root`; `decode_receipt` reads it."""
    return _included(receipts_root, index, proof, "receipt")


def _included(root: bytes, index: int, proof: Sequence[bytes], what: str) -> bytes:
    raw = verify_list_item(root, index, proof)
    if raw is None:
        raise RemoteProtocolError("proof-absent", f"the block has no {what} {index}")
    envelope_type(raw)
    return raw


def verify_transaction_branch(transactions_root: bytes, index: int, raw: bytes, branch: Sequence[bytes]) -> None:
    """Return if transaction `index` of the payload of `transactions_root` is `raw`, else raise `proof-branch`.

    The root is SSZ's, as in `LightClientHeader.execution`: the shorter way from the verified head.
    """
    assert 0 <= index < 2**_LIST_DEPTH, "no payload has so many transactions"
    if len(branch) != _LIST_DEPTH + 1 or any(len(sibling) != 32 for sibling in branch):
        raise RemoteProtocolError(
            "proof-size", f"a branch of {len(branch)} siblings, not {_LIST_DEPTH + 1} of 32 bytes"
        )
    if len(raw) > MAX_LIST_NODE_BYTES:
        raise RemoteProtocolError("proof-size", f"a transaction of {len(raw)} bytes")
    # The last sibling is the list's length. What lies beyond it is padding, whose root no transaction has.
    if branch_root(_TRANSACTION.root(raw), branch, (2 << _LIST_DEPTH) + index) != transactions_root:
        raise RemoteProtocolError("proof-branch", f"this is not transaction {index} of the payload")
    envelope_type(raw)


def transaction_leaf(raw: bytes) -> bytes:
    """SSZ's root of a raw transaction: the leaf that `transaction_branch` leads up from."""
    return _TRANSACTION.root(raw)


def transaction_branch(transactions: Sequence[bytes], index: int) -> list[bytes]:
    """The SSZ branch, bottom first, that proves transaction `index` of a payload's `transactions`."""
    level, at, zero, branch = [_TRANSACTION.root(each) for each in transactions], index, ZERO32, list[bytes]()
    for _ in range(_LIST_DEPTH):
        level += [zero] * (len(level) % 2)
        branch.append(level[at ^ 1] if at ^ 1 < len(level) else zero)
        level = [sha256(level[left] + level[left + 1]).digest() for left in range(0, len(level), 2)]
        zero, at = sha256(zero * 2).digest(), at >> 1
    return [*branch, len(transactions).to_bytes(32, "little")]


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What an execution block's own header (RLP, Cancun and later) says that proofs need; the roots are tries'."""

    number: int
    timestamp: int
    gas_used: int
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    withdrawals_root: bytes
    parent_hash: bytes


def verify_header(block_hash: bytes, raw: bytes) -> BlockHeader:
    """The header in `raw`, which must hash to `block_hash` (`LightClientHeader.execution.block_hash`)."""
    if len(raw) > MAX_HEADER_BYTES:
        raise RemoteProtocolError("proof-size", f"a header of {len(raw)} bytes, at most {MAX_HEADER_BYTES} are read")
    if keccak256(raw) != block_hash:
        raise RemoteProtocolError("proof-header", "these bytes do not have the block's hash")
    try:
        fields = read_list(decode(raw, max_depth=1, max_items=64), "a header")
        if len(fields) < 20:
            raise RemoteProtocolError("rlp", f"a header of {len(fields)} fields, from before Cancun")
        number, gas_used, timestamp = (read_integer(fields[at], "a header's number", 8) for at in (8, 10, 11))
        roots = [read_bytes(fields[at], "a header's root", 32) for at in (3, 4, 5, 16, 0)]
    except RemoteProtocolError as error:
        raise RemoteProtocolError("proof-header", error.detail) from None
    return BlockHeader(number, timestamp, gas_used, *roots)


def envelope_type(raw: bytes) -> int:
    """The EIP-2718 type of a raw transaction or receipt, 0 for a legacy one; `proof-envelope` if it is not known."""
    first = raw[0] if raw else 0xFF
    if 0xC0 <= first < 0xFF:
        return 0
    if 1 <= first <= NEWEST_TYPE:
        return first
    raise RemoteProtocolError("proof-envelope", f"begins with {raw[:1].hex() or 'nothing'}, types 0 to 4 are known")


@dataclass(frozen=True, slots=True)
class EventLog:
    """What a contract logged."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """What became of a transaction. `cumulative_gas` counts from the block's first transaction."""

    kind: int
    succeeded: bool
    cumulative_gas: int
    logs_bloom: bytes
    logs: tuple[EventLog, ...]


def decode_receipt(raw: bytes) -> TransactionReceipt:
    """The receipt in `raw`; `proof-receipt` or `proof-envelope` unless it is one of types 0 to 4, after Byzantium."""
    kind = envelope_type(raw)
    try:
        fields = read_list(decode(raw[1:] if kind else raw, max_depth=4), "a receipt", 4)
        status = read_integer(fields[0], "a status", 1)
        if status > 1:
            raise RemoteProtocolError("rlp", f"a status of {status}")
        logs = tuple(_read_log(each) for each in read_list(fields[3], "the logs"))
        gas = read_integer(fields[1], "cumulative gas", 8)
        return TransactionReceipt(kind, status == 1, gas, read_bytes(fields[2], "a bloom", 256), logs)
    except RemoteProtocolError as error:
        raise RemoteProtocolError("proof-receipt", error.detail) from None


def _read_log(item: Item) -> EventLog:
    address, topics, data = read_list(item, "a log", 3)
    listed = read_list(topics, "topics")
    if len(listed) > 4:
        raise RemoteProtocolError("rlp", f"a log with {len(listed)} topics")
    return EventLog(
        read_bytes(address, "a log's address", 20),
        tuple(read_bytes(topic, "a topic", 32) for topic in listed),
        read_bytes(data, "a log's data"),
    )


def encode_receipt(receipt: TransactionReceipt) -> bytes:
    """The bytes of a receipt as the receipts trie holds them."""
    logs: list[Item] = [[each.address, list(each.topics), each.data] for each in receipt.logs]
    body = encode([integer(receipt.succeeded), integer(receipt.cumulative_gas), receipt.logs_bloom, logs])
    return integer(receipt.kind) + body


@dataclass(frozen=True, slots=True)
class SlotProof:
    """A slot of an `eth_getProof` answer: what is claimed, and the nodes that should prove it."""

    slot: int
    value: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EthProof:
    """An `eth_getProof` answer, read and not believed: the claims about an account and some slots, and the nodes."""

    address: bytes
    claimed: Account
    account_proof: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """What an `EthProof` proves: the account (None: there is none) and the value of each slot that was asked for."""

    address: bytes
    account: Account | None
    storage: Mapping[int, int]


def verify_eip1186(
    state_root: bytes, proof: EthProof, *, address: bytes | None = None, slots: Sequence[int] | None = None
) -> VerifiedProof:
    """What `proof` proves under `state_root`; any claim in it that is not proved is refused.

    A true answer to another question is a lie too: give `address` and `slots` as they were asked for.
    """
    if address is not None and proof.address != address:
        raise RemoteProtocolError("proof-question", f"an answer about 0x{proof.address.hex()}")
    if slots is not None and [each.slot for each in proof.slots] != list(slots):
        raise RemoteProtocolError("proof-question", f"an answer about {len(proof.slots)} slots that were not asked for")
    account = verify_account(state_root, proof.address, proof.account_proof)
    _require_claims(proof.claimed, account)
    storage_root = (account or NO_ACCOUNT).storage_root
    storage: dict[int, int] = {}
    for each in proof.slots:
        value = verify_storage(storage_root, each.slot, each.proof)
        if value != each.value:
            raise RemoteProtocolError("proof-claim", f"slot {each.slot:#x} holds {value:#x}, not {each.value:#x}")
        storage[each.slot] = value
    return VerifiedProof(proof.address, account, storage)


def _require_claims(claimed: Account, proved: Account | None) -> None:
    """Each claimed field is the proved one. For no account, clients claim empty hashes (EIP-1186) or zeros (geth)."""
    for name in Account.__slots__:
        claim, truth = getattr(claimed, name), getattr(proved or NO_ACCOUNT, name)
        if claim != truth and not (proved is None and claim == bytes(32)):
            raise RemoteProtocolError("proof-claim", f"{name} is {_shown(truth)}, not {_shown(claim)}")


def _shown(value: int | bytes) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=3, max_length=2 + 64)]
_Node: TypeAlias = Annotated[str, msgspec.Meta(min_length=4, max_length=2 + 2 * MAX_STATE_NODE_BYTES)]
_Nodes: TypeAlias = Annotated[list[_Node], msgspec.Meta(max_length=MAX_NODES)]


class _Slot(msgspec.Struct, forbid_unknown_fields=True):
    key: _Text
    value: _Text
    proof: _Nodes


class _Result(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    address: _Text
    account_proof: _Nodes
    balance: _Text
    code_hash: _Text
    nonce: _Text
    storage_hash: _Text
    storage_proof: Annotated[list[_Slot], msgspec.Meta(max_length=MAX_SLOTS)]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    result: _Result
    jsonrpc: str = ""
    id: int | str | None = None


@lru_cache(maxsize=1)
def _decoders() -> tuple[msgspec.json.Decoder[_Answer], msgspec.json.Decoder[_Result]]:
    return msgspec.json.Decoder(_Answer), msgspec.json.Decoder(_Result)


def parse_eip1186(raw: bytes) -> EthProof:
    """The `eth_getProof` answer in `raw`, a JSON-RPC response or its result alone; nothing in it is verified yet."""
    if len(raw) > MAX_ANSWER_BYTES:
        raise RemoteProtocolError("proof-size", f"an answer of {len(raw)} bytes, at most {MAX_ANSWER_BYTES} are read")
    answer, bare = _decoders()
    try:
        # A result alone has hex in all its strings, so this text in it is its envelope's key or an error anyway.
        # Typed decoding never descends into what it does not know: a depth bomb ends at its first bracket.
        found = answer.decode(raw).result if b'"result"' in raw else bare.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("proof-json", str(error)[:200]) from None
    claimed = Account(
        _quantity(found.nonce, "nonce", 2**64 - 1),
        _quantity(found.balance, "balance"),
        _data(found.storage_hash, "storageHash", 32),
        _data(found.code_hash, "codeHash", 32),
    )
    slots = tuple(
        SlotProof(_word(each.key, "key"), _word(each.value, "value"), _nodes(each.proof, "proof"))
        for each in found.storage_proof
    )
    nodes = _nodes(found.account_proof, "accountProof")
    return EthProof(_data(found.address, "address", 20), claimed, nodes, slots)


def _nodes(texts: list[str], where: str) -> tuple[bytes, ...]:
    return tuple([_data(text, where) for text in texts])


def _data(text: str, where: str, size: int | None = None) -> bytes:
    """`0x…`, two digits a byte. The length is compared because `fromhex` skips spaces."""
    try:
        data = bytes.fromhex(text[2:])
    except ValueError:
        data = b""
    if text[:2] != "0x" or 2 * len(data) != len(text) - 2 or (size is not None and len(data) != size):
        wanted = f"0x and {2 * size if size else 'an even number of'} hex digits"
        raise RemoteProtocolError("proof-json", f"{where}: {text[:20]!r} is not {wanted}")
    return data


def _quantity(text: str, where: str, most: int = 2**256 - 1) -> int:
    """`0x…` without leading zeros, as JSON-RPC writes numbers."""
    value = _word(text, where)
    if text.lower() != f"{value:#x}" or value > most:
        raise RemoteProtocolError("proof-json", f"{where}: {text[:20]!r} is not a quantity up to {most:#x}")
    return value


def _word(text: str, where: str) -> int:
    """Up to 64 hex digits: clients write a slot's key and value as a quantity or as 32 bytes."""
    return int.from_bytes(_data("0x" + text[2:].rjust(64, "0") if text[:2] == "0x" else text, where, 32), "big")
