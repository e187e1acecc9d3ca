"""A satellite's settlement desk, alone: fails closed, says why, and swears or judges only what is proved."""

from hashlib import sha256

import msgspec
import pytest

from orbitalcloud.compute import Job, JobLimits, ReceiptBody, Request, encode_request, public_key, sign_receipt
from orbitalcloud.core import (
    HOUR,
    SECOND,
    Contact,
    DataError,
    Instant,
    RemoteProtocolError,
    Why,
    canonical_json,
    parse_instant,
)
from orbitalcloud.core.effects import Record, Save
from orbitalcloud.ethereum import Account, Wallet
from orbitalcloud.ethereum.layout import (
    CLAIMED,
    OPEN,
    PAID,
    batch_slots,
    claim_slots,
    credit_slot,
    job_slots,
    node_slots,
)
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, verdict_content
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.typed_data import Domain, typed_signer
from orbitalcloud.network import BundleAgent, ContactPlan
from orbitalcloud.node.config import SettlementFacts
from orbitalcloud.node.evidence import ProvedState
from orbitalcloud.node.orders import MAX_SLOTS, Call, decode_order
from orbitalcloud.node.purse_orders import numbers_of
from orbitalcloud.node.work_orders import Found, Judge, Paid, Swear, Task, Work
from orbitalcloud.node.worker import WorkerDesk

NOW = parse_instant("2026-03-20T12:00:00Z")
REGISTRY, SETTLEMENT = "0x" + "a1" * 20, "0x" + "b2" * 20
CODES = keccak256(b"registry"), keccak256(b"settlement")
OWN, EXECUTOR = Wallet.born(b"\1" * 16), Wallet.born(b"\2" * 16)
ESCROW, CODE, OUTPUT = (bytes([number]) * 32 for number in (9, 1, 3))
INPUT = sha256(b"input").digest()
STAKE = 10**17
PLAN = ContactPlan([Contact("sat", "office", NOW, NOW + HOUR, 10**6, "s")])


class Tapped(BundleAgent):
    """Keeps what is sent."""

    def submit(self, now, to, service, body, *rest):
        self.sent.append((to, service, body))
        yield from ()


class Board:
    def __init__(self):
        self.wallet = OWN
        self.closed = Why(False, "wallet-wiped", "wiped")


def receipt_text(job="map-1"):
    digest = lambda raw: f"sha256:{raw.hex()}"  # noqa: E731
    body = ReceiptBody(
        job=job, satellite="sat", public_key="", artefact=digest(CODE), input=digest(INPUT), output=digest(OUTPUT),
        output_bytes=1, accelerator="a", runtime="r", verification="exact", operations=1, fuel=1, memory_bytes=1,
        duration_ns=1, energy_mj=7, throttled=False, started="2026-03-20T11:00:00Z", finished="2026-03-20T11:00:01Z",
        latitude_udeg=0, longitude_udeg=0,
    )  # fmt: skip
    private = b"\7" * 32
    return canonical_json(sign_receipt(msgspec.structs.replace(body, public_key=public_key(private)), private)).decode()


