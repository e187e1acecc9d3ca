"""The satellite's side of its chain, against a real EVM and beacon chain: what it signs, what it believes, what not."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from orbitalcloud.core import HOUR, MINUTE, SECOND, Contact, Instant, RemoteProtocolError, Seed, parse_instant, records
from orbitalcloud.core.effects import Record, Save, Send
from orbitalcloud.core.events import Started
from orbitalcloud.ethereum import LightClient, Wallet, decode_receipt, rlp
from orbitalcloud.ethereum.proofs import TransactionReceipt, encode_receipt
from orbitalcloud.ethereum.trie import keccak256, list_root
from orbitalcloud.ethereum.types import ExecutionHeader, LightClientHeader
from orbitalcloud.network import BundleAgent, ContactPlan
from orbitalcloud.node import Pay, SatelliteConfig, VerificationFacts
from orbitalcloud.node.base import CHAIN
from orbitalcloud.node.chaindesk import ChainDesk
from orbitalcloud.node.clearance import next_nonce
from orbitalcloud.node.config import FollowingFacts
from orbitalcloud.node.courier import Courier, inclusion
from orbitalcloud.node.evidence import ProvedState, prove_settlement
from orbitalcloud.node.orders import Access, AskChain, Call, Dropped, TellChain, decode_order, encode_order
from orbitalcloud.node.trust import WalletDesk
from orbitalcloud.twin.devnet import DevBeacon, Validators, devnet_config
from orbitalcloud.twin.gateway import Gateway
from orbitalcloud.twin.liar import forged

T0 = parse_instant("2026-03-20T12:00:00Z")
PLAN = ContactPlan(
    [Contact("ground", "sat", T0, T0 + HOUR, 10**6, "s"), Contact("sat", "ground", T0, T0 + HOUR, 10**6, "s")]
)
PAYEE = "0x" + "35" * 20
GWEI, ETHER = 10**9, 10**18
COST = 10**15 + 21_000 * 20 * GWEI


def config(**changes):
    """A satellite that may pay PAYEE on chain 31337; the rest of its settings plays no part."""
    following = FollowingFacts(frozenset({"ground"}), **changes.pop("following", {}))
    facts = {"accelerator": None, "governor": None, "energy": None, "platform_mw": 0, "radio_mw": 0}
    given = {"payees": frozenset({PAYEE}), "chain_ids": frozenset({31337}), "following": following}
    return SatelliteConfig(name="sat", plan=PLAN, **facts, **(given | changes))


class Yard:
    """A satellite's desks, a station's courier and the chain behind it, with time told by hand."""

    def __init__(self, funded_wei=ETHER, **changes):
        seed = Seed.of(3)
        beacon = DevBeacon(devnet_config(seed, T0), Validators(seed))
        self.gateway = Gateway("in-process", 31337, funded_wei, T0, beacon)
        facts = VerificationFacts(beacon.config, beacon.checkpoint, beacon.bootstrap())
        self.config = config(paying=facts, **changes)
        self.saved: dict[str, bytes] = {}
        self.entries: list = []
        self.raw: list[bytes] = []
        self.asked: list[AskChain] = []
        self.now = Instant(T0 + MINUTE)
        self.courier = Listening(BundleAgent("ground", PLAN), beacon.config)
        self.start()
        self.gateway.fund(self.wallet.wallet.address)

    def start(self):
        """The satellite's software begins, with what it had saved."""
        self.wallet = WalletDesk(self.config)
        self.desk = ChainDesk(
            self.config, Tapped("sat", PLAN, self.asked), self.wallet, self.config.paying, self.config.following
        )
        saved = dict(self.saved)
        device = {"identity": b"\x21" * 32, "wallet": b"\x22" * 32}
        self.take(self.wallet.restore(self.now, Started(saved, b"\7" * 32, 1, device)))
        self.take(self.desk.restore(self.now, saved))

    def take(self, steps):
        for step in steps:
            match step:
                case Save(key, None):
                    self.saved.pop(key, None)
                case Save(key, value):
                    self.saved[key] = value
                case Record(entry):
                    self.entries.append(entry)
                case (_, bytes(raw)):
                    self.raw.append(raw)

    def of(self, kind):
        """What was recorded of a class since the last call."""
        found = [entry for entry in self.entries if isinstance(entry, kind)]
        self.entries = [entry for entry in self.entries if not isinstance(entry, kind)]
        return found

    def order(self, value_wei=10**15, to=PAYEE):
        order = Pay("sat", "ground", to, str(value_wei), str(20 * GWEI), "1", 21_000, 31337)
        self.take(self.desk.take_order(self.now, order, "ground"))

    def tell(self, ask=None) -> TellChain:
        """What an honest station answers to the newest question."""
        steps = list(self.courier.ask("sat", ask or self.asked[-1]))
        while steps:
            frame = self.gateway.request(next(step.frame for step in steps if isinstance(step, Send)), self.now)
            steps = [
                step for step in self.courier.answered(self.now, frame) if isinstance(step, Send) and step.peer == CHAIN
            ]
        return self.courier.told

    def bring(self, tell):
        self.take(self.desk.told(self.now, encode_order(tell), "ground"))

    def open(self):
        self.now = Instant(self.now + 2 * MINUTE)
        self.take(self.desk.opened(self.now, "ground"))

    def mine(self, raw=None):
        """Hand the newest signed transaction to the chain, and let three slots pass."""
        call = {"id": "1", "method": "eth_sendRawTransaction", "params": ["0x" + (raw or self.raw[-1]).hex()]}
        answer = msgspec.json.decode(self.gateway.request(msgspec.json.encode(call), self.now))
        assert "result" in answer, answer
        self.now = Instant(self.now + 36 * SECOND)

    def pay(self):
        """Order, prove, sign: the usual way."""
        self.order()
        self.bring(self.tell())


