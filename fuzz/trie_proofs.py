"""Merkle-Patricia proofs, also as by a prover who can make any bytes hash to what is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ethereum import execution_data as real
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import trie
from orbitalcloud.ethereum.proofs import parse_eip1186
from orbitalcloud.ethereum.trie import keccak256


def corpus() -> dict[str, bytes]:
    """The account and storage proofs of real answers, packed as `key, then each node with its length`."""
    found = {}
    for each in real.real_proofs():
        proof = parse_eip1186(each.raw)
        found[each.name] = _packed(keccak256(proof.address), proof.account_proof)
        for number, slot in enumerate(proof.slots[:2]):
            found[f"{each.name}-{number}"] = _packed(keccak256(slot.slot.to_bytes(32, "big")), slot.proof)
    return found


def target(data: bytes) -> None:
    """The honest way, and past every hash."""
    key, nodes = data[:32], list(_nodes(data[32:]))
    root = keccak256(nodes[0]) if nodes else bytes(32)
    try:
        trie.verify(root, key, nodes)
    except RemoteProtocolError:
        pass
    trie._walk(root, key.hex(), _AnyHash(nodes))


class _AnyHash:
    """Nodes in the order given, whatever hash is asked for."""

    def __init__(self, nodes: list[bytes]) -> None:
        self._left = iter(nodes)

    def open(self, digest: bytes) -> bytes:
        found = next(self._left, None)
        if found is None:
            raise RemoteProtocolError("proof-short", "no more nodes")
        return found

    def inlined(self, node: object) -> None:
        return


def _packed(key: bytes, nodes: tuple[bytes, ...]) -> bytes:
    return key + b"".join(len(node).to_bytes(2, "big") + node for node in nodes)


def _nodes(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + size]
        at += 2 + size
