"""The contracts in a real EVM: a job from escrow to payment, every lie that costs a stake, and what must fail."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.resources import files

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ethereum.evm_bench import CHAIN_ID, Evm, Key, RevertedError, account
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
    OUTPUT,
    PATIENCE,
    PENALTY,
    PRICE,
    REPORTER,
    WINDOW,
    Yard,
)
from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum.contracts import COSIGNER, REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.lot import Lot
from orbitalcloud.ethereum.settlement import (
    Batch,
    WorkReceipt,
    proposal_digest,
    proves,
    registration_digest,
    verdict_digest,
    veto_digest,
)
from orbitalcloud.ethereum.typed_data import Domain, typed_digest


@pytest.fixture
def yard() -> Yard:
    return Yard()


def test_packaged_bytecode_is_of_the_packaged_source() -> None:
    for contract in (REGISTRY, SETTLEMENT, COSIGNER):
        source = (files("orbitalcloud") / "data" / "contracts" / f"{contract.name}.vy").read_bytes()
        assert contract.source_sha256 == hashlib.sha256(source).hexdigest(), "run tools/make_contracts.py"


def test_a_job_from_escrow_to_payment(yard: Yard) -> None:
    job, receipt, _ = yard.claimed()
    assert yard.held() == PRICE + 2 * FEE
    with pytest.raises(RevertedError, match="window is open"):
        yard.does("pay", job)
    yard.evm.now += WINDOW
    yard.does("pay", job)
    assert [event[1] for event in SETTLEMENT.events(yard.evm.logs)] == ["JobPaid"]
    before = yard.evm.balance(yard.operators[0])
    yard.does("withdraw", sender=yard.operators[0])
    assert yard.evm.balance(yard.operators[0]) - before == PRICE
    assert yard.held() == 2 * FEE, "what the two verifiers have not drawn yet"
    with pytest.raises(RevertedError, match="not claimed"):
        yard.does("pay", job)
    with pytest.raises(RevertedError, match="not open"):
        yard.does("claim", receipt.words(), [], [])
    with pytest.raises(RevertedError, match="no credit"):
        yard.does("withdraw", sender=yard.operators[0])


def test_an_unclaimed_job_goes_back_whole(yard: Yard) -> None:
    job = yard.open()
    with pytest.raises(RevertedError, match="not yet"):
        yard.does("refund", job)
    yard.evm.now += 10_001
    yard.does("refund", job)
    yard.does("withdraw", sender=CUSTOMER)
    assert yard.held() == 0
    assert yard.evm.balance(CUSTOMER) == 100 * ETHER


def test_the_lot_is_the_same_on_chain_and_off(yard: Yard) -> None:
    job = yard.open(quorum=1)
    yard.post(Batch([yard.receipt(job)]))
    stakes = {key.address: LEAST for key in yard.keys}
    lot = Lot(yard.evm.mix, job, 1, LEAST * len(stakes))
    seen = []
    for doublings in range(6):
        drawn = lot.drawn(stakes, yard.keys[0].address, doublings)
        assert sorted(key.address for key in yard.drawn(job)) == sorted(drawn), doublings
        seen.append(len(drawn))
        yard.evm.now += PATIENCE
    assert seen == sorted(seen)
    assert seen[-1] == len(stakes) - 1, "silence cannot block for ever"


def test_the_lot_follows_stake_and_leaves_out_late_comers(yard: Yard) -> None:
    mean = 0.0
    for number in range(400):
        lot = Lot(hashlib.sha256(b"%d" % number).digest(), bytes(32), 2, 100)
        mean += sum(lot.draws(account(one), stake) for one, stake in enumerate((1, 2, 3, 14))) / 400
    assert mean == pytest.approx(sum(min(1.0, 4 * stake / 100) for stake in (1, 2, 3, 14)), abs=0.1)
    job = yard.open()
    yard.post(Batch([yard.receipt(job)]))
    yard.keys.append(Key(99))
    yard.operators.append(account(199))
    yard.evm.now += 12 * PATIENCE
    yard.register(8)
    yard.evm.now += 10
    assert yard.keys[8] not in yard.drawn(job), "it joined after the lot was cast"


def test_two_receipts_of_one_job_cost_the_stake(yard: Yard) -> None:
    job, receipt, _ = yard.claimed()
    other = replace(receipt, output=OTHER)
    key = yard.keys[0]
    proof = [(one.words(), key.sign(one.digest(yard.domain))) for one in (receipt, other)]
    with pytest.raises(RevertedError, match="same receipt"):
        yard.does("prove_two_receipts", *proof[0], *proof[0], sender=REPORTER)
    yard.does("prove_two_receipts", *proof[0], *proof[1], sender=REPORTER)
    assert yard.stake(0) == 0, "below the least stake it serves no more"
    assert yard.asks("credit", REPORTER) == PENALTY // 2
    assert yard.asks("credit", CUSTOMER) == PENALTY // 2 + PRICE + 2 * FEE
    with pytest.raises(RevertedError, match="punished already"):
        yard.does("prove_two_receipts", *proof[0], *proof[1], sender=REPORTER)
    yard.evm.now += WINDOW
    with pytest.raises(RevertedError, match="not claimed"):
        yard.does("pay", job)


def test_a_forged_second_receipt_proves_nothing(yard: Yard) -> None:
    _, receipt, _ = yard.claimed()
    other = replace(receipt, output=OTHER)
    good = (receipt.words(), yard.keys[0].sign(receipt.digest(yard.domain)))
    with pytest.raises(RevertedError, match="second signature"):
        yard.does("prove_two_receipts", *good, other.words(), yard.keys[1].sign(other.digest(yard.domain)))
    elsewhere = Domain(CHAIN_ID + 1, yard.settlement)
    with pytest.raises(RevertedError, match="second signature"):
        yard.does("prove_two_receipts", *good, other.words(), yard.keys[0].sign(other.digest(elsewhere)))
    assert yard.stake(0) == LEAST


def test_a_quorum_that_ran_it_again_refutes(yard: Yard) -> None:
    job, receipt, others = yard.claimed(output=OTHER)
    assert len(others) >= 3
    two = [yard.verdict(key, receipt, OUTPUT) for key in others[:2]]
    with pytest.raises(RevertedError, match="more must refute"):
        yard.does("refute", job, OUTPUT, two)
    with pytest.raises(RevertedError, match="twice"):
        yard.does("refute", job, OUTPUT, [*two, two[0]])
    three = [yard.verdict(key, receipt, OUTPUT) for key in others[:3]]
    yard.does("refute", job, OUTPUT, three, sender=REPORTER)
    assert yard.stake(0) == 0
    assert yard.asks("credit", CUSTOMER) == PENALTY // 2 + PRICE + 2 * FEE


def test_no_refutation_after_the_window(yard: Yard) -> None:
    job, receipt, others = yard.claimed(output=OTHER)
    yard.evm.now += WINDOW
    with pytest.raises(RevertedError, match="window is closed"):
        yard.does("refute", job, OUTPUT, [yard.verdict(key, receipt, OUTPUT) for key in others[:3]])


def test_a_verifier_that_signs_two_outputs_is_slashed(yard: Yard) -> None:
    job, receipt, _ = yard.claimed()
    liar = next(number for number, key in enumerate(yard.keys) if number and key.address in yard.signers(job))
    key, domain = yard.keys[liar], yard.domain
    signed = [key.sign(verdict_digest(domain, job, receipt.executor, 1, output)) for output in (OUTPUT, OTHER)]
    yard.does(
        "prove_two_verdicts",
        job,
        key.address,
        receipt.executor,
        1,
        OUTPUT,
        signed[0],
        OTHER,
        signed[1],
        sender=REPORTER,
    )
    assert yard.stake(liar) == 0
    assert yard.stake(0) == LEAST, "the executor told the truth"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": OTHER}, "another job's code"),
        ({"input": OTHER}, "another job's code"),
        ({"number": 2}, "no such batch"),
        ({"output": OTHER}, "not under the root"),
        ({"energy_mj": 1}, "not under the root"),
        ({"finished": 1}, "not under the root"),
        ({"job": OTHER}, "not open"),
        ({"executor": account(7)}, "does not serve"),
    ],
)
def test_a_changed_receipt_is_refused(yard: Yard, change: dict[str, object], reason: str) -> None:
    job = yard.open()
    receipt = yard.receipt(job)
    batch = Batch([receipt, replace(receipt, job=bytes([1]) * 32)])
    yard.post(batch)
    yard.evm.now += 12 * PATIENCE
    signers = yard.drawn(job)[:2]
    wrong = replace(receipt, **change)  # type: ignore[arg-type]
    verdicts = [yard.verdict(key, wrong, wrong.output) for key in signers]
    with pytest.raises(RevertedError, match=reason):
        yard.does("claim", wrong.words(), list(batch.proof(job)), verdicts)
    yard.claim(receipt, batch, signers)


def test_who_may_co_sign(yard: Yard) -> None:
    job = yard.open()
    receipt = yard.receipt(job)
    batch = Batch([receipt])
    yard.post(batch)
    undrawn = [key for key in yard.keys[1:] if key not in yard.drawn(job)]
    assert undrawn, "the mix of this test leaves somebody out"
    with pytest.raises(RevertedError, match="not drawn"):
        yard.claim(receipt, batch, [undrawn[0], undrawn[0]])
    yard.evm.now += 12 * PATIENCE
    one, two = yard.drawn(job)[:2]
    with pytest.raises(RevertedError, match="quorum"):
        yard.claim(receipt, batch, [one])
    with pytest.raises(RevertedError, match="twice"):
        yard.claim(receipt, batch, [one, one])
    with pytest.raises(RevertedError, match="itself"):
        yard.claim(receipt, batch, [one, yard.keys[0]])
    verdicts = [yard.verdict(one, receipt, OUTPUT), yard.verdict(two, receipt, OTHER)]
    with pytest.raises(RevertedError, match="verifier's signature"):
        yard.does("claim", receipt.words(), [], verdicts)


def test_stake_leaves_late_and_only_to_its_operator(yard: Yard) -> None:
    node, operator = yard.keys[3].address, yard.operators[3]

    def does(function: str, sender: str) -> None:
        yard.evm.call(sender, yard.registry, REGISTRY.call(function, node))

    with pytest.raises(RevertedError, match="operator only"):
        does("leave", REPORTER)
    does("leave", operator)
    assert yard.stake(3) == 0
    with pytest.raises(RevertedError, match="not yet"):
        does("withdraw", operator)
    yard.evm.now += DELAY
    before = yard.evm.balance(operator)
    does("withdraw", operator)
    assert yard.evm.balance(operator) - before == LEAST
    with pytest.raises(RevertedError, match="operator only"):
        does("withdraw", operator)
    with pytest.raises(RevertedError, match="settlement only"):
        yard.evm.call(operator, yard.registry, REGISTRY.call("slash", node, 1))
    wrong = yard.keys[3].sign(registration_digest(Domain(CHAIN_ID, yard.registry), operator))
    with pytest.raises(RevertedError, match="consent"):
        yard.evm.call(REPORTER, yard.registry, REGISTRY.call("register", node, *wrong), LEAST)


def test_a_leaving_node_is_still_slashed(yard: Yard) -> None:
    _, receipt, _ = yard.claimed()
    key = yard.keys[0]
    yard.evm.call(yard.operators[0], yard.registry, REGISTRY.call("leave", key.address))
    other = replace(receipt, output=OTHER)
    proof = [part for one in (receipt, other) for part in (one.words(), key.sign(one.digest(yard.domain)))]
    yard.does("prove_two_receipts", *proof, sender=REPORTER)
    yard.evm.now += DELAY
    before = yard.evm.balance(yard.operators[0])
    yard.evm.call(yard.operators[0], yard.registry, REGISTRY.call("withdraw", key.address))
    assert yard.evm.balance(yard.operators[0]) - before == LEAST - PENALTY


class TestPurse:
    """Two of three keys, one in orbit, and a veto window."""

    def test_two_of_three_and_the_third_may_veto(self) -> None:
        evm, (one, two, orbit) = Evm(), [Key(number) for number in (51, 52, 53)]
        purse = evm.deploy(COSIGNER, [one.address, two.address, orbit.address], WINDOW)
        evm.fund(CARRIER, ETHER)
        evm.call(CARRIER, purse, b"", ETHER)
        domain, payee = Domain(CHAIN_ID, purse), account(77)

        def propose(number: int, *signers: Key) -> None:
            digest = proposal_digest(domain, number, payee, ETHER // 4, b"")
            signatures = [key.sign(digest) for key in signers]
            evm.call(CARRIER, purse, COSIGNER.call("propose", payee, ETHER // 4, b"", *signatures))

        def veto(number: int, key: Key) -> None:
            evm.call(CARRIER, purse, COSIGNER.call("veto", number, key.sign(veto_digest(domain, number))))

        def execute(number: int) -> None:
            evm.call(CARRIER, purse, COSIGNER.call("execute", number, b""))

        propose(0, one, orbit)
        with pytest.raises(RevertedError, match="window is open"):
            execute(0)
        evm.now += WINDOW
        with pytest.raises(RevertedError, match="other data"):
            evm.call(CARRIER, purse, COSIGNER.call("execute", 0, b"x"))
        execute(0)
        assert evm.balance(payee) == ETHER // 4
        with pytest.raises(RevertedError, match="no such open"):
            execute(0)
        with pytest.raises(RevertedError, match="owner"):
            propose(0, one, orbit)  # signatures of number 0 do not fit number 1
        propose(1, one, two)
        with pytest.raises(RevertedError, match="only the third"):
            veto(1, one)
        veto(1, orbit)
        evm.now += WINDOW
        with pytest.raises(RevertedError, match="no such open"):
            execute(1)
        with pytest.raises(RevertedError, match="one owner twice"):
            propose(2, one, one)
        with pytest.raises(RevertedError, match="not an owner"):
            propose(2, one, Key(54))
        propose(2, two, orbit)
        evm.now += WINDOW + 31 * 86_400
        with pytest.raises(RevertedError, match="too late"):
            execute(2)


def test_eip712_digests_are_eth_accounts_own() -> None:
    """An independent implementation of EIP-712 (eth-account) hashes the same structs to the same digests."""
    domain = Domain(1, "0x" + "ab" * 20)
    receipt = WorkReceipt(OUTPUT, "0x" + "cd" * 20, 7, CODE, INPUT, OTHER, 1_790_000_000, 5)
    names = ["job", "executor", "number", "code", "input", "output", "finished", "energy_mj"]
    kinds = ["bytes32", "address", "uint256", "bytes32", "bytes32", "bytes32", "uint256", "uint256"]
    message = encode_typed_data(
        {"name": "Orbital Cloud", "version": "1", "chainId": 1, "verifyingContract": domain.contract},
        {"Receipt": [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]},
        dict(zip(names, receipt.words(), strict=True)),
    )
    assert message.header == domain.separator
    assert message.body == receipt.struct_hash
    assert receipt.digest(domain) == typed_digest(domain, message.body)


@given(st.integers(1, 70), st.data())
def test_every_receipt_of_a_batch_is_proved_and_no_other(count: int, data: st.DataObject) -> None:
    receipts = [
        WorkReceipt(hashlib.sha256(b"%d" % n).digest(), account(5), 3, CODE, INPUT, OUTPUT, n, 0) for n in range(count)
    ]
    batch = Batch(receipts)
    one = receipts[data.draw(st.integers(0, count - 1))]
    proof = batch.proof(one.job)
    assert proves(one, proof, batch.root)
    assert not proves(replace(one, output=OTHER), proof, batch.root)
    assert not proves(one, (*proof, bytes(32)), batch.root)
    if proof:
        assert not proves(one, proof[1:], batch.root)


def test_bad_batches_and_calls_are_named() -> None:
    receipt = WorkReceipt(OUTPUT, account(5), 3, CODE, INPUT, OUTPUT, 1, 0)
    for wrong in ([], [receipt, receipt], [receipt, replace(receipt, job=OTHER, number=4)]):
        with pytest.raises(DataError, match="batch"):
            Batch(wrong)
    with pytest.raises(DataError, match="job"):
        Batch([receipt]).proof(OTHER)
    with pytest.raises(DataError, match="it has"):
        REGISTRY.call("no_such")
    with pytest.raises(DataError, match="it takes"):
        REGISTRY.call("leave", "nobody")
    with pytest.raises(RemoteProtocolError, match="abi"):
        REGISTRY.result("serves_since", b"\x01")
    with pytest.raises(DataError, match="lot"):
        Lot(b"short", bytes(32), 1, 1)