class Listening(Courier):
    """Keeps what goes up."""

    def tell(self, satellite, tell):
        self.told = tell
        return tell


class Tapped(BundleAgent):
    """Keeps what is asked."""

    def __init__(self, name, plan, asked):
        super().__init__(name, plan)
        self.asked, self.others = asked, []

    def submit(self, now, destination, service, payload, *rest):
        if service == "ask-chain":
            self.asked.append(decode_order(payload, AskChain))
        else:
            self.others.append((destination, service, payload))
        yield from ()


def refusal(yard):
    (entry,) = yard.of(records.TransactionRefused)
    return entry.why


# Before the signature ------------------------------------------------------------------------------------------------


def test_a_payment_is_signed_against_proved_state_and_settled_by_its_proof():
    yard = Yard()
    yard.order()
    assert not yard.raw, "nothing is signed before anything is proved"
    assert yard.asked[-1].accounts == (yard.wallet.wallet.address.lower(), PAYEE.lower())
    yard.bring(yard.tell())
    (signed,) = yard.of(records.TransactionSigned)
    assert signed.proved_slot == yard.desk.verification.client.optimistic.slot
    yard.mine()
    yard.open()
    assert yard.asked[-1].transactions == (signed.hash,)
    yard.bring(yard.tell())
    (settled,) = yard.of(records.TransactionSettled)
    assert (settled.hash, settled.status, settled.gas_used) == (signed.hash, 1, 21_000)
    assert settled.proved_slot > signed.proved_slot
    assert not yard.wallet.signed
    yard.bring(yard.tell())
    assert not yard.of(records.TransactionSettled), "once"


