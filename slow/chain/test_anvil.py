"""A job's life on a real node, from escrow to payment and to slashing, with the wallets and the code that fly."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from dataclasses import replace
from typing import Any

import pytest
from chain.conftest import Anvil

from orbitalcloud.core import Instant, Refused, RemoteProtocolError, Unreachable
from orbitalcloud.ethereum import Wallet, parse_eip1186, verify_eip1186
from orbitalcloud.ethereum.contracts import REGISTRY, SETTLEMENT, Contract
from orbitalcloud.ethereum.lot import Lot
from orbitalcloud.ethereum.settlement import (
    BATCH_TYPE,
    REGISTRATION_TYPE,
    VERDICT_TYPE,
    Batch,
    WorkReceipt,
)
from orbitalcloud.ethereum.transactions import Transaction
from orbitalcloud.ethereum.typed_data import Domain, struct_hash
from orbitalcloud.twin.chain import JsonRpcChain

ETHER = 10**18
CHAIN_ID = 31337
LEAST, PENALTY, DELAY, WINDOW, PATIENCE = 2 * ETHER, ETHER, 5000, 1000, 100
PRICE, FEE, QUORUM, NODES = ETHER, ETHER // 10, 2, 6
CODE, INPUT, OUTPUT, OTHER = (hashlib.sha256(text).digest() for text in (b"code", b"input", b"output", b"other"))
NOW = Instant(0)


class Market:
    """Wallets as they are on board and on the ground, and the contracts deployed by one of them."""

    def __init__(self, node: Anvil) -> None:
        self.node, self.chain = node, JsonRpcChain(node.url)
        made = [Wallet.born(hashlib.sha256(b"wallet %d" % n).digest()) for n in range(NODES + 2)]
        self.customer, self.carrier, *self.nodes = made
        for wallet in made:
            node.ask("anvil_setBalance", wallet.address, hex(1000 * ETHER))
        self.registry = self.deploy(REGISTRY, LEAST, DELAY)
        self.settlement = self.deploy(SETTLEMENT, self.registry, WINDOW, PATIENCE, PENALTY)
        self.does(self.carrier, self.registry, REGISTRY.call("name_settlement", self.settlement))
        self.domain = Domain(CHAIN_ID, self.settlement)
        for wallet in self.nodes:
            consent = wallet.sign_typed(
                Domain(CHAIN_ID, self.registry), struct_hash(REGISTRATION_TYPE, (wallet.address,))
            )
            self.does(wallet, self.registry, REGISTRY.call("register", wallet.address, *consent), LEAST)
        self.later(10)

    def sign(self, wallet: Wallet, to: str | None, data: bytes, value: int = 0, tip_gwei: int = 1) -> bytes:
        nonce = self.chain.nonce(wallet.address)
        gas, price = 5_000_000, 100 * 10**9
        return wallet.sign(Transaction(CHAIN_ID, nonce, to, value, gas, price, tip_gwei * 10**9, data)).raw

    def does(self, wallet: Wallet, to: str | None, data: bytes, value: int = 0) -> dict[str, Any]:
        name = self.chain.send_raw_transaction(self.sign(wallet, to, data, value), NOW)
        until = time.monotonic() + 10
        while (receipt := self.node.ask("eth_getTransactionReceipt", name)) is None:
            assert time.monotonic() < until, "not mined"
            time.sleep(0.01)
        assert receipt["status"] == "0x1", f"reverted: {self.why(wallet, to, data, value)}"
        return dict(receipt)

    def why(self, wallet: Wallet, to: str | None, data: bytes, value: int) -> str:
        """The reason of a call that reverts, empty if it would not."""
        call = {"from": wallet.address, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
        try:
            self.node.ask("eth_call", call, "latest")
        except AssertionError as error:
            return str(error)
        return ""

    def deploy(self, contract: Contract, *arguments: object) -> str:
        return str(self.does(self.carrier, None, contract.deploy(*arguments))["contractAddress"])

    def asks(self, contract: Contract, place: str, function: str, *arguments: object) -> Any:
        call = {"to": place, "data": "0x" + contract.call(function, *arguments).hex()}
        return contract.result(function, bytes.fromhex(self.node.ask("eth_call", call, "latest")[2:]))[0]

    def later(self, seconds: int) -> None:
        self.node.ask("evm_increaseTime", seconds)
        self.node.ask("anvil_mine", "0x1")

    def now(self) -> int:
        return int(self.node.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def settles(self, function: str, *arguments: object, by: Wallet | None = None, value: int = 0) -> dict[str, Any]:
        return self.does(by or self.carrier, self.settlement, SETTLEMENT.call(function, *arguments), value)

    def open(self, salt: bytes = bytes(32)) -> bytes:
        job = self.asks(SETTLEMENT, self.settlement, "job_id", self.customer.address, salt)
        value = PRICE + FEE * QUORUM
        self.settles("open", salt, CODE, INPUT, PRICE, FEE, QUORUM, self.now() + 9000, by=self.customer, value=value)
        return bytes(job)

    def claimed(self, output: bytes) -> tuple[bytes, WorkReceipt, list[Wallet]]:
        """A job claimed by node 0; the drawn verifiers that did not co-sign."""
        job, executor = self.open(), self.nodes[0]
        receipt = WorkReceipt(job, executor.address, 1, CODE, INPUT, output, self.now(), 42)
        batch = Batch([receipt, *(replace(receipt, job=bytes([n]) * 32) for n in range(1, 5))])
        fields = (batch.root, 1, batch.count)
        self.settles(
            "post", executor.address, 1, *fields[::2], executor.sign_typed(self.domain, struct_hash(BATCH_TYPE, fields))
        )
        self.later(10 * PATIENCE)
        drawn = self.drawn(job)
        verdicts = [self.verdict(wallet, receipt, output) for wallet in drawn[:QUORUM]]
        self.settles("claim", receipt.words(), list(batch.proof(job)), verdicts)
        return job, receipt, drawn[QUORUM:]

    def drawn(self, job: bytes) -> list[Wallet]:
        """Recomputed off chain from the block's own mix, and the same as the contract says."""
        _, mix, posted, stake = self.asks(SETTLEMENT, self.settlement, "batches", self.nodes[0].address, 1)
        doublings = (self.now() - posted) // PATIENCE
        lot = Lot(bytes(mix), job, QUORUM, stake)
        stakes = {wallet.address: LEAST for wallet in self.nodes}
        found = set(lot.drawn(stakes, self.nodes[0].address, doublings))
        for wallet in self.nodes:
            said = self.asks(SETTLEMENT, self.settlement, "drawn", job, self.nodes[0].address, 1, wallet.address)
            assert said == (wallet.address in found)
        return [wallet for wallet in self.nodes if wallet.address in found]

    def verdict(self, wallet: Wallet, receipt: WorkReceipt, output: bytes) -> tuple[str, tuple[int, int, int]]:
        content = struct_hash(VERDICT_TYPE, (receipt.job, receipt.executor, receipt.number, output))
        return wallet.address, wallet.sign_typed(self.domain, content)

    def credit(self, wallet: Wallet) -> int:
        return int(self.asks(SETTLEMENT, self.settlement, "credit", wallet.address))

    def logs(self, receipt: dict[str, Any]) -> list[str]:
        rows = [
            (
                bytes.fromhex(log["address"][2:]),
                [bytes.fromhex(topic[2:]) for topic in log["topics"]],
                bytes.fromhex(log["data"][2:]),
            )
            for log in receipt["logs"]
        ]
        return [name for _, name, _ in SETTLEMENT.events(rows)]


