"""Work of a flight, settled: executed on real nodes, signed for with their wallets' keys, paid or slashed on an EVM.

The flight and the chain are two steps here: the satellites fly, execute and sign Ed25519 receipts in the twin; then the
same wallets (`WorkDesk`) sign for contracts in a bare EVM, and verifiers whom the lot drew execute again.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ethereum.evm_bench import CHAIN_ID, Evm, RevertedError, account
from orbitalcloud.compute import execute, parse_receipt, verify_by_execution
from orbitalcloud.core import DataError, Refused, digest_of, records
from orbitalcloud.core.effects import Save
from orbitalcloud.ethereum.contracts import REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.lot import Lot
from orbitalcloud.ethereum.settlement import REGISTRATION_TYPE, Batch
from orbitalcloud.ethereum.typed_data import Domain, struct_hash
from orbitalcloud.node.workdesk import SignedWork, WorkDesk, digest_bytes, work_receipt
from orbitalcloud.twin import Flight, Folder
from small_missions import ETHEREUM, SMALL, load_text

ETHER = 10**18
STAKE, PENALTY, DELAY, WINDOW, PATIENCE = 2 * ETHER, ETHER, 5000, 1000, 100
PRICE, FEE = ETHER, ETHER // 10
CUSTOMER, CARRIER, REPORTER = account(1), account(2), account(3)
NAMES = ("alpha", "beta", "gamma", "delta")
BUS = SMALL[SMALL.index("[[satellite]]") : SMALL.index("[[station]]")]
FLEET = SMALL.replace(BUS, "".join(BUS.replace('"sat"', f'"{name}"') for name in NAMES)).replace(
    'submit_at = "svalbard"', 'submit_at = "svalbard"\ntarget = "alpha"'
)
FLEET = FLEET[: FLEET.index('[[job]]\nname = "protein"')] + ETHEREUM[: ETHEREUM.index("[[payment]]")]


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    """Receipts of what alpha executed, what it executed, and the four wallets."""
    place = Folder.create(tmp_path_factory.mktemp("fleet") / "flight")
    with Flight.begin(load_text(FLEET), place, 7) as flight:
        while flight.due() is not None:
            flight.step()
        wallets = {name: flight.carrier.nodes[name].wallet.wallet for name in NAMES}
        artefacts = dict(flight.carrier.artefacts)
        flight.finish()
    receipts = [parse_receipt(file.read_bytes()) for file in sorted((place.path / "receipts").iterdir())]
    delivered = {entry.job for entry in place.entries() if isinstance(entry, records.ResultDelivered) and entry.why.ok}
    assert {receipt.job for receipt in receipts} == delivered, "each came down, and its Ed25519 signature held"
    from orbitalcloud.compute import workload

    inputs = {digest_of(data): data for data in workload("water-map").inputs()}
    return SimpleNamespace(wallets=wallets, artefacts=artefacts, receipts=receipts, inputs=inputs)


class Chain:
    """Registry and settlement, with the four satellites registered by their wallets' consent."""

    def __init__(self, wallets):
        self.evm, self.wallets = Evm(), wallets
        self.registry = self.evm.deploy(REGISTRY, STAKE, DELAY)
        self.settlement = self.evm.deploy(SETTLEMENT, self.registry, WINDOW, PATIENCE, PENALTY)
        self.evm.call(account(0), self.registry, REGISTRY.call("name_settlement", self.settlement))
        self.domain = Domain(CHAIN_ID, self.settlement)
        self.desks = {name: WorkDesk(self.domain, wallet) for name, wallet in wallets.items()}
        self.operators = {name: account(100 + number) for number, name in enumerate(NAMES)}
        for name, wallet in wallets.items():
            operator = self.operators[name]
            self.evm.fund(operator, 10 * ETHER)
            consent = wallet.sign_typed(Domain(CHAIN_ID, self.registry), struct_hash(REGISTRATION_TYPE, (operator,)))
            self.evm.call(operator, self.registry, REGISTRY.call("register", wallet.address, *consent), STAKE)
        for who in (CUSTOMER, CARRIER, REPORTER):
            self.evm.fund(who, 10 * ETHER)
        self.evm.now += 10

    def does(self, function, *given, sender=CARRIER, value=0):
        self.evm.call(sender, self.settlement, SETTLEMENT.call(function, *given), value)

    def asks(self, function, *given):
        answer = self.evm.call(CARRIER, self.settlement, SETTLEMENT.call(function, *given))
        return SETTLEMENT.result(function, answer)[0]

    def open(self, receipt, salt, quorum=1):
        """The customer names the job's code and input by the digests that its receipt has."""
        job = self.asks("job_id", CUSTOMER, salt)
        code, data = digest_bytes(receipt.artefact), digest_bytes(receipt.input)
        terms = (salt, code, data, PRICE, FEE, quorum, self.evm.now + 50_000)
        self.does("open", *terms, sender=CUSTOMER, value=PRICE + FEE * quorum)
        return job

    def post(self, name, works):
        """A batch under one root; who is drawn after enough patience, as the chain and as the lot say."""
        batch = Batch(works)
        self.evm.mix = bytes(range(32))
        self.does("post", batch.executor, batch.number, batch.root, batch.count, given(self.desks[name].batch(batch)))
        self.evm.now += 3 * PATIENCE
        return batch

    def drawn(self, job, work):
        stakes = {wallet.address: STAKE for wallet in self.wallets.values()}
        doublings = 3
        ours = set(Lot(self.evm.mix, job, 1, STAKE * len(stakes)).drawn(stakes, work.executor, doublings))
        names = [name for name, wallet in self.wallets.items() if wallet.address in ours]
        for name, wallet in self.wallets.items():
            assert self.asks("drawn", job, work.executor, work.number, wallet.address) == (name in names)
        return names

    def stake(self, name):
        node = self.wallets[name].address
        answer = self.evm.call(CARRIER, self.registry, REGISTRY.call("serves_since", node))
        return REGISTRY.result("serves_since", answer)[0]