def test_no_balance_no_signature():
    yard = Yard(funded_wei=COST - 1)
    yard.pay()
    why = refusal(yard)
    assert (why.rule, why.limit) == ("wallet-balance", (COST - 1) // GWEI)
    assert not yard.raw


def test_what_is_on_its_way_is_not_spent_twice():
    yard = Yard(funded_wei=2 * COST - 1)
    yard.pay()
    yard.open()
    yard.pay()
    assert refusal(yard).rule == "wallet-balance"
    assert len(yard.raw) == 1


def test_a_recipient_with_code_is_refused_unless_that_code_is_allowed():
    yard = Yard()
    from eth_utils import keccak
    from rlp import encode

    wallet = yard.wallet.wallet
    created = "0x" + keccak(encode([bytes.fromhex(wallet.address[2:]), 0]))[12:].hex()
    made = wallet.sign_transaction(31337, 0, None, 0, 100_000, 3 * GWEI, GWEI, bytes.fromhex("60016000f3"))
    yard.mine(made.raw)
    yard.wallet.config = yard.desk.config = replace(yard.config, payees=frozenset({created}))
    yard.order(to=created)
    yard.bring(yard.tell())
    assert refusal(yard).rule == "wallet-code"
    code = "0x" + keccak256(b"\0").hex()
    yard.wallet.config = replace(
        yard.wallet.config, following=FollowingFacts(frozenset(), code_hashes=frozenset({code}))
    )
    yard.open()
    yard.order(to=created)
    yard.bring(yard.tell())
    (signed,) = yard.of(records.TransactionSigned)
    assert signed.nonce == 1, "the proved nonce, though this desk signed nothing before"


def test_the_days_limit_holds_over_a_reboot_and_is_gone_a_day_later():
    yard = Yard(daily_limit_wei=2 * COST)
    for _ in range(2):
        yard.pay()
        yard.open()
    assert len(yard.raw) == 2
    yard.start()
    yard.pay()
    assert (refusal(yard).rule, len(yard.raw)) == ("wallet-day", 2)
    yard.now = Instant(yard.now + 24 * HOUR)
    yard.pay()
    assert len(yard.raw) == 3


def test_an_old_head_is_no_state_to_sign_by():
    yard = Yard()
    yard.order()
    tell = yard.tell()
    yard.now = Instant(yard.now + 11 * MINUTE)
    yard.bring(tell)
    why = refusal(yard)
    assert (why.rule, why.limit, why.unit) == ("wallet-state", 600, "s")
    assert why.value > 600
    assert not yard.raw
    yard.open()
    yard.bring(yard.tell())
    assert len(yard.raw) == 1, "the order was kept"


def test_an_order_that_nothing_is_proved_for_is_refused_in_the_end():
    yard = Yard()
    yard.order()
    (name,) = [key for key in yard.saved if key.startswith("wallet/order/")]
    yard.start()
    yard.take(yard.desk.fired(yard.now, "wallet-order/" + name.removeprefix("wallet/order/")))
    assert refusal(yard).rule == "wallet-state"
    assert name not in yard.saved


def test_policy_comes_first():
    yard = Yard()
    yard.order(to="0x" + "66" * 20)
    assert refusal(yard).rule == "wallet-recipient"
    yard.order(value_wei=2 * 10**18)
    assert refusal(yard).rule == "wallet-value"
    assert not yard.asked, "nobody was asked anything"


def test_too_many_orders_are_refused():
    yard = Yard()
    for _ in range(8):
        yard.now = Instant(yard.now + SECOND)
        yard.order()
    with pytest.raises(RemoteProtocolError, match="wait already"):
        yard.order()


# Nonces --------------------------------------------------------------------------------------------------------------


def test_a_reboot_between_order_and_proof_signs_once():
    yard = Yard()
    yard.order()
    yard.start()
    yard.open()
    yard.bring(yard.tell())
    yard.start()
    yard.open()
    yard.bring(yard.tell())
    assert len(yard.raw) == 1
    assert len(yard.wallet.signed) == 1


def test_nonces_go_on_over_reboots_without_a_gap():
    yard = Yard()
    for _ in range(3):
        yard.pay()
        yard.start()
        yard.open()
    assert [entry.nonce for entry in yard.of(records.TransactionSigned)] == [0, 1, 2]


def test_a_lie_that_something_was_dropped_never_pays_twice():
    """The station says dropped, and sends it all the same: the proved nonce shows it, and the next one goes on."""
    yard = Yard()
    yard.pay()
    (first,) = yard.of(records.TransactionSigned)
    yard.take(yard.wallet.dropped(yard.now, Dropped(first.hash, "no"), "ground"))
    yard.mine()
    yard.open()
    yard.pay()
    (second,) = yard.of(records.TransactionSigned)
    assert (first.nonce, second.nonce) == (0, 1)


def test_what_was_really_dropped_has_its_nonce_used_again_also_after_a_reboot():
    yard = Yard()
    yard.pay()
    (first,) = yard.of(records.TransactionSigned)
    yard.take(yard.wallet.dropped(yard.now, Dropped(first.hash, "underpriced"), "ground"))
    yard.start()
    yard.open()
    yard.pay()
    (second,) = yard.of(records.TransactionSigned)
    assert first.nonce == second.nonce == 0


def test_what_was_replaced_leaves_no_gap():
    """The same key used elsewhere (its words restored) spends nonce 0: ours with 0 is dead, the next is 1."""
    yard = Yard()
    yard.pay()
    other = yard.wallet.wallet.sign_transaction(31337, 0, "0x" + "99" * 20, 1, 21_000, 30 * GWEI, GWEI)
    yard.mine(other.raw)
    yard.of(records.TransactionSigned)
    yard.open()
    yard.pay()
    assert [entry.nonce for entry in yard.of(records.TransactionSigned)] == [1]
    assert not yard.of(records.TransactionSettled), "ours was never executed, and nothing proves that it was"


@pytest.mark.parametrize(
    ("proved", "used", "expected"), [(0, [], 0), (0, [0, 1], 2), (1, [0, 2], 1), (5, [1, 2], 5), (0, [1, 2], 0)]
)
def test_the_next_nonce(proved, used, expected):
    assert next_nonce(proved, used) == expected


# Lies ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "check"),
    [
        ("unproved", "settlement-proof"),
        ("status", "proof-hash"),
        ("other-receipt", "proof-hash"),
        ("stale-head", "settlement-head"),
    ],
)
def test_a_lie_about_a_settlement_is_refused_by_name_and_the_truth_is_taken_after(lie, check):
    yard = Yard()
    yard.pay()
    yard.mine()
    yard.open()
    yard.bring(forged(yard.tell(), lie))
    (refused,) = yard.of(records.UpdateRefused)
    assert (refused.check, refused.network) == (check, "devnet")
    assert not yard.of(records.TransactionSettled)
    assert yard.wallet.signed
    yard.bring(yard.tell())
    assert yard.of(records.TransactionSettled)