def test_from_escrow_to_payment(anvil: Anvil) -> None:
    market = Market(anvil)
    job, _, _ = market.claimed(OUTPUT)
    market.later(WINDOW)
    assert market.logs(market.settles("pay", job)) == ["JobPaid"]
    executor = market.nodes[0]
    assert market.credit(executor) == PRICE
    before = market.chain.balance(executor.address)
    receipt = market.settles("withdraw", by=executor)
    paid = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert market.chain.balance(executor.address) - before == PRICE - paid


def test_from_a_lie_to_slashing(anvil: Anvil) -> None:
    market = Market(anvil)
    job, receipt, others = market.claimed(OTHER)
    verdicts = [market.verdict(wallet, receipt, OUTPUT) for wallet in others[: QUORUM + 1]]
    assert len(verdicts) == QUORUM + 1
    assert "Lied" in market.logs(market.settles("refute", job, OUTPUT, verdicts))
    assert market.asks(REGISTRY, market.registry, "nodes", receipt.executor)[1] == LEAST - PENALTY
    assert market.credit(market.customer) == PENALTY // 2 + PRICE + FEE * QUORUM


def test_a_reorganisation_takes_a_payment_back_and_it_is_made_again(slow_anvil: Anvil) -> None:
    """The same signed bytes are mined again on the new branch: never lost, never doubled."""
    anvil = slow_anvil
    wallet, payee = Wallet.born(bytes(16)), "0x" + "35" * 20
    anvil.ask("anvil_setBalance", wallet.address, hex(ETHER))
    chain = JsonRpcChain(anvil.url)
    raw = wallet.sign(Transaction(CHAIN_ID, 0, payee, 7, 21_000, 10**11, 10**9)).raw
    before = anvil.ask("evm_snapshot")
    name = chain.send_raw_transaction(raw, NOW)
    anvil.ask("anvil_mine", "0x1")
    assert chain.receipt(name) is not None
    assert anvil.ask("evm_revert", before)
    assert chain.receipt(name) is None, "its block is gone"
    assert chain.balance(payee) == 0
    assert chain.send_raw_transaction(raw, NOW) == name
    assert chain.send_raw_transaction(raw, NOW) == name, "twice is no error"
    anvil.ask("anvil_mine", "0x1")
    assert chain.balance(payee) == 7
    assert chain.nonce(wallet.address) == 1


