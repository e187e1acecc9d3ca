"""Other people's transactions: delayed by whatever happens, never lost, never twice. No driver, any order of events."""

from collections import Counter as Tally

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import RemoteProtocolError, parse_instant, records
from orbitalcloud.core.effects import Record, Save
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.outline import outline, signed_bytes
from orbitalcloud.ethereum.transactions import Transaction
from orbitalcloud.ethereum.wallet import transaction_hash
from orbitalcloud.node.orders import CarryTransaction, Dropped, Outcome, SendTransaction, Settled, decode_order
from orbitalcloud.node.relay import MAX_CARRIED, Counter, RelayDesk

T0 = parse_instant("2026-03-20T12:00:00Z")
LAWS = {"alpha": "NO", "beta": "CA", "gamma": "CN", "nowhere": ""}
SENDER = Wallet.born(b"\x03" * 16)
TO = "0x" + "00" * 19 + "02"


def raw_of(nonce: int = 0) -> bytes:
    return SENDER.sign_transaction(31337, nonce, TO, 5, 21_000, 10**10, 10**9).raw


RAWS = [raw_of(nonce) for nonce in range(2)]
NAMES = [transaction_hash(raw) for raw in RAWS]


class Post:
    """An agent that notes what is given to it: (destination, service, payload)."""

    def __init__(self):
        self.sent = []

    def submit(self, now, destination, service, payload, purpose, lifetime_ns, priority=1):
        self.sent.append((destination, service, payload))
        yield from ()


class Config:
    """What the desks read of a node's settings."""

    def __init__(self, name, laws=LAWS):
        self.name, self.jurisdictions, self.result_lifetime_ns = name, laws, 10**15


def desk(store=None, laws=LAWS):
    post, store = Post(), store if store is not None else {}
    made = RelayDesk(Config("sat", laws), post)
    keep(store, made.restore(T0, dict(store)))
    return made, post, store


def keep(store, steps):
    found = []
    for step in steps:
        if isinstance(step, Save):
            store.pop(step.key, None)
            if step.value is not None:
                store[step.key] = step.value
        elif isinstance(step, Record):
            found.append(step.entry)
        else:
            found.append(step)
    return found


def order(raw=RAWS[0], reply_to="alpha", forbidden=()):
    return CarryTransaction(raw, reply_to, tuple(forbidden))


def test_it_is_offered_to_each_allowed_station_once():
    made, post, store = desk()
    keep(store, made.opened(T0, "gamma"))
    keep(store, made.take(T0, order(forbidden=["CN"])))
    assert not post.sent, "gamma is in view, and forbidden"
    for station in ("nowhere", "beta", "gamma", "alpha", "beta"):
        keep(store, made.opened(T0, station))
    assert [one[:2] for one in post.sent] == [("beta", "transactions"), ("alpha", "transactions")]


def test_where_nothing_is_forbidden_even_an_unknown_law_is_allowed():
    made, post, store = desk()
    keep(store, made.take(T0, order()))
    keep(store, made.opened(T0, "nowhere"))
    assert len(post.sent) == 1


def test_where_every_station_is_forbidden_the_sender_is_told_at_once():
    made, post, store = desk()
    keep(store, made.take(T0, order(forbidden=["NO", "CA", "CN"])))
    ((to, service, body),) = post.sent
    told = decode_order(body, Outcome)
    assert (to, service, told.status) == ("alpha", "outcomes", -1)
    assert "CA, CN, NO" in told.text
    assert not made.carried


def test_one_stations_no_is_not_the_end_and_everyones_is():
    made, post, store = desk(laws={"alpha": "NO", "beta": "CA"})
    keep(store, made.take(T0, order()))
    keep(store, made.dropped(T0, Dropped(NAMES[0], "not here"), "alpha"))
    keep(store, made.dropped(T0, Dropped(NAMES[0], "not here"), "alpha"))
    assert not post.sent
    assert not keep(store, made.dropped(T0, Dropped(NAMES[0], "I am no station"), "sat-2"))
    keep(store, made.dropped(T0, Dropped(NAMES[0], "nor here"), "beta"))
    told = decode_order(post.sent[0][2], Outcome)
    assert (told.status, told.text) == (-1, "alpha: not here; beta: nor here")