def test_a_lie_about_the_balance_is_refused_and_nothing_is_signed():
    yard = Yard(funded_wei=1)
    yard.order()
    yard.bring(forged(yard.tell(), "balance"))
    (refused,) = yard.of(records.UpdateRefused)
    assert refused.check == "proof-hash"
    assert not yard.raw


def test_a_bare_claim_is_refused():
    yard = Yard()
    yard.pay()
    yard.take(yard.desk.claimed(yard.now, next(iter(yard.wallet.signed)), "ground"))
    (refused,) = yard.of(records.UpdateRefused)
    assert refused.check == "settlement-proof"
    assert yard.wallet.signed


# A block of several --------------------------------------------------------------------------------------------------


class Verified:
    """A light client whose head is a block of ours."""

    def __init__(self, header: bytes) -> None:
        self.finalized = LightClientHeader()
        self.optimistic = LightClientHeader(execution=ExecutionHeader(block_hash=keccak256(header)))


def block(parent=b"\1" * 32):
    """A block of three transfers whose second reverted: name, raw block, raw receipts."""
    wallet = Wallet.born(b"\5" * 32)
    signed = [wallet.sign_transaction(31337, nonce, PAYEE, 1, 30_000, GWEI, 1) for nonce in range(3)]
    receipts = [
        encode_receipt(TransactionReceipt(2, at != 1, (21_000, 51_000, 72_000)[at], bytes(256), ())) for at in range(3)
    ]
    roots = [b"\2" * 32, list_root([one.raw for one in signed]), list_root(receipts)]
    fields = [
        parent,
        bytes(32),
        bytes(20),
        *roots,
        bytes(256),
        b"",
        b"\5",
        b"\1",
        b"\1",
        b"\1",
        b"",
        bytes(32),
        bytes(8),
    ]
    header = [*fields, b"\1", b"\3" * 32, b"", b"", bytes(32), bytes(32)]
    return [one.hash for one in signed], rlp.encode([header, [one.raw for one in signed], [], []]), receipts, header


