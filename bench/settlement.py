"""How long does it take to batch, sign and prove a hundred receipts? Goal: under 50 ms.

A hundred receipts are hashed (EIP-712) and each is signed by the executor; the tree is built, its root signed; every
receipt's proof is made and checked against the root. Beside it, the same hundred signed by eth-account's typed data
alone, without tree or proofs. CPU time of one thread, median of runs with receipts of their own.
"""

from __future__ import annotations

import hashlib
import sys
from statistics import median
from time import process_time_ns

from asking import answer, table
from eth_account import Account
from eth_account.messages import encode_typed_data

from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.settlement import BATCH_TYPE, Batch, WorkReceipt, proves
from orbitalcloud.ethereum.typed_data import Domain, struct_hash

RECEIPTS, RUNS, LIMIT_MS = 100, 30, 50.0
KEY = hashlib.sha256(b"bench").digest()
NAMES = ("job", "executor", "number", "code", "input", "output", "finished", "energy_mj")
KINDS = ("bytes32", "address", "uint256", "bytes32", "bytes32", "bytes32", "uint256", "uint256")


def receipts(run: int, executor: str) -> list[WorkReceipt]:
    """A hundred different receipts."""
    words = [hashlib.sha256(b"%d %d" % (run, n)).digest() for n in range(RECEIPTS)]
    return [WorkReceipt(one, executor, run, one, one[::-1], one, 1_790_000_000 + run, 5) for one in words]


def ours(wallet: Wallet, domain: Domain, run: int) -> float:
    """CPU milliseconds of the whole."""
    made = receipts(run, wallet.address)
    before = process_time_ns()
    signed = [wallet.sign_typed(domain, receipt.struct_hash) for receipt in made]
    batch = Batch(made)
    wallet.sign_typed(domain, struct_hash(BATCH_TYPE, (batch.root, batch.number, batch.count)))
    good = all(proves(receipt, batch.proof(receipt.job), batch.root) for receipt in made)
    taken = (process_time_ns() - before) / 1e6
    assert good, "every receipt stands under the root"
    assert len(signed) == RECEIPTS, "every receipt was signed"
    return taken


def theirs(wallet: Wallet, domain: Domain, run: int) -> float:
    """CPU milliseconds of eth-account's signatures alone."""
    told = {"name": domain.name, "version": domain.version, "chainId": domain.chain_id}
    kinds = {"Receipt": [{"name": name, "type": kind} for name, kind in zip(NAMES, KINDS, strict=True)]}
    made = receipts(run, wallet.address)
    before = process_time_ns()
    for one in made:
        message = dict(zip(NAMES, one.words(), strict=True))
        Account.sign_message(encode_typed_data({**told, "verifyingContract": domain.contract}, kinds, message), KEY)
    return (process_time_ns() - before) / 1e6


def main() -> int:
    """Time both, and answer with how many times below the limit we are."""
    wallet, domain = Wallet.from_key(KEY), Domain(1, "0x" + "ab" * 20)
    mine = median(ours(wallet, domain, run) for run in range(RUNS))
    other = median(theirs(wallet, domain, run) for run in range(RUNS // 5))
    rows = [
        ("signed, batched and proved", f"{mine:7.1f} ms (limit {LIMIT_MS:g})"),
        ("eth-account, signed only", f"{other:7.1f} ms, {other / mine:.1f} times ours"),
    ]
    table(f"{RECEIPTS} receipts, median CPU time of {RUNS} runs", rows)
    return answer("settlement", LIMIT_MS / mine, 1.0)


if __name__ == "__main__":
    sys.exit(main())
