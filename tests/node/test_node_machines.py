"""Nodes as pure state machines: fed by hand, without a driver."""

import json

import pytest

from orbitalcloud.core import SECOND, Contact, parse_instant, records
from orbitalcloud.core.effects import Record, Save, Send
from orbitalcloud.core.events import Commanded, ContactOpened, Fired, Received, Started
from orbitalcloud.ethereum import Wallet
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import Station, StationConfig
from orbitalcloud.node.base import CHAIN

T0 = parse_instant("2026-03-20T12:00:00Z")
ENDS = T0 + 600 * SECOND
PLAN = ContactPlan([Contact("ground", "sat", T0, ENDS, 10**6, "s"), Contact("sat", "ground", T0, ENDS, 10**6, "s")])


def station(saved=None):
    """A started station and what it has saved."""
    node, store = Station(StationConfig("ground", PLAN, ("sat",))), dict(saved or {})
    effects = perform(node, store, T0, Started(dict(store), b"\x07" * 32, 1))
    return node, store, effects


def perform(node, store, now, event):
    """Handle an event, keep what is saved, give the effects."""
    effects = list(node.handle(now, event))
    for effect in effects:
        if isinstance(effect, Save):
            store.pop(effect.key, None)
            if effect.value is not None:
                store[effect.key] = effect.value
    return effects


def entries(effects, kind):
    return [effect.entry for effect in effects if isinstance(effect, Record) and isinstance(effect.entry, kind)]


def calls(effects):
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, Send) and effect.peer == CHAIN]


def signed(nonce=0):
    wallet = Wallet.born(b"\x01" * 32)
    return wallet.sign_transaction(31337, nonce, "0x" + "00" * 19 + "01", 1, 21_000, 10**10, 10**9)


def deliver(node, store, payload, service="transactions"):
    """Let a bundle from the satellite arrive at the station, through its own agent."""
    from orbitalcloud.network import Delivered

    effects = list(node._network(T0 + SECOND, [Delivered("sat/1-0", "sat", service, payload, T0)]))
    for effect in effects:
        if isinstance(effect, Save) and effect.value is not None:
            store[effect.key] = effect.value
    return effects


def test_a_key_is_born_once_and_kept():
    node, store, _ = station()
    again, _, effects = station(store)
    assert node.public_key == again.public_key
    assert not [effect for effect in effects if isinstance(effect, Save) and effect.key == "identity"]


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x93\xa1x", b"\xc1" * 100])
@pytest.mark.parametrize("verb", ["submit-job", "send-update", "pay", "no-such-verb"])
def test_a_malformed_order_is_refused_by_name_and_nothing_else_happens(verb, body):
    node, store, _ = station()
    before = dict(store)
    effects = perform(node, store, T0 + 1 * SECOND, Commanded(verb, body))
    (refused,) = entries(effects, records.FrameRefused)
    assert refused.check in {"order-form", "order-verb"}
    assert store == before


@pytest.mark.parametrize("frame", [b"", b"\x00" * 40, b"hello", b"\xff" * 70_000])
def test_noise_from_a_peer_never_stops_a_node(frame):
    node, store, _ = station()
    perform(node, store, T0, ContactOpened(PLAN.contacts[0]))
    effects = perform(node, store, T0 + 1 * SECOND, Received("sat", frame))
    assert entries(effects, records.FrameRefused)


def test_a_transaction_is_kept_until_the_chain_has_it_even_over_a_reboot():
    node, store, _ = station()
    transaction = signed()
    (send,) = calls(deliver(node, store, transaction.raw))
    assert send["method"] == "eth_sendRawTransaction"
    # the chain is unreachable, or does not answer at all: the same bytes again later
    down = json.dumps({"id": send["id"], "retry": "connection refused"}).encode()
    assert not calls(perform(node, store, T0 + 2 * SECOND, Received(CHAIN, down)))
    assert calls(perform(node, store, T0 + 13 * SECOND, Fired(f"chain/{transaction.hash}"))) == [send]
    # a reboot: it is sent again, and is the same transaction
    after, kept, effects = station(store)
    assert calls(effects) == [send]
    taken = json.dumps({"id": send["id"], "result": transaction.hash}).encode()
    perform(after, kept, T0 + 3 * SECOND, Received(CHAIN, taken))
    (ask,) = calls(perform(after, kept, T0 + 14 * SECOND, Fired(f"chain/{transaction.hash}")))
    assert (ask["method"], ask["params"]) == ("eth_getTransactionReceipt", [transaction.hash])
    receipt = {"id": ask["id"], "result": {"status": "0x1", "blockNumber": "0x5", "gasUsed": "0x5208"}}
    effects = perform(after, kept, T0 + 20 * SECOND, Received(CHAIN, json.dumps(receipt).encode()))
    (settled,) = entries(effects, records.TransactionSettled)
    assert (settled.status, settled.block, settled.gas_used) == (1, 5, 21_000)
    assert not [key for key in kept if key.startswith("transaction/")]


def test_what_the_chain_refuses_is_said_and_forgotten():
    node, store, _ = station()
    (send,) = calls(deliver(node, store, signed().raw))
    answer = json.dumps({"id": send["id"], "error": {"code": -32000, "message": "insufficient funds"}}).encode()
    (refused,) = entries(perform(node, store, T0 + 2 * SECOND, Received(CHAIN, answer)), records.TransactionRefused)
    assert "insufficient funds" in refused.why.text
    assert not [key for key in store if key.startswith("transaction/")]


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"nonsense", b'{"id":"send 0xno"}', b'{"id":"receipt 0xno","result":{}}', b'"x"']
)
def test_a_mad_json_rpc_node_is_survived(answer):
    node, store, _ = station()
    deliver(node, store, signed().raw)
    try:
        perform(node, store, T0 + 2 * SECOND, Received(CHAIN, answer))
    finally:
        assert [key for key in store if key.startswith("transaction/")], "the transaction is not lost"


@pytest.mark.parametrize("payload", [b"", b"\x02\xc0", b"\x00" * 100])
def test_bytes_that_no_account_signed_are_not_sent_on(payload):
    node, store, _ = station()
    effects = deliver(node, store, payload)
    assert not calls(effects)
    assert entries(effects, records.FrameRefused)[0].check == "transaction"


def test_an_unknown_service_is_refused():
    node, store, _ = station()
    assert entries(deliver(node, store, b"x", "coffee"), records.FrameRefused)[0].check == "service"


def test_a_result_whose_receipt_is_anothers_is_not_believed():
    from orbitalcloud.compute import Result, encode_result

    node, store, _ = station()
    forged = encode_result(Result("job", "other-satellite", None, b""))
    assert entries(deliver(node, store, forged, "results"), records.FrameRefused)[0].check == "result-source"


def test_a_transaction_that_is_never_included_is_given_up_and_said():
    node, store, _ = station()
    transaction = signed()
    deliver(node, store, transaction.raw)
    entered = []
    for poll in range(1, 603):
        effects = perform(node, store, T0 + 12 * poll * SECOND, Fired(f"chain/{transaction.hash}"))
        entered += entries(effects, records.TransactionRefused)
    assert len(entered) == 1
    assert "600 slots" in entered[0].why.text