def test_gas_is_the_difference_to_the_receipt_before_and_a_revert_is_seen():
    names, raw, receipts, header = block()
    client: LightClient = Verified(rlp.encode(header))  # type: ignore[assignment]
    for at, (status, gas) in enumerate(((1, 21_000), (0, 30_000), (1, 21_000))):
        found = prove_settlement(client, inclusion(names[at], raw, ["0x" + one.hex() for one in receipts], []))
        assert (found.status, found.gas_used, found.block) == (status, gas, 5)
    assert decode_receipt(receipts[1]).succeeded is False


def test_the_proof_of_another_transaction_in_the_same_block_proves_nothing_of_ours():
    names, raw, receipts, header = block()
    client: LightClient = Verified(rlp.encode(header))  # type: ignore[assignment]
    other = inclusion(names[2], raw, ["0x" + one.hex() for one in receipts], [])
    with pytest.raises(RemoteProtocolError) as refused:
        prove_settlement(client, msgspec.structs.replace(other, hash=names[1]))
    assert refused.value.check == "settlement-transaction"
    shifted = msgspec.structs.replace(
        inclusion(names[1], raw, ["0x" + one.hex() for one in receipts], []), receipt=other.receipt
    )
    with pytest.raises(RemoteProtocolError) as refused:
        prove_settlement(client, shifted)
    assert refused.value.check.startswith("proof-")


def test_headers_must_hang_together():
    names, raw, receipts, header = block()
    child = [keccak256(rlp.encode(header)), *header[1:]]
    client: LightClient = Verified(rlp.encode(child))  # type: ignore[assignment]
    texts = ["0x" + one.hex() for one in receipts]
    assert prove_settlement(client, inclusion(names[0], raw, texts, [rlp.encode(child)])).status == 1
    stranger = [b"\x09" * 32, *header[1:]]
    client = Verified(rlp.encode(stranger))  # type: ignore[assignment]
    with pytest.raises(RemoteProtocolError) as refused:
        prove_settlement(client, inclusion(names[0], raw, texts, [rlp.encode(stranger)]))
    assert refused.value.check == "settlement-head"


# A node that answers nonsense ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        b"[]",
        b"[1]",
        b'[{"id":"x","result":1}]',
        b'[{"id":"courier/1/1/0","error":{}}]',
        b'[{"id":"courier/1/1/0","result":7}]',
        b'[{"id":"courier/1/1/0","result":"0x00"}]',
        b'[{"id":"courier/1/1/0","result":"0xzz"}]',
    ],
)
def test_a_mad_node_is_refused_by_name(frame):
    yard = Yard()
    yard.order()
    list(yard.courier.ask("sat", yard.asked[-1]))
    with pytest.raises(RemoteProtocolError):
        list(yard.courier.answered(yard.now, frame))


def test_a_saved_order_that_is_damaged_is_said_and_dropped():
    yard = Yard()
    yard.order()
    (name,) = [key for key in yard.saved if key.startswith("wallet/order/")]
    yard.saved[name] = b"\xc1"
    yard.start()
    assert refusal(yard).rule == "wallet-store"
    assert name not in yard.saved


# A head that was not final, a station that says "dropped", and orders that are more than a transfer -------------------


