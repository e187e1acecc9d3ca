"""Real blocks, proofs and official vectors of the execution layer: one archive, read once in memory."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import rlp
from orbitalcloud.ethereum.proofs import EventLog, TransactionReceipt, encode_receipt

NODES = {"proof-hash", "proof-short", "proof-surplus", "proof-size"}
"""How a wrong node, or one too many or too few, is refused."""

_ARCHIVE = Path(__file__).parents[1] / "data" / "ethereum" / "execution.tar.xz"
# Header fields in the order in which a block's RLP has them (yellow paper 4.4.3 and EIPs 1559, 4895, 4844, 4788, 7685).
_HEADER = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty"),
    *("number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas"),
    *("withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"),
)
_NUMBERS = {
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"),
}


class RealProof(NamedTuple):
    """An `eth_getProof` answer as a node gave it, and the state root of its block."""

    name: str
    state_root: bytes
    raw: bytes


@lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    """Every file of the archive by its path."""
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(_ARCHIVE.read_bytes()))) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def load(name: str) -> Any:
    """A JSON file of the archive; the result alone where it is a JSON-RPC response."""
    value = json.loads(files()[name])
    return value["result"] if isinstance(value, dict) and "jsonrpc" in value else value


def hexed(text: str) -> bytes:
    """Bytes of 0x…"""
    return bytes.fromhex(text.removeprefix("0x"))


def headers() -> dict[str, dict[str, Any]]:
    """Block headers as JSON-RPC gives them, by source."""
    found = {"helios": load("helios/block.json"), "fulu": load("fulu/eth_data.json")["block_header"]}
    return found | {name.split("/")[1] + name[-14:-5]: load(name) for name in files() if "getBlockByNumber" in name}


def header_rlp(header: dict[str, Any]) -> bytes:
    """The header's bytes, whose Keccak-256 is the block's hash."""
    fields = [name for name in _HEADER if name in header]
    return rlp.encode([rlp.integer(int(header[k], 16)) if k in _NUMBERS else hexed(header[k]) for k in fields])


def receipt_blocks() -> dict[str, tuple[bytes, list[dict[str, Any]]]]:
    """Receipts root and receipts (JSON) of whole blocks: 202 of Deneb, 57 of Deneb, 137 of Fulu."""
    logs = "chains/eth_getLogs1/eth_getBlock"
    fulu = load("fulu/eth_data.json")
    return {
        "helios": (hexed(load("helios/block.json")["receiptsRoot"]), load("helios/receipts.json")),
        "logs": (
            hexed(load(f"{logs}ByNumber_0x14d7970.json")["receiptsRoot"]),
            load(f"{logs}Receipts_0x14d7970.json"),
        ),
        "fulu": (hexed(fulu["receiptsRoot"]), fulu["block_receipts"]),
    }


def receipt_of(answer: dict[str, Any]) -> TransactionReceipt:
    """A receipt as JSON-RPC gives it."""
    return TransactionReceipt(
        int(answer["type"], 16),
        answer["status"] == "0x1",
        int(answer["cumulativeGasUsed"], 16),
        hexed(answer["logsBloom"]),
        tuple(
            EventLog(hexed(each["address"]), tuple(map(hexed, each["topics"])), hexed(each["data"]))
            for each in answer["logs"]
        ),
    )


def raw_receipts(answers: list[dict[str, Any]]) -> list[bytes]:
    """The bytes of a block's receipts."""
    return [encode_receipt(receipt_of(each)) for each in answers]


@lru_cache(maxsize=1)
def real_proofs() -> list[RealProof]:
    """All `eth_getProof` answers that we have. Those of `chains` are under the state root that the beacon block has."""
    fulu, block = load("fulu/eth_data.json"), load("helios/block.json")
    found = [
        RealProof(name, hexed(block["stateRoot"]), files()[f"helios/{name}.json"])
        for name in ("proof", "block_miner_proof")
    ]
    found.append(RealProof("fulu-usdt", hexed(fulu["stateRoot"]), json.dumps(fulu["proof"]).encode()))
    roots = {
        "eth_call_electra": "eth_call_electra_11650252",
        "eth_getProof2": "eth_getProof2_11434635",
        "eth_getStorageAt_electra": "eth_getStorageAt_electra_11650086",
    }
    for name, raw in files().items():
        if "eth_getProof_0x" in name:
            case = name.split("/")[1]
            found.append(
                RealProof(f"{case}-{name[-10:-5]}", _state_root(files()[f"optimistic/{roots[case]}.ssz"]), raw)
            )
    return found


def _state_root(update: bytes) -> bytes:
    from orbitalcloud.ethereum import MAINNET, decode_update

    return decode_update(MAINNET, update).attested_header.execution.state_root


def refusal(call: Callable[[], object]) -> str:
    """The name of the check by which `call` is refused."""
    with pytest.raises(RemoteProtocolError) as refused:
        call()
    assert len(str(refused.value)) < 400
    return refused.value.check
