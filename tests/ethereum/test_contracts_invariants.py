"""Anything in any order, honest or not: no ether is made or lost, nothing paid twice, nobody slashed without a lie."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ethereum.evm_bench import Key, RevertedError
from ethereum.settlement_yard import CARRIER, CUSTOMER, FEE, LEAST, OTHER, OUTPUT, PENALTY, PRICE, REPORTER, Yard
from orbitalcloud.ethereum.contracts import REGISTRY
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt

NODES = 6
NODE = st.integers(0, NODES - 1)
SALT = st.integers(0, 3)
SOME = st.lists(NODE, min_size=1, max_size=4, unique=True)


class Market(RuleBasedStateMachine):
    """Customers, nodes, liars and carriers. What reverts changes nothing; what succeeds is booked here as well."""

    @initialize()
    def start(self) -> None:
        self.yard = Yard(NODES)
        self.people = [CUSTOMER, REPORTER, CARRIER, *self.yard.operators]
        self.all_wei = self._ether()
        self.jobs: dict[bytes, str] = {}
        self.receipts: dict[bytes, list[WorkReceipt]] = {}
        self.number = 0
        self.liars: set[int] = set()
        self.paid: set[bytes] = set()

    def _ether(self) -> int:
        places = [*self.people, self.yard.registry, self.yard.settlement]
        return sum(self.yard.evm.balance(place) for place in places)

    def _job(self, salt: int) -> bytes:
        found = self.yard.asks("job_id", CUSTOMER, bytes([salt]) * 32)
        assert isinstance(found, bytes)
        return found

    @rule(salt=SALT, quorum=st.integers(0, 2))
    def open(self, salt: int, quorum: int) -> None:
        with contextlib.suppress(RevertedError):
            self.jobs[self.yard.open(bytes([salt]) * 32, quorum)] = "open"

    @rule(salt=SALT, output=st.sampled_from([OUTPUT, OTHER]))
    def work(self, salt: int, output: bytes) -> None:
        """Node 0 signs a receipt in a batch of its own and posts it: a second one of the same job is a lie."""
        self.number += 1
        receipt = replace(self.yard.receipt(self._job(salt), output, self.number), finished=1)
        with contextlib.suppress(RevertedError):
            self.yard.post(Batch([receipt]))
            self.receipts.setdefault(receipt.job, []).append(receipt)

    @rule(salt=SALT, signers=st.lists(NODE, max_size=2))
    def claim(self, salt: int, signers: list[int]) -> None:
        for receipt in self.receipts.get(self._job(salt), []):
            self._claim(receipt, [self.yard.keys[n] for n in signers])

    def _claim(self, receipt: WorkReceipt, signers: list[Key]) -> None:
        with contextlib.suppress(RevertedError):
            verdicts = [self.yard.verdict(key, receipt, receipt.output) for key in signers]
            self.yard.does("claim", receipt.words(), [], verdicts)
            assert self.jobs[receipt.job] == "open"
            self.jobs[receipt.job] = "claimed"
            event("claimed")

    @rule(salt=SALT, quorum=st.integers(0, 2), output=st.sampled_from([OUTPUT, OTHER]))
    def whole_job(self, salt: int, quorum: int, output: bytes) -> None:
        """What honest people do in a row, so that runs come as far as payment and dispute."""
        self.open(salt, quorum)
        self.work(salt, output)
        self.wait(1500)
        for receipt in self.receipts.get(self._job(salt), [])[-1:]:
            drawn = [key for key in self.yard.drawn(receipt.job, receipt.number) if key is not self.yard.keys[0]]
            self._claim(receipt, drawn[: self.yard.quorum(receipt.job)])

    @rule(salt=SALT, quorum=st.integers(0, 2), late=st.booleans())
    def disputed_job(self, salt: int, quorum: int, late: bool) -> None:
        """A claim that every other drawn verifier refutes, in its window or after it."""
        self.whole_job(salt, quorum, OTHER)
        job = self._job(salt)
        if self.jobs.get(job) == "claimed" and self.receipts[job]:
            self.wait(1100 if late else 1)
            signers = self.yard.signers(job)
            others = [n for n, key in enumerate(self.yard.keys) if n and key.address not in signers]
            self.refute(salt, others, OUTPUT)

    @rule(salt=SALT, quorum=st.integers(0, 2))
    def two_faced_job(self, salt: int, quorum: int) -> None:
        """A second receipt, and somebody who saw both."""
        self.whole_job(salt, quorum, OUTPUT)
        self.work(salt, OTHER)
        self.prove(salt, REPORTER)

    @rule(salt=SALT)
    def finished_job(self, salt: int) -> None:
        """Paid when its window has passed."""
        self.whole_job(salt, 1, OUTPUT)
        self.wait(1100)
        self.pay(salt)

    @rule(salt=SALT)
    def pay(self, salt: int) -> None:
        with contextlib.suppress(RevertedError):
            self.yard.does("pay", self._job(salt))
            assert self._job(salt) not in self.paid, "paid twice"
            self.paid.add(self._job(salt))
            event("paid")

    @rule(salt=SALT)
    def refund(self, salt: int) -> None:
        with contextlib.suppress(RevertedError):
            self.yard.does("refund", self._job(salt))
            assert self._job(salt) not in self.paid
            self.paid.add(self._job(salt))

    @rule(salt=SALT, reporter=st.sampled_from([CUSTOMER, REPORTER]))
    def prove(self, salt: int, reporter: str) -> None:
        kept = self.receipts.get(self._job(salt), [])
        if len(kept) < 2:
            return
        key = self.yard.keys[0]
        proof = [part for one in kept[:2] for part in (one.words(), key.sign(one.digest(self.yard.domain)))]
        with contextlib.suppress(RevertedError):
            self.yard.does("prove_two_receipts", *proof, sender=reporter)
            self.liars.add(0)
            event("two receipts")
            if self.jobs.get(self._job(salt)) == "claimed":
                self.paid.add(self._job(salt))

    @rule(
        salt=SALT, signers=st.lists(NODE, min_size=1, max_size=4, unique=True), output=st.sampled_from([OUTPUT, OTHER])
    )
    def refute(self, salt: int, signers: list[int], output: bytes) -> None:
        for receipt in self.receipts.get(self._job(salt), []):
            with contextlib.suppress(RevertedError):
                verdicts = [self.yard.verdict(self.yard.keys[n], receipt, output) for n in signers]
                self.yard.does("refute", receipt.job, output, verdicts, sender=REPORTER)
                self.liars.add(0)
                self.paid.add(receipt.job)
                event("refuted")

    @rule(number=NODE, forger=NODE)
    def forge(self, number: int, forger: int) -> None:
        """A proof with another's signature never holds."""
        if number == forger:
            return
        one = WorkReceipt(OUTPUT, self.yard.keys[number].address, 1, OUTPUT, OUTPUT, OUTPUT, 1, 1)
        other, key = replace(one, output=OTHER), self.yard.keys[forger]
        proof = [part for each in (one, other) for part in (each.words(), key.sign(each.digest(self.yard.domain)))]
        try:
            self.yard.does("prove_two_receipts", *proof, sender=REPORTER)
        except RevertedError:
            return
        raise AssertionError("a forged proof was taken")

    @rule(number=NODE, what=st.sampled_from(["leave", "withdraw"]))
    def go(self, number: int, what: str) -> None:
        with contextlib.suppress(RevertedError):
            address = self.yard.keys[number].address
            self.yard.evm.call(self.yard.operators[number], self.yard.registry, REGISTRY.call(what, address))

    @rule(who=st.integers(0, 2 + NODES))
    def withdraw(self, who: int) -> None:
        with contextlib.suppress(RevertedError):
            self.yard.does("withdraw", sender=self.people[who])

    @rule(seconds=st.sampled_from([1, 150, 1100, 6000, 11_000]))
    def wait(self, seconds: int) -> None:
        self.yard.evm.now += seconds
        self.yard.evm.mix = hashlib.sha256(self.yard.evm.now.to_bytes(8, "big")).digest()

    @invariant()
    def no_ether_is_made_or_lost(self) -> None:
        assert self._ether() == self.all_wei

    @invariant()
    def what_is_held_is_what_is_owed(self) -> None:
        owed = sum(int(self.yard.asks("credit", who)) for who in self.people)  # type: ignore[call-overload]
        for job in self.jobs:
            quorum = self.yard.quorum(job)
            if job not in self.paid:
                owed += PRICE + FEE * quorum
        assert self.yard.held() == owed

    @invariant()
    def stakes_are_held_and_liars_alone_lose_theirs(self) -> None:
        whole = 0
        for number, key in enumerate(self.yard.keys):
            answer = self.yard.evm.call(CARRIER, self.yard.registry, REGISTRY.call("nodes", key.address))
            operator, stake, _, _ = REGISTRY.result("nodes", answer)[0]
            whole += stake
            if int(operator, 16):
                assert stake >= LEAST - PENALTY * 3 if number in self.liars else stake == LEAST
        assert self.yard.evm.balance(self.yard.registry) == whole


TestMarket = Market.TestCase
TestMarket.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
