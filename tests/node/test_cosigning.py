"""The key in orbit of a purse: what is not proved is not signed, and every rule has its name."""

import pytest

from orbitalcloud.core import SECOND, Instant, Why, parse_instant, records
from orbitalcloud.core.effects import Record, Save
from orbitalcloud.ethereum import Account, Wallet
from orbitalcloud.ethereum.contracts import COSIGNER
from orbitalcloud.ethereum.layout import NEXT_NUMBER, OWNERS, proposal_slots
from orbitalcloud.ethereum.settlement import PROPOSAL_TYPE, VETO_TYPE
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.typed_data import Domain, struct_hash, typed_signer
from orbitalcloud.node.config import PurseFacts
from orbitalcloud.node.cosigning import NO_DATA, CoSignDesk
from orbitalcloud.node.evidence import ProvedState
from orbitalcloud.node.orders import Call
from orbitalcloud.node.purse_orders import CoSign, Veto, signature_of

NOW = parse_instant("2026-03-20T12:00:00Z")
ETHER = 10**18
PURSE, PAYEE, STRANGER = "0x" + "aa" * 20, "0x" + "bb" * 20, "0x" + "cc" * 20
CODE = keccak256(b"the purse's code")
DOMAIN = Domain(31337, PURSE)
GROUND, OTHER, THIEF, ORBIT = (Wallet.born(bytes([number]) * 16) for number in range(1, 5))


class Board:
    """Stands for the wallet's desk: a wallet, or why there is none."""

    def __init__(self, wallet=ORBIT):
        self.wallet = wallet
        self.closed = Why(False, "wallet-wiped", "wiped")


