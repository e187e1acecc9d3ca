"""Answers of `eth_getProof` as JSON, read and checked."""

from __future__ import annotations

from ethereum import execution_data as real
from orbitalcloud.ethereum.proofs import parse_eip1186, verify_eip1186
from orbitalcloud.ethereum.trie import keccak256


def corpus() -> dict[str, bytes]:
    """Real answers of several clients."""
    return {each.name: each.raw for each in real.real_proofs()}


def target(data: bytes) -> None:
    """Under the root that its first node has."""
    proof = parse_eip1186(data)
    root = keccak256(proof.account_proof[0]) if proof.account_proof else bytes(32)
    verify_eip1186(root, proof)