class Yard:
    def __init__(self, registered=True):
        facts = SettlementFacts(
            REGISTRY, SETTLEMENT, "0x" + CODES[0].hex(), "0x" + CODES[1].hex(), STAKE, 3600, "office", 31337
        )
        self.saved = {"settle/registered": b""} if registered else {}
        self.facts, self.board, self.entries, self.calls, self.sent = facts, Board(), [], [], []
        self.start()

    def start(self):
        agent = Tapped("sat", PLAN)
        agent.sent = self.sent
        self.desk = WorkerDesk("sat", self.facts, self.board, agent, HOUR)
        self.take(self.desk.restore(NOW, dict(self.saved)))

    def take(self, steps):
        for step in steps:
            match step:
                case Save(key, None):
                    self.saved.pop(key, None)
                case Save(key, value):
                    self.saved[key] = value
                case Record(entry):
                    self.entries.append(entry)
                case Call():
                    self.calls.append(step)

    def see(self, codes=CODES, now=NOW, **words):
        """State that proves what `words` say (fields by what they are of), and zeros for the rest."""
        held = {slot: 0 for slots in self.desk.wants().values() for slot in slots}
        held |= dict(zip(node_slots(OWN.address), words.get("node", (int(OWN.address, 16), STAKE, 1, 0)), strict=True))
        held |= dict(zip(job_slots(ESCROW), words.get("job", (0,) * 8), strict=True))
        held |= dict(zip(claim_slots(ESCROW), words.get("claim", (0,) * 10), strict=True))
        held |= dict(zip(batch_slots(EXECUTOR.address, 1), words.get("batch", (0,) * 4), strict=True))
        held[credit_slot(OWN.address)] = words.get("credit", 0)
        wants = self.desk.wants()
        storage = {(place, slot): held[slot] for place, slots in wants.items() for slot in slots}
        accounts = {
            place: Account(1, 0, bytes(32), code) for place, code in zip((REGISTRY, SETTLEMENT), codes, strict=True)
        }
        self.take(self.desk.look(Instant(now), ProvedState(5, "0x", accounts, storage), "office"))

    def rules(self):
        return [(one.step, one.why.rule) for one in self.entries]