class Yard:
    def __init__(self, **changes):
        facts = {"payees": frozenset({PAYEE}), "daily_limit_wei": ETHER, "station": "ground", "chain_id": 31337}
        self.facts = PurseFacts(PURSE, "0x" + CODE.hex(), **(facts | changes))
        self.board, self.saved, self.entries, self.calls = Board(), {}, [], []
        self.start()

    def start(self):
        self.desk = CoSignDesk("sat", self.facts, self.board)
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

    def ask(self, signer=GROUND, number=0, to=PAYEE, value=ETHER // 2, purse=PURSE, signed=None):
        content = struct_hash(PROPOSAL_TYPE, (number, to, value, NO_DATA)) if signed is None else signed
        first = signature_of(signer.sign_typed(DOMAIN, content))
        self.take(self.desk.take(NOW, CoSign("sat", purse, number, to, str(value), first)))

    def see(self, now=NOW, *, owners=(GROUND, OTHER, ORBIT), number=0, code=CODE, coins=ETHER, proposals=None):
        words = dict(zip(OWNERS, (int(one.address, 16) for one in owners), strict=True)) | {NEXT_NUMBER: number}
        for at in range(12):
            words |= dict(zip(proposal_slots(at), (proposals or {}).get(at, (0,) * 6), strict=True))
        storage = {(PURSE, slot): words[slot] for slot in self.desk.wants()[PURSE]}
        proved = ProvedState(9, "0x", {PURSE: Account(1, coins, bytes(32), code)}, storage)
        assert proved.covers(self.desk.wants())
        self.take(self.desk.look(Instant(now), proved, "ground"))

    @property
    def last(self):
        return self.entries[-1].step, self.entries[-1].why.rule


def proposal(to=PAYEE, value=ETHER // 2, data=NO_DATA, begins=NOW // SECOND + 3600, third=ORBIT, done=0):
    return int(to, 16), value, int.from_bytes(data, "big"), begins, int(third.address, 16), done


def test_what_an_owner_proposed_is_signed_when_the_purse_is_proved():
    yard = Yard()
    yard.ask()
    assert not yard.calls, "nothing before anything is proved"
    assert yard.desk.waits()
    yard.see()
    assert yard.last == ("co-signed", "cosign")
    (call,) = yard.calls
    content = struct_hash(PROPOSAL_TYPE, (0, PAYEE, ETHER // 2, NO_DATA))
    mine = ORBIT.sign_typed(DOMAIN, content)
    assert call.data == COSIGNER.call("propose", PAYEE, ETHER // 2, b"", GROUND.sign_typed(DOMAIN, content), mine)
    assert typed_signer(DOMAIN, content, mine) == ORBIT.address
    assert (call.to, call.value_wei, call.target) == (PURSE, "0", "sat")


@pytest.mark.parametrize(
    ("asked", "seen", "rule"),
    [
        ({"to": STRANGER}, {}, "cosign-payee"),
        ({"value": ETHER + 1}, {}, "cosign-day"),
        ({"purse": STRANGER}, {}, "cosign-purse"),
        ({"signer": THIEF}, {}, "cosign-proposal"),
        ({"signer": ORBIT}, {}, "cosign-proposal"),
        ({"signed": bytes(32)}, {}, "cosign-proposal"),
        ({"number": 1}, {}, "cosign-number"),
        ({}, {"number": 3}, "cosign-number"),
        ({}, {"code": bytes(32)}, "cosign-code"),
        ({}, {"owners": (GROUND, OTHER, THIEF)}, "cosign-owner"),
        ({}, {"owners": (THIEF, OTHER, ORBIT)}, "cosign-proposal"),
        ({}, {"coins": ETHER // 4}, "cosign-balance"),
    ],
)
def test_anything_else_is_refused_by_name_and_nothing_is_sent(asked, seen, rule):
    yard = Yard()
    yard.ask(**asked)
    yard.see(**seen)
    assert [(one.step, one.why.rule) for one in yard.entries if one.step == "refused"] == [("refused", rule)]
    assert not yard.calls
    yard.see()
    assert not yard.calls, "a refused order is gone"


def test_for_one_number_one_proposal_is_signed_also_after_a_reboot():
    yard = Yard()
    yard.ask()
    yard.see()
    yard.start()
    yard.ask(value=ETHER // 4)
    yard.see()
    assert yard.last == ("refused", "cosign-twice")
    yard.ask()
    yard.see()
    assert yard.last == ("co-signed", "cosign"), "the same is the same, and is not counted twice"
    assert sum(map(int, yard.desk.state.spent.values())) == ETHER // 2


def test_the_days_limit_counts_what_was_signed_and_what_is_asked():
    yard = Yard()
    yard.ask()
    yard.see()
    yard.ask(number=1, value=ETHER // 2 + 1)
    assert yard.last == ("refused", "cosign-day")


@pytest.mark.parametrize(
    ("held", "rule"),
    [
        (proposal(to=STRANGER), "cosign-payee"),
        (proposal(value=2 * ETHER), "cosign-day"),
        (proposal(data=keccak256(b"a call")), "cosign-data"),
    ],
)
def test_what_the_two_on_the_ground_agreed_against_policy_is_vetoed_once(held, rule):
    yard = Yard()
    yard.see(number=1, proposals={0: held})
    assert yard.last == ("vetoed", rule)
    content = struct_hash(VETO_TYPE, (0,))
    assert [call.data for call in yard.calls] == [COSIGNER.call("veto", 0, ORBIT.sign_typed(DOMAIN, content))]
    yard.start()
    yard.see(number=1, proposals={0: held})
    assert len(yard.calls) == 1, "it is on its way"
    yard.see(NOW + 3600 * SECOND, number=1, proposals={0: held})
    assert len(yard.calls) == 2, "an hour later it is not proved: sent again"
    assert yard.desk.waits()
    yard.see(number=1, proposals={0: (*held[:5], 1)})
    assert yard.last == ("veto-proved", "cosign")
    assert not yard.desk.waits()


def test_what_is_within_policy_passes_and_what_is_not_ours_to_judge_is_left():
    yard = Yard()
    yard.see(number=2, proposals={0: proposal(), 1: proposal(to=STRANGER, third=OTHER)})
    assert [(one.number, one.step) for one in yard.entries] == [(0, "passed")]
    assert not yard.calls


def test_what_it_lets_pass_counts_towards_the_days_limit():
    yard = Yard()
    yard.see(number=2, proposals={0: proposal(), 1: proposal(value=ETHER // 2 + 1)})
    assert [(one.number, one.step) for one in yard.entries] == [(0, "passed"), (1, "vetoed")]
    assert yard.last == ("vetoed", "cosign-day")
    yard.ask(number=2, value=ETHER // 2 + 1)
    assert yard.last == ("refused", "cosign-day"), "and what it signs itself comes out of the same limit"


def test_many_small_proposals_do_not_hide_the_one_behind_them():
    yard = Yard()
    many = {at: proposal(value=1) for at in range(9)} | {9: proposal(to=STRANGER)}
    questions = 0
    while questions == 0 or yard.desk.hurries():
        yard.see(number=10, proposals=many)
        questions += 1
        assert questions <= 10
    assert (yard.entries[-1].number, *yard.last) == (9, "vetoed", "cosign-payee")
    assert questions == 5, "one after the other, in one contact"


def test_strangers_and_far_numbers_leave_room_for_an_owners_veto():
    yard = Yard()
    yard.see(number=1, proposals={0: proposal()})

    def veto(signer, number):
        signature = signature_of(signer.sign_typed(DOMAIN, struct_hash(VETO_TYPE, (number,))))
        yard.take(yard.desk.take_veto(NOW, Veto("sat", PURSE, number, signature)))

    for number in range(100, 120):
        veto(THIEF, number)
    assert yard.last == ("refused", "cosign-veto")
    assert not yard.desk.state.vetoes
    for number in range(2, 12):  # an owner whose key was stolen
        veto(OTHER, number)
    veto(GROUND, 0)
    veto(THIEF, 0)
    yard.start()
    yard.see(number=1, proposals={0: proposal()})
    assert yard.last == ("vetoed", "cosign-asked")


def test_a_veto_after_the_window_is_tried_and_said_to_be_late():
    yard = Yard()
    yard.see(number=1, proposals={0: proposal(to=STRANGER, begins=NOW // SECOND - 1)})
    assert [one.step for one in yard.entries] == ["too-late", "vetoed"]


def test_its_own_proposal_is_executed_when_the_window_is_proved_to_be_over():
    yard = Yard()
    yard.ask()
    yard.see()
    queued = proposal(third=OTHER, begins=NOW // SECOND + 600)
    yard.see(number=1, proposals={0: queued})
    assert len(yard.calls) == 1
    yard.start()
    yard.see(NOW + 700 * SECOND, number=1, proposals={0: queued})
    yard.see(NOW + 800 * SECOND, number=1, proposals={0: queued})
    assert [call.data for call in yard.calls[1:]] == [COSIGNER.call("execute", 0, b"")]
    yard.see(NOW + 900 * SECOND, number=1, proposals={0: (*queued[:5], 1)})
    assert yard.last == ("executed", "cosign")


@pytest.mark.parametrize(
    ("signer", "owners", "step"),
    [
        (GROUND, (GROUND, OTHER, ORBIT), "vetoed"),
        (THIEF, (GROUND, OTHER, ORBIT), "refused"),
        (ORBIT, (GROUND, OTHER, ORBIT), "refused"),
    ],
)
def test_an_owner_may_ask_for_a_veto_and_nobody_else(signer, owners, step):
    yard = Yard()
    yard.see(number=1, proposals={0: proposal()})
    signature = signature_of(signer.sign_typed(DOMAIN, struct_hash(VETO_TYPE, (0,))))
    yard.take(yard.desk.take_veto(NOW, Veto("sat", PURSE, 0, signature)))
    yard.see(number=1, proposals={0: proposal()})
    assert yard.entries[-1].step == step
    assert len(yard.calls) == (step == "vetoed")


def test_a_wiped_key_signs_nothing_and_says_so():
    yard = Yard()
    yard.ask()
    yard.board.wallet = None
    yard.see(number=1, proposals={0: proposal(to=STRANGER)})
    assert not yard.calls
    assert {one.why.rule for one in yard.entries} == {"wallet-wiped"}


def test_a_torn_store_is_said_and_dropped():
    yard = Yard()
    yard.saved = {"purse/asked/x": b"\xff", "purse/state": b"torn"}
    yard.start()
    assert [one.why.rule for one in yard.entries] == ["cosign-store"] * 2
    assert not yard.saved
    assert all(isinstance(one, records.PurseStep) for one in yard.entries)