def given(steps):
    """The signature that a desk gives out."""
    (signed,) = [step for step in steps if isinstance(step, SignedWork)]
    return signed.signature


def executed_again(flown, receipt):
    """The output that a verifier finds, by the same executor that flies."""
    return execute(flown.artefacts[receipt.artefact], flown.inputs[receipt.input]).output


@pytest.fixture
def chain(flown):
    return Chain(flown.wallets)


def test_a_receipts_digests_are_the_same_on_chain_and_off(flown):
    receipt = flown.receipts[0]
    work = work_receipt(receipt, bytes(32), flown.wallets["alpha"].address, 1)
    told = [f"sha256:{part.hex()}" for part in (work.code, work.input, work.output)]
    assert told == [receipt.artefact, receipt.input, receipt.output]
    assert told[0] == flown.artefacts[receipt.artefact].digest
    assert told[1] == digest_of(flown.inputs[receipt.input])
    assert told[2] == digest_of(executed_again(flown, receipt))
    assert work.energy_mj == receipt.energy_mj


def test_a_receipt_that_was_changed_does_not_reach_the_chain(flown):
    import msgspec

    forged = msgspec.structs.replace(flown.receipts[0], output=digest_of(b"better"))
    with pytest.raises(DataError, match="signature"):
        work_receipt(forged, bytes(32), flown.wallets["alpha"].address, 1)


def test_work_in_orbit_is_batched_cosigned_and_paid(flown, chain):
    jobs = [chain.open(receipt, bytes([number]) * 32) for number, receipt in enumerate(flown.receipts)]
    works = [
        work_receipt(receipt, job, flown.wallets["alpha"].address, 1)
        for receipt, job in zip(flown.receipts, jobs, strict=True)
    ]
    for work in works:
        assert given(chain.desks["alpha"].receipt(work))
    batch = chain.post("alpha", works)
    for receipt, work in zip(flown.receipts, works, strict=True):
        verifier = chain.drawn(work.job, work)[0]
        again = verify_by_execution(receipt, flown.artefacts[receipt.artefact], flown.inputs[receipt.input])
        assert again.ok
        found = digest_bytes(digest_of(executed_again(flown, receipt)))
        verdict = (chain.wallets[verifier].address, given(chain.desks[verifier].verdict(work, found)))
        chain.does("claim", work.words(), list(batch.proof(work.job)), [verdict])
    chain.evm.now += WINDOW
    for job in jobs:
        chain.does("pay", job)
        with pytest.raises(RevertedError, match="not claimed"):
            chain.does("pay", job)
    before = chain.evm.balance(chain.operators["alpha"])
    chain.does("withdraw", sender=chain.operators["alpha"])
    assert chain.evm.balance(chain.operators["alpha"]) - before == PRICE * len(jobs)
    fees = sum(chain.asks("credit", chain.operators[name]) for name in NAMES)
    assert fees == FEE * len(jobs) == chain.evm.balance(chain.settlement), "and nothing is left or lost"


