"""A settlement office, alone: what satellites bring is held against keys and cases, and its nonces leave no gap."""

from dataclasses import replace

import pytest

from orbitalcloud.compute import Job, JobLimits, Request
from orbitalcloud.core import HOUR, SECOND, Contact, Instant, RemoteProtocolError, Why, digest_of, parse_instant
from orbitalcloud.core.effects import Record, Save, Wake
from orbitalcloud.core.events import Started
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.outline import outline
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, batch_content, verdict_content
from orbitalcloud.ethereum.typed_data import Domain
from orbitalcloud.network import BundleAgent, ContactPlan
from orbitalcloud.node.clerk import Broadcast, Clerk
from orbitalcloud.node.config import OfficeFacts
from orbitalcloud.node.purse_orders import signature_of
from orbitalcloud.node.work_orders import Found, Oath, Sworn, Work
from orbitalcloud.node.workdesk import digest_bytes

NOW = parse_instant("2026-03-20T12:00:00Z")
PLAN = ContactPlan([Contact("office", "sat", NOW, NOW + HOUR, 10**6, "s")])
PLACE = "0x" + "b2" * 20
EXECUTOR, OTHER = Wallet.born(b"\1" * 16), Wallet.born(b"\2" * 16)
DOMAIN = Domain(31337, PLACE)
DEVICE = {"identity": b"\x21" * 32, "wallet": b"\x22" * 32}


class Yard:
    def __init__(self):
        self.facts = OfficeFacts("0x" + "a1" * 20, PLACE, 31337, 5, 1, 1, 600, 60, 0, 3600, ("sat", "other"))
        self.saved, self.entries, self.raws = {}, [], []
        self.start()
        job = Job("map", "map", digest_of(b"code"), digest_of(b"input"), NOW + HOUR, "office", limits=JobLimits())
        self.take(self.clerk.submitted(NOW, Request(job, b"input"), "sat"))
        self.deliver()

    def deliver(self, output=b"\3" * 32):
        """The result came down, with a receipt that holds."""
        (self.case,) = self.clerk.cases.values()
        self.case.output = output
        self.take([self.clerk._keep(self.case)])

    def start(self):
        self.clerk = Clerk("office", self.facts, BundleAgent("office", PLAN), HOUR)
        self.take(self.clerk.restore(NOW, Started(dict(self.saved), b"\7" * 32, 1, DEVICE)))

    def take(self, steps):
        for step in steps:
            match step:
                case Save(key, None):
                    self.saved.pop(key, None)
                case Save(key, value):
                    self.saved[key] = value
                case Record(entry):
                    self.entries.append(entry)
                case Broadcast(raw):
                    self.raws.append(raw)

    def sworn(
        self, signer=EXECUTOR, batch_signer=EXECUTOR, output=b"\3" * 32, job=None, number=1, root=None, code=b"code"
    ):
        code, given = (digest_bytes(digest_of(one)) for one in (code, b"input"))
        work = WorkReceipt(job or self.case.escrow, EXECUTOR.address, number, code, given, output, 5, 7)
        batch = Batch([work])
        root = root or batch.root
        oath = Oath(Work.of(work), signature_of(signer.sign_typed(DOMAIN, work.struct_hash)))
        return Sworn(
            number, (oath,), root, signature_of(batch_signer.sign_typed(DOMAIN, batch_content(root, number, 1)))
        )


def test_an_escrow_is_opened_once_for_a_job_also_after_a_reboot():
    yard = Yard()
    (raw,) = yard.raws
    assert (outline(raw).value_wei, outline(raw).nonce) == (6, 0)
    address = yard.clerk.wallet.address
    yard.start()
    assert yard.clerk.wallet.address == address
    job = Job("map", "map", digest_of(b"code"), digest_of(b"input"), NOW + HOUR, "office", limits=JobLimits())
    yard.take(yard.clerk.submitted(NOW, Request(job, b"input"), "sat"))
    assert len(yard.raws) == 1


@pytest.mark.parametrize(
    ("changes", "source", "check"),
    [
        ({"signer": OTHER}, "sat", "office-signature"),
        ({"batch_signer": OTHER}, "sat", "office-signature"),
        ({"root": b"\4" * 32}, "sat", "office-batch"),
        ({"job": b"\4" * 32}, "sat", "office-job"),
        ({}, "other", "office-job"),
    ],
)
def test_what_is_not_sworn_by_its_executor_is_refused_by_name(changes, source, check):
    yard = Yard()
    with pytest.raises(RemoteProtocolError) as error:
        yard.take(yard.clerk.sworn(NOW, yard.sworn(**changes), source))
    assert error.value.check == check
    assert len(yard.raws) == 1, "nothing was sent but the escrow"


def test_two_receipts_of_one_job_are_shown_to_the_contract_once():
    yard = Yard()
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    assert yard.case.sent == ["open", "post"], "the same again is no lie"
    for _ in range(2):
        yard.take(yard.clerk.sworn(NOW, yard.sworn(output=b"\5" * 32), "sat"))
    assert yard.case.sent == ["open", "post", "slash"]