def job_words(code=CODE, data=INPUT, price=5, deadline=NOW // SECOND + 100, state=OPEN, quorum=1):
    return 1, int.from_bytes(code, "big"), int.from_bytes(data, "big"), price, 1, quorum, deadline, state


def swearing(job="map-1"):
    yard = Yard()
    yard.take(yard.desk.did(NOW, receipt_text()))
    yard.take(yard.desk.asked(NOW, Swear(1, (Task(job, ESCROW),)), "office"))
    return yard


def test_a_receipt_is_sworn_to_when_its_escrow_is_proved():
    yard = swearing()
    assert not yard.sent
    yard.see(job=job_words())
    assert yard.rules() == [("sworn", "work")]
    assert [one[:2] for one in yard.sent] == [("office", "sworn")]
    assert sorted(key.partition("/")[0] for key in yard.saved) == ["settle", "settle", "work", "work"]


@pytest.mark.parametrize(
    ("job", "words", "rule"),
    [
        ("map-2", {"job": job_words()}, "work-unknown"),
        ("map-1", {}, "work-escrow"),
        ("map-1", {"job": job_words(state=CLAIMED)}, "work-escrow"),
        ("map-1", {"job": job_words(deadline=NOW // SECOND)}, "work-escrow"),
        ("map-1", {"job": job_words(code=OUTPUT)}, "work-escrow"),
        ("map-1", {"job": job_words(data=OUTPUT)}, "work-escrow"),
        ("map-1", {"job": job_words(price=0)}, "work-price"),
        ("map-1", {"job": job_words(quorum=0)}, "work-quorum"),
    ],
)
def test_nothing_is_sworn_to_for_an_escrow_that_is_not_proved(job, words, rule):
    yard = swearing(job)
    yard.see(**words)
    assert yard.rules() == [("refused", rule)]
    assert not yard.sent
    assert not any(key.startswith("work/") for key in yard.saved)


def test_other_code_at_the_contracts_place_is_no_contract():
    yard = swearing()
    yard.see(codes=(CODES[0], bytes(32)), job=job_words())
    assert yard.rules() == [("refused", "work-code")]
    assert not yard.sent


def test_a_second_batch_for_the_same_job_is_refused_also_after_a_reboot():
    yard = swearing()
    yard.see(job=job_words())
    yard.start()
    yard.take(yard.desk.asked(NOW, Swear(2, (Task("map-1", ESCROW),)), "office"))
    yard.see(job=job_words())
    assert yard.rules()[-1] == ("refused", "work-twice"), "a receipt belongs to one batch"
    assert len(yard.sent) == 1


def judging(posted=NOW // SECOND - 10, mix=b"\5" * 32, number=1, root=None):
    yard = Yard()
    work = WorkReceipt(ESCROW, EXECUTOR.address, number, CODE, INPUT, OUTPUT, NOW // SECOND, 1)
    batch = Batch([work])
    job = Job("map-1", "map", f"sha256:{CODE.hex()}", f"sha256:{INPUT.hex()}", NOW + HOUR, "office", limits=JobLimits())
    order = Judge("map-1", 1, Work.of(work), batch.proof(ESCROW), encode_request(Request(job, b"input")))
    yard.take(yard.desk.judge(NOW, order, "office"))
    words = [int.from_bytes(one, "big") for one in (root or batch.root, mix)]
    return yard, (*words, posted, STAKE)


def test_who_is_drawn_runs_it_again_and_who_is_not_waits_for_the_lot_to_double():
    yard, batch = judging()
    yard.see(batch=batch)  # all the stake is this satellite's: the lot draws it
    assert yard.rules() == [("drawn", "lot")]
    (raw,) = yard.desk.take_runs()
    assert b"map-1~sat" in raw
    yard, batch = judging()
    yard.see(batch=(*batch[:3], STAKE * 2**30))  # a drop in an ocean of stake
    assert yard.rules() == []
    assert not yard.desk.take_runs()
    name = next(iter(yard.desk.judging))
    yard.start()
    yard.take(yard.desk.fired(Instant(NOW + 40 * HOUR), f"judge/{name}"))
    assert yard.rules()[-1] == ("not-drawn", "lot"), "after sixteen doublings it is over"


@pytest.mark.parametrize(
    ("batch", "node", "rules"),
    [
        ({"root": b"\6" * 32}, None, [("refused", "work-root")]),
        ({}, (int(OWN.address, 16), STAKE, NOW // SECOND, 0), [("not-drawn", "lot")]),
        ({}, (int(OWN.address, 16), STAKE, 1, 1), [("not-drawn", "lot")]),
        ({}, (0, 0, 0, 0), [("not-drawn", "lot")]),
        ({"posted": 0}, None, []),
    ],
)
def test_no_judgement_of_what_is_not_posted_or_without_a_stake_before_it(batch, node, rules):
    yard, words = judging(**batch)
    yard.see(batch=words, **({"node": node} if node else {}))
    assert yard.rules() == rules
    assert not yard.desk.take_runs()


def test_a_payment_is_what_storage_shows_and_a_lie_about_one_is_said():
    yard = Yard()
    yard.take(yard.desk.paid(NOW, Paid("map-1", ESCROW), "office"))
    yard.see(job=job_words(state=CLAIMED), credit=5)
    assert yard.rules() == []
    assert yard.desk.waits(), "said too early: looked up again"
    yard.see(job=job_words(state=PAID), claim=(int(EXECUTOR.address, 16), 0, *(0,) * 8), credit=5)
    assert yard.rules() == [("refused", "work-paid")]
    assert not yard.calls
    yard.take(yard.desk.paid(NOW, Paid("map-1", ESCROW), "office"))
    yard.see(job=job_words(state=PAID), claim=(int(OWN.address, 16), 0, *(0,) * 8), credit=5)
    assert yard.rules()[-1] == ("payment-proved", "settlement")
    assert yard.entries[-1].value_wei == "5"
    assert [call.to for call in yard.calls] == [SETTLEMENT]


def test_a_judgement_of_another_job_than_the_receipts_is_refused():
    yard = Yard()
    work = WorkReceipt(ESCROW, EXECUTOR.address, 1, OUTPUT, INPUT, OUTPUT, NOW // SECOND, 1)
    job = Job("map-1", "map", f"sha256:{CODE.hex()}", f"sha256:{INPUT.hex()}", NOW + HOUR, "office", limits=JobLimits())
    order = Judge("map-1", 1, Work.of(work), (), encode_request(Request(job, b"input")))
    with pytest.raises(RemoteProtocolError, match="not the job"):
        yard.take(yard.desk.judge(NOW, order, "office"))
    assert not yard.desk.judging


def test_only_its_office_may_ask():
    yard = Yard()
    with pytest.raises(RemoteProtocolError, match="office"):
        yard.take(yard.desk.asked(NOW, Swear(1, (Task("map-1", ESCROW),)), "stranger"))
    with pytest.raises(RemoteProtocolError, match="office"):
        yard.take(yard.desk.paid(NOW, Paid("map-1", ESCROW), "stranger"))
    work = WorkReceipt(ESCROW, EXECUTOR.address, 1, CODE, INPUT, OUTPUT, NOW // SECOND, 1)
    job = Job("map-1", "map", f"sha256:{CODE.hex()}", f"sha256:{INPUT.hex()}", NOW + HOUR, "office", limits=JobLimits())
    order = Judge("map-1", 1, Work.of(work), (), encode_request(Request(job, b"input")))
    with pytest.raises(RemoteProtocolError, match="office"):
        yard.take(yard.desk.judge(NOW, order, "stranger"))
    assert not yard.desk.waits(), "strangers' hints do not take the places of true ones"


def test_payments_that_are_not_made_do_not_stand_before_those_that_are():
    yard = Yard()
    for escrow in (b"\1" * 32, b"\2" * 32, ESCROW):
        yard.take(yard.desk.paid(NOW, Paid("map-1", escrow), "office"))
    paid = {"job": job_words(state=PAID), "claim": (int(OWN.address, 16), 0, *(0,) * 8), "credit": 5}
    yard.see(**paid)
    assert not yard.calls
    yard.see(**paid)
    assert yard.rules() == [("payment-proved", "settlement")]


def test_one_question_never_has_more_slots_than_an_order_holds():
    yard, _ = judging()
    for number in range(2, 9):
        work = WorkReceipt(bytes([number]) * 32, EXECUTOR.address, number, CODE, INPUT, OUTPUT, 1, 1)
        yard.desk.judging[str(number)] = type(next(iter(yard.desk.judging.values())))(
            Judge("m", 1, Work.of(work), (), b""), "office"
        )
        yard.desk.unpaid[str(number)] = Paid("m", bytes([number]) * 32)
    yard.desk.swears["1"] = Swear(1, tuple(Task(f"j{at}", bytes([50 + at]) * 32) for at in range(20)))
    assert max(map(len, yard.desk.wants().values())) <= MAX_SLOTS


def test_a_torn_store_is_said_and_dropped():
    yard = Yard()
    yard.saved |= {f"settle/{part}/x": b"\xff" for part in ("receipt", "swear", "judge", "paid")}
    yard.start()
    assert yard.rules() == [("refused", "work-store")] * 4
    assert list(yard.saved) == ["settle/registered"]


def test_receipts_are_those_that_this_satellite_signed():
    yard = Yard()
    with pytest.raises((DataError, RemoteProtocolError)):
        yard.take(yard.desk.did(NOW, "{}"))


def test_a_wallet_that_was_wiped_in_the_middle_swears_judges_and_asks_nothing_more():
    yard, batch = judging()
    yard.see(batch=batch)
    yard.board.wallet = None
    text = receipt_text("map-1~sat")
    yard.take(yard.desk.did(NOW, text))
    assert yard.rules()[-1] == ("refused", "wallet-wiped")
    assert not yard.sent
    yard.take(yard.desk.asked(NOW, Swear(1, (Task("map-1", ESCROW),)), "office"))
    assert not yard.desk.waits()
    assert yard.desk.wants() == {}
    yard.take(yard.desk.look(NOW, ProvedState(5, "0x", {}), "office"))
    assert not yard.sent
    assert not yard.calls


def test_a_run_that_cannot_be_had_gives_no_verdict():
    yard, batch = judging()
    yard.see(batch=batch)
    yard.take(yard.desk.failed(NOW, "map-1~sat"))
    assert yard.rules()[-1] == ("refused", "work-run")
    assert not yard.desk.judging


def test_a_verdict_is_signed_for_what_was_found_whatever_it_is():
    for output, agrees in ((OUTPUT, True), (bytes(32), False)):
        yard, batch = judging()
        yard.see(batch=batch)
        name = next(iter(yard.desk.judging))
        yard.take(yard.desk._found(NOW, name, output))
        assert (yard.entries[-1].step, yard.entries[-1].why.ok) == ("verdict", agrees)
        found = decode_order(yard.sent[-1][2], Found)
        domain, content = Domain(31337, SETTLEMENT), verdict_content(ESCROW, EXECUTOR.address, 1, output)
        assert typed_signer(domain, content, numbers_of(found.signature)) == OWN.address == found.verifier
        assert found.output == output
