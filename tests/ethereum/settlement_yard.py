"""A yard of contracts for tests: a registry, a settlement, nodes with a stake, a customer and carriers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ethereum.evm_bench import CHAIN_ID, Evm, Key, account
from orbitalcloud.ethereum.contracts import REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, batch_digest, registration_digest, verdict_digest
from orbitalcloud.ethereum.typed_data import Domain

ETHER = 10**18
LEAST, PENALTY, DELAY, WINDOW, PATIENCE = 2 * ETHER, ETHER, 5000, 1000, 100
CUSTOMER, REPORTER, CARRIER = account(1), account(2), account(3)
CODE, INPUT, OUTPUT, OTHER = (hashlib.sha256(text).digest() for text in (b"code", b"input", b"output", b"other"))
PRICE, FEE = ETHER, ETHER // 10


class Yard:
    """A registry, a settlement and `count` nodes with a stake; node 0 executes."""

    def __init__(self, count: int = 8) -> None:
        self.evm = Evm()
        self.registry = self.evm.deploy(REGISTRY, LEAST, DELAY)
        self.settlement = self.evm.deploy(SETTLEMENT, self.registry, WINDOW, PATIENCE, PENALTY)
        self.evm.call(account(0), self.registry, REGISTRY.call("name_settlement", self.settlement))
        self.domain = Domain(CHAIN_ID, self.settlement)
        self.keys = [Key(number) for number in range(count)]
        self.operators = [account(100 + number) for number in range(count)]
        for number in range(count):
            self.register(number)
        for who in (CUSTOMER, REPORTER, CARRIER):
            self.evm.fund(who, 100 * ETHER)
        self.evm.now += 10

    def register(self, number: int, stake: int = LEAST) -> None:
        key, operator = self.keys[number], self.operators[number]
        self.evm.fund(operator, 10 * ETHER)
        consent = key.sign(registration_digest(Domain(CHAIN_ID, self.registry), operator))
        self.evm.call(operator, self.registry, REGISTRY.call("register", key.address, *consent), stake)

    def does(self, function: str, *arguments: object, sender: str = CARRIER, value: int = 0) -> None:
        self.evm.call(sender, self.settlement, SETTLEMENT.call(function, *arguments), value)

    def asks(self, function: str, *arguments: object) -> object:
        answer = self.evm.call(CARRIER, self.settlement, SETTLEMENT.call(function, *arguments))
        return SETTLEMENT.result(function, answer)[0]

    def signers(self, job: bytes) -> tuple[str, ...]:
        return tuple(self.asks("claim_of", job)[4])  # type: ignore[index]

    def quorum(self, job: bytes) -> int:
        return int(self.asks("jobs", job)[5])  # type: ignore[index]

    def stake(self, number: int) -> int:
        answer = self.evm.call(CARRIER, self.registry, REGISTRY.call("serves_since", self.keys[number].address))
        return int(REGISTRY.result("serves_since", answer)[0])

    def open(self, salt: bytes = bytes(32), quorum: int = 2) -> bytes:
        job = self.asks("job_id", CUSTOMER, salt)
        value = PRICE + FEE * quorum
        self.does("open", salt, CODE, INPUT, PRICE, FEE, quorum, self.evm.now + 10_000, sender=CUSTOMER, value=value)
        assert isinstance(job, bytes)
        return job

    def receipt(self, job: bytes, output: bytes = OUTPUT, number: int = 1) -> WorkReceipt:
        return WorkReceipt(job, self.keys[0].address, number, CODE, INPUT, output, self.evm.now, 1234)

    def post(self, batch: Batch) -> None:
        self.evm.mix = hashlib.sha256(b"randao").digest()
        signature = self.keys[0].sign(batch_digest(self.domain, batch.root, batch.number, batch.count))
        self.does("post", batch.executor, batch.number, batch.root, batch.count, signature)

    def drawn(self, job: bytes, number: int = 1) -> list[Key]:
        return [key for key in self.keys[1:] if self.asks("drawn", job, self.keys[0].address, number, key.address)]

    def verdict(self, key: Key, receipt: WorkReceipt, output: bytes) -> tuple[str, tuple[int, int, int]]:
        digest = verdict_digest(self.domain, receipt.job, receipt.executor, receipt.number, output)
        return key.address, key.sign(digest)

    def claim(self, receipt: WorkReceipt, batch: Batch, signers: list[Key]) -> None:
        verdicts = [self.verdict(key, receipt, receipt.output) for key in signers]
        self.does("claim", receipt.words(), list(batch.proof(receipt.job)), verdicts)

    def claimed(self, output: bytes = OUTPUT) -> tuple[bytes, WorkReceipt, list[Key]]:
        """A job opened, done (with others in the batch), posted and claimed; the drawn who did not sign."""
        job = self.open()
        receipt = self.receipt(job, output)
        batch = Batch([receipt, *(replace(receipt, job=bytes([n]) * 32) for n in range(1, 7))])
        self.post(batch)
        self.evm.now += 12 * PATIENCE  # so that all are drawn
        drawn = self.drawn(job)
        self.claim(receipt, batch, drawn[:2])
        return job, receipt, drawn[2:]

    def held(self) -> int:
        return self.evm.balance(self.settlement)
