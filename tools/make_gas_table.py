"""What each call of the contracts costs, from a real EVM (py-evm, Prague), into the table of docs/contracts.md.

    python tools/make_gas_table.py            # remakes the table
    python tools/make_gas_table.py --check    # exits 1 if it is not what the contracts cost

A transaction's gas is 21,000, its call data (EIP-2028; at least the floor of EIP-7623) and what the contract executes.
Refunds are not taken off; storage that is written for the first time is as cold as a transaction finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ethereum.evm_bench import CHAIN_ID, Evm, Key, account
from ethereum.settlement_yard import (
    CARRIER,
    CODE,
    CUSTOMER,
    DELAY,
    ETHER,
    FEE,
    INPUT,
    LEAST,
    OTHER,
    PATIENCE,
    PENALTY,
    PRICE,
    REPORTER,
    WINDOW,
    Yard,
)
from orbitalcloud.ethereum.contracts import COSIGNER, REGISTRY, SETTLEMENT, Contract
from orbitalcloud.ethereum.settlement import (
    Batch,
    proposal_digest,
    registration_digest,
    verdict_digest,
    veto_digest,
)
from orbitalcloud.ethereum.typed_data import Domain

PAGE = Path(__file__).resolve().parent.parent / "docs" / "contracts.md"
BEGIN, END = "<!-- gas: begin, made by tools/make_gas_table.py -->", "<!-- gas: end -->"
BASE, CREATE, TOKEN = 21_000, 32_000, 4
FLOOR = 10
"""EIP-7623: a token (a zero byte, or a quarter of another) costs at least this."""

Row = tuple[str, str, str, int]


def transaction_gas(data: bytes, executed: int, creates: bool = False) -> int:
    """Gas of a transaction with this data, of which the EVM executed so much."""
    zeros = data.count(0)
    tokens = zeros + 4 * (len(data) - zeros)
    created = CREATE if creates else 0  # the EVM itself charges for each word of init code (EIP-3860)
    return max(BASE + TOKEN * tokens + created + executed, BASE + FLOOR * tokens)


class Meter:
    """Calls that are noted with what they cost."""

    def __init__(self, evm: Evm) -> None:
        self.evm = evm
        self.rows: list[Row] = []

    def call(
        self,
        contract: Contract,
        place: str,
        who: str,
        note: str,
        sender: str,
        name: str,
        *given: object,
        value: int = 0,
    ) -> None:
        """One call, noted as `who` makes it."""
        data = contract.call(name, *given)
        self.evm.call(sender, place, data, value)
        self.rows.append((f"`{contract.name}.{name}`", who, note, transaction_gas(data, self.evm.gas_used)))

    def deploy(self, contract: Contract, *given: object) -> str:
        """One deployment."""
        place = self.evm.deploy(contract, *given)
        gas = transaction_gas(contract.deploy(*given), self.evm.gas_used, creates=True)
        self.rows.append((f"`{contract.name}` deployed", "anybody", "once", gas))
        return place


def rows() -> list[Row]:
    """Every call of a life, in its order."""
    yard = Yard()
    meter = Meter(yard.evm)
    for contract, *given in ((REGISTRY, LEAST, DELAY), (SETTLEMENT, yard.registry, WINDOW, PATIENCE, PENALTY)):
        meter.deploy(contract, *given)  # beside the yard's own, to weigh them
    _registry(yard, meter)
    _paid(yard, meter)
    _punished(yard, meter)
    return meter.rows + _purse()


def _registry(yard: Yard, meter: Meter) -> None:
    key, operator = Key(70), account(170)
    yard.evm.fund(operator, 10 * ETHER)
    consent = key.sign(registration_digest(Domain(CHAIN_ID, yard.registry), operator))
    ours = (REGISTRY, yard.registry, "operator")
    meter.call(*ours, "locks the stake", operator, "register", key.address, *consent, value=LEAST)
    yard.evm.now += 12  # a slot later: what is stored then differs
    meter.call(*ours, "", operator, "add_stake", key.address, value=ETHER)
    meter.call(*ours, "", operator, "leave", key.address)
    yard.evm.now += DELAY
    meter.call(*ours, "after the delay", operator, "withdraw", key.address)


def _paid(yard: Yard, meter: Meter) -> None:
    ours = (SETTLEMENT, yard.settlement)
    deadline = yard.evm.now + 10_000
    terms = (bytes(32), CODE, INPUT, PRICE, FEE, 2, deadline)
    meter.call(*ours, "customer", "quorum of 2", CUSTOMER, "open", *terms, value=PRICE + 2 * FEE)
    job = yard.asks("job_id", CUSTOMER, bytes(32))
    assert isinstance(job, bytes)
    receipt = yard.receipt(job)
    batch = Batch([receipt, *(replace(receipt, job=number.to_bytes(32, "big")) for number in range(1, 100))])
    yard.evm.mix = bytes(range(32))
    signature = _batch_signature(yard, batch)
    posted = (batch.executor, 1, batch.root, batch.count, signature)
    meter.call(*ours, "anybody", "any number of receipts", CARRIER, "post", *posted)
    yard.evm.now += 12 * PATIENCE
    verdicts = [yard.verdict(key, receipt, receipt.output) for key in yard.drawn(job)[:2]]
    note = "batch of 100, two co-signatures"
    meter.call(*ours, "anybody", note, CARRIER, "claim", receipt.words(), list(batch.proof(job)), verdicts)
    yard.evm.now += WINDOW
    meter.call(*ours, "anybody", "executor and two verifiers", CARRIER, "pay", job)
    meter.call(*ours, "creditor", "", yard.operators[0], "withdraw")
    unclaimed = yard.open(b"\x05" * 32)
    yard.evm.now += 10_001
    meter.call(*ours, "anybody", "after the deadline", CARRIER, "refund", unclaimed)


def _batch_signature(yard: Yard, batch: Batch) -> tuple[int, int, int]:
    from orbitalcloud.ethereum.settlement import batch_digest

    return yard.keys[0].sign(batch_digest(yard.domain, batch.root, batch.number, batch.count))


def _punished(yard: Yard, meter: Meter) -> None:
    """Each in a yard of its own, for a node is punished once a job."""
    fresh = Yard()
    meter.evm = fresh.evm
    job, receipt, others = fresh.claimed()
    verdicts = [fresh.verdict(key, receipt, OTHER) for key in others[:3]]
    ours = (SETTLEMENT, fresh.settlement, "anybody")
    meter.call(*ours, "three verdicts against two", REPORTER, "refute", job, OTHER, verdicts)
    fresh = Yard()
    meter.evm = fresh.evm
    job, receipt, others = fresh.claimed()
    other = replace(receipt, output=OTHER)
    key = fresh.keys[0]
    proof = [part for one in (receipt, other) for part in (one.words(), key.sign(one.digest(fresh.domain)))]
    ours = (SETTLEMENT, fresh.settlement, "anybody")
    meter.call(*ours, "", REPORTER, "prove_two_receipts", *proof)
    twice = others[0]
    signed = [
        part
        for output in (receipt.output, OTHER)
        for part in (
            output,
            twice.sign(verdict_digest(fresh.domain, job, receipt.executor, receipt.number, output)),
        )
    ]
    told = (job, twice.address, receipt.executor, receipt.number, *signed)
    meter.call(*ours, "", REPORTER, "prove_two_verdicts", *told)


def _purse() -> list[Row]:
    evm, keys = Evm(), [Key(number) for number in (51, 52, 53)]
    meter = Meter(evm)
    purse = meter.deploy(COSIGNER, [key.address for key in keys], WINDOW)
    evm.fund(CARRIER, ETHER)
    evm.call(CARRIER, purse, b"", ETHER)
    domain, payee = Domain(CHAIN_ID, purse), account(77)
    ours = (COSIGNER, purse, "anybody")
    for number in range(2):
        digest = proposal_digest(domain, number, payee, 5, b"")
        signatures = [key.sign(digest) for key in keys[:2]]
        meter.call(*ours, "two of three signed", CARRIER, "propose", payee, 5, b"", *signatures)
    meter.rows.pop(-2)  # the first one also makes the counter's slot: the second is what it costs from then on
    meter.call(*ours, "the third signed", CARRIER, "veto", 0, keys[2].sign(veto_digest(domain, 0)))
    evm.now += WINDOW
    meter.call(*ours, "a transfer to a new account", CARRIER, "execute", 1, b"")
    return meter.rows


def table() -> str:
    """The Markdown between the marks."""
    lines = ["| call | who | | gas |", "|---|---|---|---:|"]
    lines += [f"| {call} | {who} | {note} | {gas:,} |" for call, who, note, gas in rows()]
    return "\n".join(lines)


def main(check: bool, say: Callable[[str], object] = print) -> int:
    """Write, or compare."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    made = f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"
    if not check:
        PAGE.write_text(made)
    elif made != text:
        say(f"{PAGE.name} does not say what the contracts cost: run tools/make_gas_table.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
