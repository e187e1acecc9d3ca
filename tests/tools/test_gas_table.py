"""The gas table says what a real transaction costs, and the page has today's table."""

import sys
from pathlib import Path

import pytest

from ethereum.evm_bench import CHAIN_ID
from orbitalcloud.core import Instant
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.contracts import REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.settlement import registration_digest
from orbitalcloud.ethereum.typed_data import Domain
from orbitalcloud.twin.chain import InProcessChain

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import make_gas_table as gas

ETHER = 10**18
DEPLOYER = Wallet.born(b"\x31" * 16)


@pytest.fixture(scope="module")
def rows():
    return {call: cost for call, _, _, cost in gas.rows()}


def test_transactions_on_a_chain_cost_what_the_table_says(rows):
    """Mined in blocks, by signed transactions: an account of our own for the base and the cold storage."""
    from eth_hash.auto import keccak

    from orbitalcloud.ethereum import rlp

    chain = InProcessChain(CHAIN_ID, {DEPLOYER.address: 100 * ETHER})
    nonce = 0

    def send(to, data, value=0):
        nonlocal nonce
        signed = DEPLOYER.sign_transaction(CHAIN_ID, nonce, to, value, 5_000_000, 10**10, 0, data)
        chain.send_raw_transaction(signed.raw, Instant((1_790_000_000 + nonce) * 10**9))
        nonce += 1
        receipt = chain.receipt(signed.hash)
        assert receipt.status == 1
        return receipt.gas_used

    def made():
        account = bytes.fromhex(DEPLOYER.address[2:])
        return "0x" + bytes(keccak(rlp.encode([account, rlp.integer(nonce)])))[12:].hex()

    registry = made()
    assert send(None, REGISTRY.deploy(2 * ETHER, 5000)) == rows["`registry` deployed"]
    settlement = made()
    assert send(None, SETTLEMENT.deploy(registry, 1000, 100, ETHER)) == pytest.approx(
        rows["`settlement` deployed"], abs=200
    ), "the registry's address has other bytes"
    send(registry, REGISTRY.call("name_settlement", settlement))
    consent = gas.Key(5).sign(registration_digest(Domain(CHAIN_ID, registry), DEPLOYER.address.lower()))
    used = send(registry, REGISTRY.call("register", gas.Key(5).address, *consent), 2 * ETHER)
    assert used == pytest.approx(rows["`registry.register`"] + 17_100, abs=200), "the first stake makes the sum's slot"
    assert send(registry, REGISTRY.call("add_stake", gas.Key(5).address), ETHER) == pytest.approx(
        rows["`registry.add_stake`"], abs=200
    )
    terms = (bytes(32), gas.CODE, gas.INPUT, gas.PRICE, gas.FEE, 2, 1_790_005_000)
    used = send(settlement, SETTLEMENT.call("open", *terms), gas.PRICE + 2 * gas.FEE)
    assert used == pytest.approx(rows["`settlement.open`"], abs=200)
    assert send(registry, REGISTRY.call("leave", gas.Key(5).address)) == pytest.approx(
        rows["`registry.leave`"] - 4_800, abs=200
    ), "the sum of stakes becomes zero here, for which there is a refund"


def test_the_page_has_todays_table():
    said = []
    assert gas.main(True, said.append) == 0, said