def test_a_settlement_under_an_optimistic_head_is_looked_at_again_and_seen_final():
    yard = Yard()
    yard.pay()
    yard.mine()
    yard.open()
    yard.bring(yard.tell())
    (settled,) = yard.of(records.TransactionSettled)
    assert "optimistic" in settled.chain
    assert not yard.wallet.signed
    yard.start()
    assert list(yard.wallet.provisional) == [settled.hash], "a reboot does not forget it"
    yard.now = Instant(yard.now + 15 * MINUTE)  # two epochs later
    yard.open()
    assert settled.hash in yard.asked[-1].transactions
    yard.bring(yard.tell())
    (final,) = yard.of(records.TransactionFinal)
    assert (final.hash, final.block) == (settled.hash, settled.block)
    assert not yard.of(records.TransactionSettled), "settled is said once"
    assert not yard.wallet.provisional
    assert not any(key.startswith("wallet/provisional") for key in yard.saved)


def test_what_a_reorganisation_took_back_waits_again_and_is_sent_again():
    """Another chain's state at a later head: the account has executed nothing there."""
    yard = Yard()
    yard.pay()
    yard.mine()
    yard.open()
    yard.bring(yard.tell())
    (settled,) = yard.of(records.TransactionSettled)
    own = yard.wallet.wallet.address.lower()
    account = yard.gateway.chain.account(own, 0)[0]
    state = account_of(account)
    yard.take(yard.wallet.undone(yard.now, ProvedState(settled.proved_slot, "", {own: state})))
    assert not yard.of(records.TransactionUndone), "the same head again says nothing new"
    for step in yard.wallet.undone(yard.now, ProvedState(settled.proved_slot + 1, "", {own: state})):
        yard.raw += [step] if isinstance(step, bytes) else []
        yard.take([step])
    (undone,) = yard.of(records.TransactionUndone)
    assert (undone.hash, undone.why.rule) == (settled.hash, "reorganised")
    assert yard.raw[-1] == yard.raw[0], "the very bytes"
    assert yard.wallet.signed == {settled.hash: 0}
    yard.start()
    assert yard.wallet.signed == {settled.hash: 0}
    spent = yard.wallet.costs[settled.hash]
    assert spent == COST, "and is counted as on its way"


def account_of(raw):
    from orbitalcloud.ethereum import Account

    return Account(raw.nonce, raw.balance, bytes(raw.storage_root), bytes(raw.code_hash))


def two_stations():
    yard = Yard()
    facts = replace(yard.config.following, stations=frozenset({"ground", "other"}))
    yard.config = replace(yard.config, following=facts)
    yard.start()
    return yard


def test_dropped_is_believed_when_a_second_station_says_so():
    yard = two_stations()
    yard.pay()
    (signed,) = yard.of(records.TransactionSigned)
    item = Dropped(signed.hash, "nonce too low")
    yard.take(yard.desk.dropped(yard.now, item, "ground"))
    (doubted,) = yard.of(records.TransactionDoubted)
    assert (doubted.hash, doubted.why.rule) == (signed.hash, "second-opinion")
    yard.take(yard.desk.dropped(yard.now, item, "ground"))
    assert yard.wallet.signed, "the same word twice is one word"
    yard.start()
    sent = yard.desk.agent.others = []
    list(yard.desk._second_opinion(yard.now, "ground"))
    list(yard.desk._second_opinion(yard.now, "other"))
    list(yard.desk._second_opinion(yard.now, "other"))
    assert sent == [("other", "transactions", yard.raw[0])], "offered once to the other, and only there"
    yard.take(yard.desk.dropped(yard.now, item, "stranger"))
    assert yard.wallet.signed
    yard.take(yard.desk.dropped(yard.now, item, "other"))
    assert not yard.wallet.signed
    assert yard.of(records.TransactionRefused)[0].hash == signed.hash
    assert not any(key.startswith("wallet/doubted") for key in yard.saved)


