"""Where the contracts keep what, as an EVM that runs them has it: each slot against the contract's own answer."""

from ethereum.evm_bench import Evm, Key, account
from ethereum.settlement_yard import CUSTOMER, FEE, LEAST, PRICE, WINDOW, Yard
from orbitalcloud.ethereum.contracts import COSIGNER, SETTLEMENT
from orbitalcloud.ethereum.layout import (
    CLAIMED,
    NEXT_NUMBER,
    OPEN,
    OWNERS,
    PAID,
    REFUNDED,
    SERVING_STAKE,
    address_of,
    batch_slots,
    claim_slots,
    credit_slot,
    job_slots,
    node_slots,
    proposal_slots,
)
from orbitalcloud.ethereum.settlement import job_id, proposal_digest
from orbitalcloud.ethereum.typed_data import Domain


def read(evm, place, slots):
    return [int(evm._state.get_storage(bytes.fromhex(place[2:]), slot)) for slot in slots]


def said(yard, function, *given):
    return SETTLEMENT.result(function, yard.evm.call(account(3), yard.settlement, SETTLEMENT.call(function, *given)))


def words(answer):
    """A struct that a contract answers, as words of storage."""
    return [
        int.from_bytes(one, "big") if isinstance(one, bytes) else int(one, 16) if isinstance(one, str) else one
        for one in answer[0]
    ]


def test_an_escrow_a_stake_and_a_credit_stand_where_the_layout_says():
    yard = Yard(4)
    job = yard.open(quorum=1)
    assert job == job_id(yard.settlement, CUSTOMER, bytes(32))
    found = read(yard.evm, yard.settlement, job_slots(job))
    assert found == words(said(yard, "jobs", job))
    assert (found[3:6], found[7]) == ([PRICE, FEE, 1], OPEN)
    operator, stake, since, leaves = read(yard.evm, yard.registry, node_slots(yard.keys[0].address))
    assert (address_of(operator), stake, leaves) == (yard.operators[0], LEAST, 0)
    assert 0 < since < yard.evm.now
    assert read(yard.evm, yard.registry, [SERVING_STAKE]) == [4 * LEAST]
    yard.evm.now += 20_000
    yard.does("refund", job)
    assert read(yard.evm, yard.settlement, job_slots(job))[7] == REFUNDED
    assert read(yard.evm, yard.settlement, [credit_slot(CUSTOMER)]) == [PRICE + FEE]


def test_a_batch_a_claim_and_its_payment_stand_where_the_layout_says():
    yard = Yard()
    job, receipt, _ = yard.claimed()
    batch = read(yard.evm, yard.settlement, batch_slots(receipt.executor, receipt.number))
    assert batch == words(said(yard, "batches", receipt.executor, receipt.number))
    assert (batch[1].to_bytes(32, "big"), batch[3]) == (yard.evm.mix, 8 * LEAST)
    executor, count, *signers = read(yard.evm, yard.settlement, claim_slots(job))
    assert address_of(executor) == receipt.executor
    assert [address_of(one) for one in signers[:count]] == list(yard.signers(job))
    assert read(yard.evm, yard.settlement, job_slots(job))[7] == CLAIMED
    yard.evm.now += WINDOW
    yard.does("pay", job)
    assert read(yard.evm, yard.settlement, job_slots(job))[7] == PAID
    assert read(yard.evm, yard.settlement, [credit_slot(yard.operators[0])]) == [PRICE]


def test_a_purses_owners_and_proposals_stand_where_the_layout_says():
    evm, keys = Evm(), [Key(number) for number in range(3)]
    purse = evm.deploy(COSIGNER, [key.address for key in keys], 1000)
    assert [address_of(word) for word in read(evm, purse, OWNERS)] == [key.address for key in keys]
    assert read(evm, purse, [NEXT_NUMBER]) == [0]
    digest = proposal_digest(Domain(31337, purse), 0, CUSTOMER, 5, b"")
    evm.call(account(1), purse, COSIGNER.call("propose", CUSTOMER, 5, b"", keys[0].sign(digest), keys[2].sign(digest)))
    to, value, _, begins, third, done = found = read(evm, purse, proposal_slots(0))
    answer = evm.call(account(1), purse, COSIGNER.call("proposals", 0))
    assert found == words(COSIGNER.result("proposals", answer))
    assert (address_of(to), value, begins, address_of(third), done) == (CUSTOMER, 5, evm.now + 1000, keys[1].address, 0)
    assert read(evm, purse, [NEXT_NUMBER]) == [1]