def test_everybody_who_handed_it_over_is_told_also_who_comes_late():
    made, post, store = desk()
    keep(store, made.take(T0, order(reply_to="alpha")))
    keep(store, made.take(T0, order(reply_to="beta", forbidden=["CN"])))
    keep(store, made.opened(T0, "gamma"))
    assert not post.sent, "what one of them forbids holds"
    keep(store, made.settled(T0, Settled(NAMES[0], 1, 7, 21_000), "beta"))
    again, late, store = desk(store)
    keep(store, again.take(T0, order(reply_to="gamma")))
    assert [one[:2] for one in post.sent + late.sent] == [(n, "outcomes") for n in ("alpha", "beta", "gamma")]
    assert not again.carried


def test_what_no_account_signed_and_what_is_too_much_is_refused():
    made, _, store = desk()
    with pytest.raises(RemoteProtocolError):
        keep(store, made.take(T0, order(b"\x02\xc0")))
    made.carried = dict.fromkeys(map(str, range(MAX_CARRIED)), None)
    with pytest.raises(RemoteProtocolError, match="carried already"):
        keep(store, made.take(T0, order()))


@pytest.mark.parametrize("value", [b"", b"\xff", b"\x93\xa7relay/1"])
def test_a_torn_record_is_said_and_dropped(value):
    store = {"relay/0x1": value, "relay-done/0x2": value}
    made = RelayDesk(Config("sat"), Post())
    said = keep(store, made.restore(T0, dict(store)))
    assert [entry.check for entry in said] == ["store", "store"]
    assert not store


@pytest.mark.parametrize("crash", range(1, 6))
def test_a_crash_between_any_two_effects_loses_nothing(crash):
    """Only the first effects of the conclusion were carried out: after the boot the sender is told, perhaps again."""
    made, _, store = desk()
    keep(store, made.take(T0, order()))
    keep(store, made.opened(T0, "beta"))
    steps = made.settled(T0, Settled(NAMES[0], 1, 7, 21_000), "beta")
    keep(store, (step for step, _ in zip(steps, range(crash), strict=False)))
    again, post, store = desk(store)
    keep(store, again.settled(T0, Settled(NAMES[0], 1, 7, 21_000), "beta"))
    assert not again.carried
    assert [key for key in store if key.startswith("relay/")] == []
    assert (crash > 1) or [one[:2] for one in post.sent] == [("alpha", "outcomes")]


def test_the_counter_takes_a_hash_once_and_believes_the_first_word():
    counter, store = Counter(Config("alpha")), {}
    first = keep(store, counter.take(T0, SendTransaction("any", RAWS[0], ("CN",))))
    assert [type(step) for step in first] == [records.TransactionHanded, CarryTransaction]
    assert (first[0].sender, first[0].to.lower(), first[0].value_wei) == (SENDER.address, TO, "5")
    assert len(keep(store, counter.take(T0, SendTransaction("any", RAWS[0])))) == 1
    after = Counter(Config("alpha"))
    keep(store, after.restore(T0, dict(store)))
    (returned,) = keep(store, after.told(T0 + 10**9, Outcome(NAMES[0], 1, 7, 21_000, "beta"), "sat"))
    assert (returned.status, returned.delay_ms, returned.why.rule) == (1, 1000, "claim")
    assert not keep(store, after.told(T0, Outcome(NAMES[0], 0, 8, 1, "gamma"), "sat-2"))
    assert not store


# Any order of events --------------------------------------------------------------------------------------------------

STATIONS = ("alpha", "beta", "gamma")
ACTIONS = st.one_of(
    st.tuples(st.just("hand"), st.sampled_from(STATIONS), st.integers(0, 1)),
    st.tuples(st.just("carry"), st.integers(0, 30), st.integers(0, 1)),
    st.tuples(st.just("meet"), st.sampled_from(STATIONS), st.integers(0, 1)),
    st.tuples(st.just("part"), st.sampled_from(STATIONS), st.integers(0, 1)),
    st.tuples(st.just("chain"), st.sampled_from(STATIONS), st.integers(0, 1)),
    st.tuples(st.just("block"), st.sampled_from(STATIONS), st.integers(0, 1)),
    st.tuples(st.just("reboot"), st.just("sat"), st.integers(0, 1)),
    st.tuples(st.just("reboot"), st.sampled_from(STATIONS), st.integers(0, 1)),
)