def test_a_stuck_transaction_is_replaced_and_only_one_is_mined(slow_anvil: Anvil) -> None:
    anvil = slow_anvil
    wallet, payee = Wallet.born(bytes(16)), "0x" + "36" * 20
    anvil.ask("anvil_setBalance", wallet.address, hex(ETHER))
    chain = JsonRpcChain(anvil.url)
    cheap = wallet.sign(Transaction(CHAIN_ID, 0, payee, 5, 21_000, 2 * 10**9, 1)).raw
    first = chain.send_raw_transaction(cheap, NOW)
    assert chain.receipt(first) is None
    with pytest.raises(Refused, match="underpriced"):
        chain.send_raw_transaction(wallet.sign(Transaction(CHAIN_ID, 0, payee, 5, 21_000, 2 * 10**9, 2)).raw, NOW)
    dearer = wallet.sign(Transaction(CHAIN_ID, 0, payee, 5, 21_000, 10**11, 10**10)).raw
    second = chain.send_raw_transaction(dearer, NOW)
    anvil.ask("anvil_mine", "0x2")
    assert chain.receipt(first) is None
    assert chain.receipt(second) is not None
    assert chain.balance(payee) == 5


def test_a_node_that_goes_silent_is_unreachable_and_nothing_is_lost(anvil: Anvil) -> None:
    wallet, payee = Wallet.born(bytes(16)), "0x" + "37" * 20
    anvil.ask("anvil_setBalance", wallet.address, hex(ETHER))
    chain = JsonRpcChain(anvil.url, timeout_s=0.3)
    raw = wallet.sign(Transaction(CHAIN_ID, 0, payee, 5, 21_000, 10**11, 10**9)).raw
    anvil.signal(signal.SIGSTOP)
    with pytest.raises(Unreachable):
        chain.send_raw_transaction(raw, NOW)
    anvil.signal(signal.SIGCONT)
    patient = JsonRpcChain(anvil.url)
    name = patient.send_raw_transaction(raw, NOW)
    until = time.monotonic() + 10
    while patient.receipt(name) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert patient.balance(payee) == 5


def test_a_node_that_lies_about_state_is_caught_by_its_own_header(anvil: Anvil) -> None:
    """Balance, nonce and storage are believed only under a root: any changed claim, or any other root, is refused."""
    market = Market(anvil)
    executor = market.nodes[0]
    number = anvil.ask("eth_blockNumber")
    root = bytes.fromhex(anvil.ask("eth_getBlockByNumber", number, False)["stateRoot"][2:])
    answer = anvil.ask("eth_getProof", executor.address, [], number)
    told = parse_eip1186(json.dumps(answer).encode())
    account = verify_eip1186(root, told).account
    assert account is not None
    assert (account.nonce, account.balance_wei) == (1, market.chain.balance(executor.address))
    for lie in ({"balance": hex(account.balance_wei + ETHER)}, {"nonce": "0x0"}, {"codeHash": "0x" + "11" * 32}):
        claimed = parse_eip1186(json.dumps({**answer, **lie}).encode())
        with pytest.raises(RemoteProtocolError, match="proof"):
            verify_eip1186(root, claimed)
    other = bytes.fromhex(anvil.ask("eth_getBlockByNumber", "0x1", False)["stateRoot"][2:])
    with pytest.raises(RemoteProtocolError, match="proof"):
        verify_eip1186(other, told)
