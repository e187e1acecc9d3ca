"""What a signed transaction says of itself, without doing anything with it: who, to whom, how much, on which chain."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum import rlp
from orbitalcloud.ethereum.transactions import checksum_address
from orbitalcloud.ethereum.wallet import MAX_TRANSACTION_BYTES, recover_sender, transaction_hash

_NONCE_AT = {0: 0, 1: 1, 2: 1, 3: 1, 4: 1}
_TO_AT = {0: 3, 1: 4, 2: 5, 3: 5, 4: 5}
"""Where the fields stand, by type: EIP-155, EIP-2930, EIP-1559, EIP-4844, EIP-7702. The value follows the recipient."""
MAX_FILE_BYTES = 2 * MAX_TRANSACTION_BYTES + 1024


@dataclass(frozen=True, slots=True)
class Outline:
    """`to` is empty where a contract is created, `chain_id` 0 for a signature without EIP-155."""

    hash: str
    sender: str
    to: str
    value_wei: int
    nonce: int
    chain_id: int


def outline(raw: bytes) -> Outline:
    """Of raw signed bytes; `RemoteProtocolError` if no account signed them."""
    sender = recover_sender(raw)
    kind = raw[0] if raw[0] < 0x7F else 0
    if kind not in _TO_AT:
        raise RemoteProtocolError("transaction", f"type {kind} is not known")
    fields = rlp.read_list(rlp.decode(raw[1:] if kind else raw), "transaction")
    if len(fields) < 9:
        raise RemoteProtocolError("transaction", f"{len(fields)} fields")
    at = _TO_AT[kind]
    to = rlp.read_bytes(fields[at], "to")
    chain_id = rlp.read_integer(fields[0], "chain id") if kind else _chain_of(rlp.read_integer(fields[6], "v"))
    return Outline(
        transaction_hash(raw),
        sender,
        checksum_address("0x" + to.hex()) if to else "",
        rlp.read_integer(fields[at + 1], "value"),
        rlp.read_integer(fields[_NONCE_AT[kind]], "nonce", 8),
        chain_id,
    )


def signed_bytes(data: bytes) -> bytes:
    """A signed transaction's bytes as people have them: `0x…`, or JSON with `raw`, as `orbital wallet sign --json`."""
    remedy = "give 0x and hexadecimal digits, or the JSON that `orbital wallet sign --json` prints"
    try:
        text = data.decode().strip()
        if text.startswith("{"):
            text = str(msgspec.json.decode(data)["raw"])
        return bytes.fromhex(text.removeprefix("0x"))
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.DecodeError):
        raise DataError("signed transaction", repr(data[:20]), remedy) from None


def _chain_of(v: int) -> int:
    """EIP-155: v is 2 · chain + 35 or 36."""
    return (v - 35) // 2 if v >= 35 else 0