class Sky:
    """Two satellites, three stations (gamma is forbidden), one chain that executes a nonce once."""

    def __init__(self):
        self.sats = [desk(None, {name: LAWS[name] for name in STATIONS}) for _ in range(2)]
        self.counters = {name: Counter(Config(name)) for name in STATIONS}
        self.stores = {name: {} for name in STATIONS}
        self.ways: list[tuple] = []  # bundles in flight: custody loses none; what was delivered may come again
        self.pending = {name: {} for name in STATIONS}  # saved at the station: hash → (satellites, raw)
        self.blocked: set[str] = set()
        self.mined: list[str] = []
        self.broadcast: set[str] = set()
        self.returned = Tally()
        self.handed: set[tuple[str, str]] = set()

    def hand(self, name, which):
        order = SendTransaction("any", RAWS[which], ("CN",))
        for step in keep(self.stores[name], self.counters[name].take(T0, order)):
            if isinstance(step, CarryTransaction):
                self.ways.append((which, "carry", step))
                self.handed.add((name, NAMES[which]))

    def carry(self, index, twice):
        """Deliver one bundle, in any order, perhaps twice."""
        if not self.ways:
            return
        place = index % len(self.ways)
        for _ in range(1 + twice):
            self._deliver(*self.ways[place])
        del self.ways[place]

    def _deliver(self, to, service, body):
        if service in ("carry", "settled"):
            made, _, store = self.sats[to]
            keep(store, made.take(T0, body) if service == "carry" else made.settled(T0, *body))
        elif service == "transactions":
            name = transaction_hash(body)
            self.broadcast.add(to[0])
            sats, _ = self.pending[to[0]].get(name, (frozenset(), body))
            self.pending[to[0]][name] = (sats | {to[1]}, body)
        else:
            for entry in keep(self.stores[to], self.counters[to].told(T0, decode_order(body, Outcome), "sat")):
                self.returned[to, entry.hash] += 1
        self._collect()

    def _collect(self):
        for index, (_, post, _) in enumerate(self.sats):
            for to, service, body in post.sent:
                self.ways.append(((to, index) if service == "transactions" else to, service, body))
            post.sent.clear()

    def meet(self, name, which):
        made, _, store = self.sats[which]
        keep(store, made.opened(T0, name))
        self._collect()

    def part(self, name, which):
        self.sats[which][0].closed(name)

    def block(self, name, on):
        (self.blocked.add if on else self.blocked.discard)(name)

    def chain(self, name, _):
        """The station asks its chain, unless it is blocked."""
        if name in self.blocked:
            return
        for tx, (sats, _) in list(self.pending[name].items()):
            if tx not in self.mined:
                self.mined.append(tx)
            del self.pending[name][tx]
            self.ways += [(sat, "settled", (Settled(tx, 1, 1, 21_000), name)) for sat in sorted(sats)]

    def reboot(self, name, which):
        if name == "sat":
            self.sats[which] = desk(self.sats[which][2], {one: LAWS[one] for one in STATIONS})
        else:
            self.counters[name] = Counter(Config(name))
            keep(self.stores[name], self.counters[name].restore(T0, dict(self.stores[name])))


@given(st.lists(ACTIONS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_each_payment_is_made_once_and_each_sender_told_once(actions):
    """First anything may break; then it heals, and all that was handed over must arrive."""
    sky = Sky()
    for verb, *arguments in actions:
        getattr(sky, verb)(*arguments)
    assert len(sky.mined) == len(set(sky.mined))
    sky.blocked.clear()
    for _ in range(4):
        for which in range(2):
            for name in STATIONS:
                sky.meet(name, which)
        while sky.ways:
            sky.carry(0, 0)
        for name in STATIONS:
            sky.chain(name, 0)
    assert sorted(sky.mined) == sorted({tx for _, tx in sky.handed}), "none lost, none invented"
    assert "gamma" not in sky.broadcast, "never where it is forbidden"
    assert set(sky.returned) == sky.handed
    assert not any(made.carried for made, _, _ in sky.sats)


# What a transaction says of itself ------------------------------------------------------------------------------------


def test_outlines_are_what_was_signed():
    one = outline(RAWS[1])
    assert (one.sender, one.to.lower(), one.value_wei, one.nonce, one.chain_id) == (SENDER.address, TO, 5, 1, 31337)
    assert one.hash == NAMES[1]
    access = SENDER.sign(Transaction(5, 9, TO, 8, 21_000, 7, 0, b"", 1))
    made = outline(access.raw)
    assert (made.nonce, made.value_wei, made.chain_id, made.hash) == (9, 8, 5, access.hash)


def test_a_legacy_transaction_of_the_standard_reads_as_it_says():
    """EIP-155's own example."""
    text = (
        "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7"
        "6400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067"
        "cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    )
    one = outline(signed_bytes(text.encode()))
    assert (one.nonce, one.value_wei, one.chain_id, one.to) == (9, 10**18, 1, "0x" + "35" * 20)
    assert one.sender == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_an_outline_raise_anything_else(data):
    with pytest.raises(RemoteProtocolError):
        outline(data)