def test_a_verdict_that_its_verifier_did_not_sign_counts_for_nothing():
    yard = Yard()
    order = yard.sworn()
    yard.take(yard.clerk.sworn(NOW, order, "sat"))
    content = verdict_content(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32)
    made = signature_of(EXECUTOR.sign_typed(DOMAIN, content))
    forged = Found(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32, OTHER.address, made)
    with pytest.raises(RemoteProtocolError, match="not by"):
        yard.take(yard.clerk.verdict(NOW, forged, "other"))
    unasked = Found(bytes(32), EXECUTOR.address, 1, b"\3" * 32, OTHER.address, made)
    with pytest.raises(RemoteProtocolError, match="nobody asked"):
        yard.take(yard.clerk.verdict(NOW, unasked, "other"))
    assert not yard.case.votes


@pytest.mark.parametrize("changes", [{"output": b"\5" * 32}, {"code": b"other code"}])
def test_an_oath_to_another_result_than_was_delivered_is_not_carried_and_is_kept_as_proof(changes):
    yard = Yard()
    yard.take(yard.clerk.sworn(NOW, yard.sworn(**changes), "sat"))
    assert yard.entries[-1].why.rule == "office-result"
    assert yard.case.sent == ["open"]
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    assert yard.case.sent == ["open", "slash"], "the true one after it: two signed receipts of one job"


def test_keys_made_for_nothing_do_not_take_the_places_of_verifiers():
    yard = Yard()
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    content = verdict_content(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32)

    def verdict(number, source):
        key = Wallet.born(bytes([number]) * 16)
        made = signature_of(key.sign_typed(DOMAIN, content))
        yard.take(
            yard.clerk.verdict(NOW, Found(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32, key.address, made), source)
        )

    for source in ("sat", "office", "stranger"):
        with pytest.raises(RemoteProtocolError, match="may judge"):
            verdict(3, source)
    for number in range(3, 7):
        verdict(number, "other")
    assert [vote.node for vote in yard.case.votes] == ["other"]


def test_after_a_claim_that_the_chain_refused_another_verifier_is_tried_first():
    yard = Yard()
    yard.clerk.facts = replace(yard.facts, satellites=("sat", "other", "third"))
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    yard.case.posted = True
    content = verdict_content(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32)
    for number, source in ((3, "other"), (4, "third")):
        key = Wallet.born(bytes([number]) * 16)
        made = signature_of(key.sign_typed(DOMAIN, content))
        found = Found(yard.case.escrow, EXECUTOR.address, 1, b"\3" * 32, key.address, made)
        yard.take(yard.clerk.verdict(NOW, found, source))
    name = next(name for name, one in yard.clerk.state.pending.items() if one[0] == "claim")
    yard.take(yard.clerk.mined(NOW, name, 0, 9))
    assert [vote.node for vote in yard.case.votes] == ["third", "other"]


def test_a_nonce_that_the_chain_would_not_take_is_used_again():
    yard = Yard()
    name = next(iter(yard.clerk.state.pending))
    yard.take(yard.clerk.dropped(NOW, name, Why(False, "chain", "no funds")))
    assert yard.entries[-1].why.rule == "office-chain"
    yard.start()
    yard.deliver()
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    assert [outline(raw).nonce for raw in yard.raws] == [0, 0]


@pytest.mark.parametrize("reverted", [True, False])
def test_a_refutation_that_the_chain_did_not_take_is_sent_again_while_the_window_lasts(reverted):
    yard = Yard()
    yard.clerk.facts = replace(yard.facts, satellites=("sat", "a", "b"))
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    yard.case.posted = yard.case.claimed = True
    yard.case.pay_at = NOW + HOUR
    content = verdict_content(yard.case.escrow, EXECUTOR.address, 1, b"\5" * 32)
    for number, source in ((3, "a"), (4, "b")):
        key = Wallet.born(bytes([number]) * 16)
        made = signature_of(key.sign_typed(DOMAIN, content))
        found = Found(yard.case.escrow, EXECUTOR.address, 1, b"\5" * 32, key.address, made)
        yard.take(yard.clerk.verdict(NOW, found, source))

    def fail(now):
        name = next(name for name, one in yard.clerk.state.pending.items() if one[0] == "refute")
        why = Why(False, "chain", "no room")
        steps = list(yard.clerk.mined(now, name, 0, 9) if reverted else yard.clerk.dropped(now, name, why))
        yard.take(steps)
        return {step.timer: step.at for step in steps if isinstance(step, Wake)}

    escrow = yard.case.escrow.hex()
    again = fail(NOW)
    assert again == {f"office/weigh/{escrow}": NOW + 60 * SECOND, f"office/pay/{escrow}": NOW + HOUR}
    yard.take(yard.clerk.fired(Instant(NOW + 60 * SECOND), f"office/weigh/{escrow}"))
    assert yard.case.sent[-1] == "refute"
    woken = {
        one.timer for one in yard.clerk.restore(NOW, Started(yard.saved, b"\7" * 32, 2, DEVICE)) if type(one) is Wake
    }
    assert woken == set(again), "a reboot forgets neither"
    yard.case = yard.clerk.cases[escrow]
    fail(Instant(NOW + HOUR))
    yard.take(yard.clerk.fired(Instant(NOW + HOUR), f"office/weigh/{escrow}"))
    assert "refute" not in yard.case.sent, "the window is over: the contract would revert it"


def test_an_account_that_cannot_be_opened_is_not_replaced():
    yard = Yard()
    yard.saved["wallet"] = b"torn"
    yard.start()
    assert yard.clerk.wallet is None
    yard.deliver()
    yard.take(yard.clerk.sworn(NOW, yard.sworn(), "sat"))
    assert yard.entries[-1].why.rule == "office-wallet"
    assert yard.saved["wallet"] == b"torn"
    assert len(yard.raws) == 1
