"""What a chain's node says of our contracts: answers of calls, and events."""

from __future__ import annotations

from eth_abi import encode

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum.contracts import COSIGNER, REGISTRY, SETTLEMENT

_ASKED = [
    (contract, name)
    for contract in (REGISTRY, SETTLEMENT, COSIGNER)
    for kind, name in sorted(contract._entries)
    if kind == "function"
]
_TOPICS = [(contract, topic) for contract in (REGISTRY, SETTLEMENT, COSIGNER) for topic in sorted(contract._events)]


def corpus() -> dict[str, bytes]:
    """A claim with two signers, a batch, a slash and two kinds of events."""
    names = [name for _, name in _ASKED]
    who, word = "0x" + "11" * 20, b"\x22" * 32
    claim = encode(["(address,uint256,bytes32,uint256,address[])"], [(who, 1, word, 9, [who, who])])
    batch = encode(["bytes32", "bytes32", "uint256", "uint256"], [word, word, 3, 4])
    return {
        "claim": bytes([names.index("claim_of")]) + claim,
        "batch": bytes([names.index("batches")]) + batch,
        "event": b"\x03" + word * 4,
        "string": bytes([len(_TOPICS) - 4]) + word * 3 + encode(["uint256", "string"], [7, "two receipts"]),
    }


def target(data: bytes) -> None:
    """An answer of the function, then an event with up to three more topics, named by the first byte."""
    if not data:
        return
    contract, name = _ASKED[data[0] % len(_ASKED)]
    try:
        contract.result(name, data[1:])
    except RemoteProtocolError:
        pass
    other, topic = _TOPICS[data[0] % len(_TOPICS)]
    for count in range(4):
        topics = [topic, *(data[1 + 32 * at : 33 + 32 * at] for at in range(count))]
        try:
            other.events([(bytes(20), topics, data[1 + 32 * count :])])
        except RemoteProtocolError:
            pass