def test_a_lie_that_something_was_dropped_ends_with_its_proof():
    yard = two_stations()
    yard.pay()
    (signed,) = yard.of(records.TransactionSigned)
    yard.take(yard.desk.dropped(yard.now, Dropped(signed.hash, "a lie"), "ground"))
    yard.mine()
    yard.open()
    yard.bring(yard.tell())
    assert yard.of(records.TransactionSettled)[0].hash == signed.hash
    assert not yard.desk._doubted
    assert not yard.of(records.TransactionRefused)


DELEGATE = "0x" + "42" * 20


def call(**changes):
    given = {"gas": 60_000, "chain_id": 31337, "data": b"", "kind": 2}
    return Call("sat", "ground", changes.pop("to", PAYEE), "5", str(20 * GWEI), "1", **(given | changes))


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (call(data=b"\1\2"), "wallet-call"),
        (call(to=DELEGATE), "wallet-recipient"),
        (call(kind=4, delegate=DELEGATE), "wallet-delegate"),
    ],
)
def test_calls_and_delegations_are_off_until_they_are_listed(order, rule):
    yard = Yard()
    yard.take(yard.desk.take_order(yard.now, order, "ground"))
    assert refusal(yard).rule == rule
    assert not yard.asked


def test_contracts_of_the_desks_are_called_by_the_desks_alone():
    """A station that ordered `registry.leave` or `settlement.open` would stop its service, or lock its coins."""
    listed = {"contracts": frozenset({DELEGATE}), "desks": frozenset({DELEGATE})}
    yard = Yard(following=listed)
    yard.take(yard.desk.take_order(yard.now, call(to=DELEGATE, data=b"\1\2"), "ground"))
    assert refusal(yard).rule == "wallet-desk"
    assert not yard.asked
    yard.take(yard.desk.take_order(yard.now, call(to=DELEGATE, data=b"\1\2"), "ground", own=True))
    assert len(yard.asked) == 1


def test_an_access_list_is_signed_as_eip_2930_and_mined():
    yard = Yard()
    order = call(kind=1, access=(Access(PAYEE, (bytes(32),)),))
    yard.take(yard.desk.take_order(yard.now, order, "ground"))
    yard.bring(yard.tell())
    assert yard.raw[-1][0] == 1
    yard.mine()
    assert yard.gateway.chain.balance(PAYEE) == 5


def test_a_delegate_is_run_only_if_it_is_listed_and_its_code_is_proved_to_be_allowed():
    yard = Yard(following={"delegates": frozenset({DELEGATE})})
    order = call(kind=4, delegate=DELEGATE, to=PAYEE, gas=90_000)
    yard.take(yard.desk.take_order(yard.now, order, "ground"))
    assert yard.asked[-1].accounts[-1] == DELEGATE
    yard.bring(yard.tell())
    assert refusal(yard).rule == "wallet-delegate", "nothing stands there: no code of an allowed hash"
    assert not yard.raw
    empty = "0x" + keccak256(b"").hex()
    yard = Yard(following={"delegates": frozenset({DELEGATE}), "code_hashes": frozenset({empty})})
    yard.take(yard.desk.take_order(yard.now, order, "ground"))
    yard.bring(yard.tell())
    assert yard.raw[-1][0] == 4
    yard.mine()
    code = yard.gateway.chain.code(yard.wallet.wallet.address)
    assert code == bytes.fromhex("ef0100") + bytes.fromhex(DELEGATE[2:]), "EIP-7702's designator, by an EVM"


def test_a_proof_of_another_accounts_storage_is_refused():
    """Slots that were asked of one contract, answered with another's: the root is the account's own."""
    yard = Yard()
    yard.order()
    tell = yard.tell()
    from orbitalcloud.node.orders import SlotNodes

    (own, *rest) = tell.accounts
    lied = msgspec.structs.replace(own, storage=(SlotNodes(bytes(32), own.nodes),))
    yard.bring(msgspec.structs.replace(tell, accounts=(lied, *rest)))
    (refused,) = yard.of(records.UpdateRefused)
    assert refused.check.startswith("proof-")
    assert not yard.raw