def test_a_liar_with_an_accomplice_is_refuted_by_who_executes_again(flown, chain):
    """Alpha swears to an output that nobody finds; one drawn satellite signs it unseen, the others execute."""
    receipt = flown.receipts[0]
    job = chain.open(receipt, b"\x07" * 32)
    honest = work_receipt(receipt, job, flown.wallets["alpha"].address, 1)
    lie = replace(honest, output=digest_bytes(digest_of(b"not computed")))
    batch = chain.post("alpha", [lie])
    chain.evm.now += 8 * PATIENCE
    accomplice, *others = [name for name in NAMES if name != "alpha"]
    verdict = (chain.wallets[accomplice].address, given(chain.desks[accomplice].verdict(lie, lie.output)))
    chain.does("claim", lie.words(), list(batch.proof(job)), [verdict])
    found = digest_bytes(digest_of(executed_again(flown, receipt)))
    assert found != lie.output
    verdicts = [(chain.wallets[name].address, given(chain.desks[name].verdict(lie, found))) for name in others]
    with pytest.raises(RevertedError, match="more must refute"):
        chain.does("refute", job, found, verdicts[:1], sender=REPORTER)
    chain.does("refute", job, found, verdicts, sender=REPORTER)
    assert chain.stake("alpha") == 0, "less than the least stake serves no more"
    assert chain.asks("credit", CUSTOMER) == PRICE + FEE + PENALTY // 2
    assert chain.asks("credit", REPORTER) == PENALTY // 2
    chain.evm.now += WINDOW
    with pytest.raises(RevertedError, match="not claimed"):
        chain.does("pay", job)


def test_a_desk_signs_one_answer_to_a_question_also_after_a_reboot(flown, chain):
    """What would cost the stake is refused on board: the flown receipt, then another of the same job."""
    wallet = flown.wallets["alpha"]
    work = work_receipt(flown.receipts[0], b"\x01" * 32, wallet.address, 1)
    other = replace(work, output=bytes(32))
    desk, store = chain.desks["alpha"], {}
    for step in (*desk.receipt(work), *desk.batch(Batch([work]))):
        if isinstance(step, Save):
            store[step.key] = step.value
    again = WorkDesk(chain.domain, wallet)
    again.restore(store)
    assert given(again.receipt(work)) == given(desk.receipt(work)), "the same is the same"
    for refused in (lambda: again.receipt(other), lambda: again.batch(Batch([other]))):
        with pytest.raises(Refused) as error:
            list(refused())
        assert error.value.why.rule == "work-twice"
    theirs = replace(work, executor=flown.wallets["beta"].address)
    given(again.verdict(theirs, work.output))
    with pytest.raises(Refused, match="another answer"):
        list(again.verdict(theirs, bytes(32)))
    for steps in (again.verdict(work, work.output), again.receipt(theirs), again.batch(Batch([theirs]))):
        with pytest.raises(Refused) as error:
            list(steps)
        assert error.value.why.rule == "work-executor"


def test_who_signs_two_receipts_elsewhere_is_slashed(flown, chain):
    """Without the desk's memory: the key signs a second receipt, and both together are the proof."""
    job = chain.open(flown.receipts[0], b"\x09" * 32)
    work = work_receipt(flown.receipts[0], job, flown.wallets["alpha"].address, 1)
    other = replace(work, output=bytes(32))
    proof = []
    for one in (work, other):
        careless = WorkDesk(chain.domain, flown.wallets["alpha"])
        proof += [one.words(), given(careless.receipt(one))]
    chain.does("prove_two_receipts", *proof, sender=REPORTER)
    assert chain.stake("alpha") == 0


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "zz" * 32, "md5:" + "00" * 32])
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(DataError, match="digest"):
        digest_bytes(text)
