"""How long does an account and storage proof of mainnet take, from the JSON of `eth_getProof`? Goal: under 1 ms.

Seven real answers; the one that counts has the longest way to an account and one slot: USDT in a block of Fulu, eight
nodes and nine. Read strictly from raw bytes, each node hashed, decoded and checked, each claim
compared. Beside it the same nodes through the `trie` package, which checks the hashes and no claim, and no JSON. CPU
time, one thread; median.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time_ns

import rlp
from asking import answer, table
from trie import HexaryTrie

from orbitalcloud.ethereum import EthProof, parse_eip1186, verify_eip1186
from orbitalcloud.ethereum.trie import keccak256

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ethereum"))
from execution_data import RealProof, real_proofs

LIMIT_MS = 1.0
ROUNDS = 1_500
ASKED = "fulu-usdt"


def typical_ms(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median CPU milliseconds of a call."""
    times = []
    for _ in range(rounds):
        begun = process_time_ns()
        act()
        times.append(process_time_ns() - begun)
    return median(times) / 1e6


def ours(real: RealProof) -> Callable[[], object]:
    """Bytes in, proved values out."""
    return lambda: verify_eip1186(real.state_root, parse_eip1186(real.raw))


def theirs(real: RealProof, proof: EthProof) -> Callable[[], object]:
    """The nodes, already bytes, through the independent trie."""
    ways = [(real.state_root, proof.address, proof.account_proof)]
    ways += [(proof.claimed.storage_root, each.slot.to_bytes(32, "big"), each.proof) for each in proof.slots]
    return lambda: [
        HexaryTrie.get_from_proof(root, keccak256(key), [rlp.decode(raw) for raw in nodes]) for root, key, nodes in ways
    ]


def main() -> int:
    """Time all answers, and answer for the one that counts."""
    rows, asked = [], 0.0
    for real in real_proofs():
        proof = parse_eip1186(real.raw)
        took = typical_ms(ours(real))
        nodes = " + ".join(str(len(each)) for each in (proof.account_proof, *(slot.proof for slot in proof.slots)))
        rows.append((f"{real.name}, {nodes} nodes", f"{took:.3f} ms"))
        if real.name == ASKED:
            asked = took
            rows.append(("  its nodes through `trie`", f"{typical_ms(theirs(real, proof), 100):.3f} ms"))
    table("eth_getProof answers of mainnet, verified from raw JSON", rows)
    return answer("proofs", LIMIT_MS / asked, 1)


if __name__ == "__main__":
    sys.exit(main())
