"""Nodes as pure state machines: fed by hand, without a driver."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, parse_instant, records
from orbitalcloud.core.effects import Record, Save, Send, Wake
from orbitalcloud.core.events import Commanded, ContactOpened, Fired, Received, Started
from orbitalcloud.ethereum import Wallet
from orbitalcloud.network import ContactPlan
from orbitalcloud.node import Station, StationConfig
from orbitalcloud.node.base import CHAIN

T0 = parse_instant("2026-03-20T12:00:00Z")
ENDS = T0 + 600 * SECOND
DEVICE = {"identity": b"\x21" * 32, "wallet": b"\x22" * 32}
PLAN = ContactPlan([Contact("ground", "sat", T0, ENDS, 10**6, "s"), Contact("sat", "ground", T0, ENDS, 10**6, "s")])


def station(saved=None):
    """A started station and what it has saved."""
    node, store = Station(StationConfig("ground", PLAN, ("sat",))), dict(saved or {})
    effects = perform(node, store, T0, Started(dict(store), b"\x07" * 32, 1, DEVICE))
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
    perform(node, store, T0 + 2 * SECOND, Received(CHAIN, answer))
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
    taken = json.dumps({"id": f"send {transaction.hash}", "result": transaction.hash}).encode()
    perform(node, store, T0 + 2 * SECOND, Received(CHAIN, taken))
    not_yet = json.dumps({"id": f"receipt {transaction.hash}", "result": None}).encode()
    for poll in range(1, 603):
        effects = perform(node, store, T0 + 12 * poll * SECOND, Fired(f"chain/{transaction.hash}"))
        entered += entries(effects, records.TransactionRefused)
        perform(node, store, T0 + (12 * poll + 1) * SECOND, Received(CHAIN, not_yet))
    assert len(entered) == 1
    assert "600 slots" in entered[0].why.text


def test_a_chain_that_does_not_answer_is_asked_less_and_less_and_never_given_up():
    node, store, _ = station()
    transaction = signed()
    effects = deliver(node, store, transaction.raw)
    at, waits = T0 + SECOND, []
    for _ in range(700):
        (wake,) = [e for e in effects if isinstance(e, Wake) and e.at is not None]
        waits.append((wake.at - at) // SECOND)
        at = wake.at
        effects = perform(node, store, at, Fired(wake.timer))
        assert calls(effects)[0]["method"] == "eth_sendRawTransaction"
    assert waits[:8] == [12, 24, 48, 96, 192, 384, 600, 600]
    assert at - T0 > 4 * 24 * 3600 * SECOND, "over days"
    perform(node, store, at, Received(CHAIN, json.dumps({"id": f"send {transaction.hash}", "result": "0x"}).encode()))
    effects = perform(node, store, at + SECOND, Fired(f"chain/{transaction.hash}"))
    assert calls(effects)[0]["method"] == "eth_getTransactionReceipt"


# Hostile and unlucky ------------------------------------------------------------------------------------------------


def satellite(saved=None, **changes):
    """A started satellite with a wallet, read once, and what it saved."""
    from orbitalcloud.compute import Accelerator
    from orbitalcloud.core.events import Readings, Sensed
    from orbitalcloud.node import EnergyFacts, GovernorLimits, Satellite, SatelliteConfig

    config = SatelliteConfig(
        name="sat",
        plan=PLAN,
        accelerator=Accelerator("pi", 4e10, 4e10, 0.3, 1e9, 2.0, 6.0, 4.0, 0.5),
        governor=GovernorLimits(350_000, 2, 333_150, 323_150),
        energy=EnergyFacts(277_200_000, 60_000, 18_000, ((T0, T0 + 10**15),)),
        platform_mw=16_000,
        radio_mw=8_000,
        chain_ids=frozenset({31337}),
        payees=frozenset({"0x" + "00" * 19 + "01"}),
        **changes,
    )
    node, store = Satellite(config, {}), dict(saved or {})
    effects = perform(node, store, T0, Started(dict(store), b"\x08" * 32, 1, DEVICE))
    readings = Readings(900_000, 60_000, 18_000, 1_000_000, (300_000,) * 4, 0, 0, 547_000)
    perform(node, store, T0, Sensed(readings))
    return node, store, effects


def bundle(node, store, service, payload, source="ground"):
    """A bundle for this node arrives."""
    from orbitalcloud.network import Delivered

    effects = list(node._network(T0 + SECOND, [Delivered("x/1-0", source, service, payload, T0)]))
    for effect in effects:
        if isinstance(effect, Save):
            store.pop(effect.key, None)
            if effect.value is not None:
                store[effect.key] = effect.value
    return effects


def request(**changes):
    from orbitalcloud.compute import Job, Request, encode_request
    from orbitalcloud.core import digest_of

    fields = {"id": "j-1", "name": "j", "artefact": digest_of(b"m"), "input": digest_of(b"in"), "reply_to": "ground"}
    fields |= {"deadline": T0 + 3600 * SECOND, "modelled_operations": 10**12, "modelled_output_bytes": 10}
    return encode_request(Request(Job(**(fields | changes)), b"in"))


def pay(**changes):
    from orbitalcloud.node import Pay, encode_order

    fields = {"target": "sat", "reply_to": "ground", "to": "0x" + "00" * 19 + "01", "value_wei": "5", "gas": 21_000}
    fields |= {"max_fee_per_gas_wei": "10", "max_priority_fee_per_gas_wei": "1", "chain_id": 31337}
    return encode_order(Pay(**(fields | changes)))


SERVICES = ["jobs", "light-client", "payments", "settled", "dropped", "no-such-service"]


@given(st.sampled_from(SERVICES), st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_in_a_bundle_stop_a_satellite(service, payload):
    node, store, _ = satellite()
    assert entries(bundle(node, store, service, payload), records.FrameRefused)


@given(st.sampled_from(["results", "transactions", "coffee"]), st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_in_a_bundle_stop_a_station(service, payload):
    node, store, _ = station()
    assert entries(bundle(node, store, service, payload), records.FrameRefused)


@pytest.mark.parametrize("name", ["sat", "bad name", "ground/../sat", "//", "ipn:one"])
def test_an_answer_that_could_not_be_sent_is_refused_before_anything_happens(name):
    node, store, _ = satellite()
    before = dict(store)
    for payload, service in ((request(reply_to=name), "jobs"), (pay(reply_to=name), "payments")):
        effects = bundle(node, store, service, payload)
        assert entries(effects, records.FrameRefused)
        assert not entries(effects, records.JobAccepted)
        assert not entries(effects, records.TransactionSigned)
    assert {key: value for key, value in store.items() if not key.startswith("seen/")} == before


def test_a_nonce_is_used_again_when_the_chain_would_not_take_it():
    from orbitalcloud.node import Dropped, encode_order

    node, store, _ = satellite()
    (first,) = entries(bundle(node, store, "payments", pay()), records.TransactionSigned)
    (second,) = entries(bundle(node, store, "payments", pay(value_wei="6")), records.TransactionSigned)
    assert (first.nonce, second.nonce) == (0, 1)
    told = bundle(node, store, "dropped", encode_order(Dropped(first.hash, "insufficient funds")))
    assert "insufficient funds" in entries(told, records.TransactionRefused)[0].why.text
    again, kept, _ = satellite(store)
    (third,) = entries(bundle(again, kept, "payments", pay(value_wei="1")), records.TransactionSigned)
    (fourth,) = entries(bundle(again, kept, "payments", pay(value_wei="2")), records.TransactionSigned)
    assert (third.nonce, fourth.nonce) == (0, 2)
    assert not entries(
        bundle(again, kept, "dropped", encode_order(Dropped("0xother", "x"))), records.TransactionRefused
    )


@pytest.mark.parametrize(
    "key", ["identity", "job/j-1", "artefact/sha256:00", "bundle/x", "seen/x", "sequence", "light-client"]
)
@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"\x00" * 50])
def test_a_torn_saved_value_never_stops_a_boot(key, value):
    _, store, _ = satellite()
    node, kept, effects = satellite(store | {key: value})
    assert node.public_key
    if key in ("identity", "job/j-1", "artefact/sha256:00"):
        assert kept.get(key) != value
        if value or key != "identity":
            assert entries(effects, records.FrameRefused), "it is said, not passed over"


def test_torn_values_at_a_station_are_said_and_dropped():
    _, store, _ = station()
    _, kept, effects = station(store | {"key/sat": b"\xff", "transaction/0x00": b"\xff\x00\x02"})
    assert len(entries(effects, records.FrameRefused)) == 2
    assert set(kept) == set(store)


def test_what_came_with_a_refused_or_finished_job_is_not_kept():
    from orbitalcloud.compute import Job, Request, encode_request, workload
    from orbitalcloud.core import digest_of
    from orbitalcloud.core.effects import Run
    from orbitalcloud.core.events import Finished

    item = workload("water-map")
    artefact, data = item.artefact(), item.inputs()[0]

    def ask(name, deadline):
        job = Job(name, "water", artefact.digest, digest_of(data), deadline, "ground")
        return encode_request(Request(job, data, artefact.data))

    node, store, _ = satellite()
    for number in range(3):
        effects = bundle(node, store, "jobs", ask(f"late-{number}", T0))
        assert entries(effects, records.JobRefused)[0].why.rule == "deadline"
    assert not [key for key in store if key.startswith("artefact/")]
    (run,) = [e for e in bundle(node, store, "jobs", ask("good", T0 + 3600 * SECOND)) if isinstance(e, Run)]
    assert [key for key in store if key.startswith("artefact/")]
    perform(node, store, T0 + 2 * SECOND, Finished(run.run, b"out", "", 0, 5, 9, 10, 1, True, "wasmtime"))
    assert not [key for key in store if key.startswith(("artefact/", "job/"))]


def test_an_executed_job_without_a_receipt_is_not_believed():
    from orbitalcloud.compute import Result, encode_result
    from orbitalcloud.node import SubmitJob, encode_order

    node, store, _ = station()
    order = encode_order(SubmitJob("sat", request(modelled_operations=0)))
    perform(node, store, T0 + SECOND, Commanded("submit-job", order))
    node, store, _ = station(store)
    (told,) = entries(
        bundle(node, store, "results", encode_result(Result("j-1", "sat", None, b"x")), "sat"), records.ResultDelivered
    )
    assert (told.why.ok, told.why.rule) == (False, "receipt")


def test_an_empty_battery_stops_a_run_even_without_a_reserve():
    from orbitalcloud.core.events import Readings
    from orbitalcloud.node import Governor, GovernorLimits

    empty = Readings(0, 0, 0, 0, (300_000,) * 4, 0, 0, 547_000)
    assert not Governor(GovernorLimits(0, 2, 333_150, 323_150)).carry_on(empty).ok


def test_nothing_that_prints_a_node_prints_its_secrets():
    node, store, _ = satellite()
    secrets = [value for key, value in store.items() if key in ("identity", "wallet")]
    shown = (
        repr(node.jobs)
        + repr(node.wallet)
        + repr(Started(dict(store), b"\x08" * 32, 1, DEVICE))
        + repr([Save(key, value) for key, value in store.items()])
    )
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


@pytest.mark.parametrize("value", [b"", b"\xff" * 40])
def test_a_torn_wallet_is_said_and_signs_nothing_and_is_not_replaced(value):
    _, store, _ = satellite()
    node, kept, effects = satellite(store | {"wallet": value})
    assert entries(effects, records.TransactionRefused)[0].why.rule == "wallet-store"
    assert not entries(effects, records.WalletBorn)
    assert kept["wallet"] == value, "what is left of it may still be mended"
    paid = bundle(node, kept, "payments", pay())
    assert entries(paid, records.TransactionRefused)[0].why.rule == "wallet-store"
    assert not entries(paid, records.TransactionSigned)
