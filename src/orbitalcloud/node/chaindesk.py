"""The satellite's side of the chain that it pays on: asks stations for the head and proofs, believes what holds.

A payment order waits here until balance, nonce and the recipient's code are proved under a head that this satellite's
light client verified; then the wallet signs, or says which rule forbids it. A transaction counts as settled when its
receipt is proved under such a head. Any station may bring any of it, so that one which lies or is silent delays only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from orbitalcloud.core import SECOND, Instant, Refused, RemoteProtocolError, Why, records
from orbitalcloud.core.effects import Effect, Record, Save, Wake
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node.clearance import refusal, require_fresh
from orbitalcloud.node.config import FollowingFacts, SatelliteConfig, VerificationFacts
from orbitalcloud.node.evidence import ProvedState, prove_settlement, prove_state
from orbitalcloud.node.orders import (
    MAX_SLOTS,
    AskChain,
    Call,
    Dropped,
    LabelledUpdate,
    Settled,
    Slots,
    Spending,
    TellChain,
    decode_order,
    decode_spending,
    encode_order,
)
from orbitalcloud.node.relay import RelayDesk
from orbitalcloud.node.trust import VerificationDesk, WalletDesk

ORDER_KEY = "wallet/order/"
DOUBTED_KEY = "wallet/doubted/"
STORE_KEY = "light-client/paying"
TIMER = "wallet-order/"
MAX_ORDERS = 8
ASK_AGAIN_NS = 60 * SECOND
ASK_LIFETIME_NS = 600 * SECOND

Output = Effect | Delivered


class Watcher(Protocol):
    """Who wants state of contracts proved under the head, and acts on it."""

    def waits(self) -> bool:
        """Whether a contact should be used to ask."""

    def wants(self) -> Mapping[str, Sequence[int]]:
        """Slots by contract; an account without slots for its code alone."""

    def look(self, now: Instant, proved: ProvedState, station: str) -> Iterator[Output | Call]:
        """What is wanted, proved: effects, and calls that the wallet is to make."""

    def hurries(self) -> bool:
        """Whether what was seen leads to a question that should be put at once."""


class ChainDesk:
    """Orders that wait for proved state, transactions that wait for their proof, and the head between them."""

    def __init__(
        self,
        config: SatelliteConfig,
        agent: BundleAgent,
        wallet: WalletDesk,
        paying: VerificationFacts,
        following: FollowingFacts,
    ) -> None:
        self.config, self.agent, self.wallet, self.following = config, agent, wallet, following
        self.verification = VerificationDesk(
            config.name, paying, store_key=STORE_KEY, uplink_uj_per_byte=config.uplink_uj_per_byte
        )
        self._orders: dict[str, Spending] = {}
        self.watchers: list[Watcher] = []
        """Who else wants state proved under this head: the purse's desk, the settlement's."""
        self._doubted: dict[str, tuple[str, ...]] = {}
        """Hash → who said that the chain will not take it (and, behind `?`, who was asked since)."""
        self._asked: dict[str, Instant] = {}
        self.relay: RelayDesk | None = None
        """Whose transactions are proved like our own."""
        self._lost = False
        """Silent for longer than can be bridged: that was said, and nobody is asked any more."""

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Output]:
        """The light client and the orders as they were saved; a damaged order is dropped with a Why."""
        yield from self.verification.restore(now, saved)
        for key in sorted(saved):
            if key.startswith(DOUBTED_KEY):
                self._doubted[key.removeprefix(DOUBTED_KEY)] = tuple(saved[key].decode("ascii", "replace").split(","))
            if not key.startswith(ORDER_KEY):
                continue
            name = key.removeprefix(ORDER_KEY)
            try:
                self._orders[name] = decode_spending(saved[key])
                yield Wake(Instant(max(int(name.partition("-")[0]) + self.following.patience_ns, now)), TIMER + name)
            except (RemoteProtocolError, ValueError) as error:
                self._orders.pop(name, None)
                yield self.wallet.refused(now, Why(False, "wallet-store", f"a saved order is damaged: {error}"[:300]))
                yield Save(key, None)

    # Asking ----------------------------------------------------------------------------------------------------------

    def opened(self, now: Instant, station: str) -> Iterator[Output]:
        """A contact: ask where something waits, or the head is old."""
        if station not in self.following.stations:
            return
        yield from self._second_opinion(now, station)
        age = self.verification.head_age_ns(now)
        waits = bool(self._orders or self.wallet.signed or self._others() or self.wallet.provisional)
        waits = waits or any(one.waits() for one in self.watchers)
        if age is None or not (waits or age > self.following.follow_ns):
            return
        if now - self._asked.get(station, Instant(0)) >= ASK_AGAIN_NS:
            yield from self.ask(now, station)

    def take_order(self, now: Instant, order: Spending, station: str, *, own: bool = False) -> Iterator[Output]:
        """A payment order: refused at once where policy forbids it, else kept until state is proved.

        `own`: it is a desk's, which alone may call the contracts of the desks.
        """
        try:
            if not own and order.to.lower() in self.following.desks:
                raise refusal("wallet-desk", f"{order.to} is called by this satellite's own desks alone")
            self.wallet.admit(order)
            if len(self._orders) >= MAX_ORDERS:
                raise RemoteProtocolError("orders", f"{MAX_ORDERS} payment orders wait already")
        except Refused as error:
            yield self.wallet.refused(now, error.why)
            return
        taken = 0
        while (name := f"{now}-{taken}") in self._orders:
            taken += 1
        self._orders[name] = order
        yield Save(ORDER_KEY + name, encode_order(order))
        yield Wake(Instant(now + self.following.patience_ns), TIMER + name)
        yield from self.ask(now, station if station in self.following.stations else order.reply_to)

    def fired(self, now: Instant, timer: str) -> Iterator[Output]:
        """An order has waited long enough: it is refused."""
        name = timer.removeprefix(TIMER)
        if name in self._orders:
            hours = self.following.patience_ns // (3600 * SECOND)
            why = Why(False, "wallet-state", f"no state was proved to sign against in {hours} h")
            yield self.wallet.refused(now, why)
            yield from self._done(name)

    def ask(self, now: Instant, station: str) -> Iterator[Output]:
        """Put everything that is waited for to a station."""
        client = self.verification.client
        if client is None:
            return
        try:
            self.verification.require_subjectivity(now)
        except RemoteProtocolError as error:
            if not self._lost:
                yield self.verification.refused(now, "own store", error)
            self._lost = True
            return
        self._asked[station] = now
        wanted: dict[str, dict[int, None]] = {}
        if (self._orders or self.wallet.provisional) and self.wallet.wallet is not None:
            wanted[self.wallet.wallet.address.lower()] = {}
        for order in self._orders.values():
            wanted[order.to.lower()] = {}
            if isinstance(order, Call) and order.delegate:
                wanted[order.delegate.lower()] = {}
        for watcher in self.watchers:
            for address, slots in watcher.wants().items():
                wanted.setdefault(address.lower(), {}).update(dict.fromkeys(slots))
        newest = [*sorted(self.wallet.signed, key=lambda name: -self.wallet.signed[name]), *self._others()][:16]
        newest = [*newest, *self.wallet.provisional][:16]
        asked = list(wanted.items())[:16]
        words = [(name, tuple(slot.to_bytes(32, "big") for slot in slots)[:MAX_SLOTS]) for name, slots in asked]
        stored = tuple(Slots(name, slots) for name, slots in words if slots)[:4]
        accounts = tuple(name for name, _ in asked)
        ask = AskChain(client.period, client.next_committee_known, accounts, tuple(newest), stored)
        body = encode_order(ask)
        yield from self.agent.submit(now, station, "ask-chain", body, "asks for the head", ASK_LIFETIME_NS, 3)

    def _others(self) -> list[str]:
        """What was carried for others and may be in a block by now."""
        return [] if self.relay is None else self.relay.awaited()

    # Being told ------------------------------------------------------------------------------------------------------

    def told(self, now: Instant, payload: bytes, station: str) -> Iterator[Output | tuple[str, bytes]]:
        """Verify what a station brought; yields effects, and (reply_to, raw transaction) where one was signed."""
        tell, client = decode_order(payload, TellChain), self.verification.client
        if client is None:
            raise RemoteProtocolError("bootstrap", "there is no verified store to apply it to")
        size = len(payload) - sum(map(len, tell.updates[1:]))
        for raw in tell.updates:
            valid = yield from self.verification.take(now, LabelledUpdate(f"head from {station}", raw), size)
            if not valid:
                break
            size = len(raw)
        for item in tell.inclusions:
            try:
                found = prove_settlement(client, item)
            except RemoteProtocolError as error:
                yield self.verification.refused(now, f"settlement of {item.hash[:10]}… from {station}", error)
            else:
                if found.hash in self.wallet.signed or found.hash in self.wallet.provisional:
                    yield from self._trusted(found.hash)
                    yield from self.wallet.proved(now, found, self.verification.facts.config.name)
                elif self.relay is not None and found.hash in self.relay.carried:
                    where = f"the head of slot {found.slot} ({found.root[:18]}…), brought by {station}"
                    yield self.wallet.settlement(now, found, self.verification.facts.config.name)
                    told = Settled(found.hash, found.status, found.block, found.gas_used)
                    yield from self.relay.settled(now, told, where, encode_order(item))
        if tell.accounts:
            try:
                proved = prove_state(client.optimistic, tell.block, tell.accounts)
            except RemoteProtocolError as error:
                yield self.verification.refused(now, f"accounts from {station}", error)
            else:
                yield from self._sign(now, proved)
                yield from self._look(now, proved, station)

    def _look(self, now: Instant, proved: ProvedState, station: str) -> Iterator[Output | tuple[str, bytes]]:
        """What else this state tells: of what was settled before, and to who watches something on the chain."""
        for undone in self.wallet.undone(now, proved):
            yield (station, undone) if isinstance(undone, bytes) else undone
        age = self.verification.head_age_ns(now)
        if age is None or age > self.following.state_age_ns:
            return
        for watcher in self.watchers:
            if not proved.covers(watcher.wants()):
                continue  # asked for before that was wanted
            for step in watcher.look(now, proved, station):
                if isinstance(step, Call):
                    yield from self.take_order(now, step, station, own=True)
                else:
                    yield step
            if watcher.hurries():
                yield from self.ask(now, station)

    # A transaction that a station calls dropped --------------------------------------------------------------------

    def dropped(self, now: Instant, item: Dropped, told_by: str) -> Iterator[Output]:
        """Believed when a second station says so too: until then its nonce stays used, and others are offered it."""
        if item.hash not in self.wallet.signed or told_by not in self.following.stations:
            return
        known = self._doubted.get(item.hash, ())
        others = {one for one in self.following.stations if one != told_by}
        if any(one.removeprefix("?") != told_by and not one.startswith("?") for one in known) or not others:
            yield from self._trusted(item.hash)
            yield from self.wallet.dropped(now, item, told_by)
            return
        if told_by in known:
            return
        self._doubted[item.hash] = (*(one for one in known if one != "?" + told_by), told_by)
        yield self._doubt(item.hash)
        text = f"{told_by} says that the chain will not take it: {item.text}; another station is asked first"
        why = Why(False, "second-opinion", text[:300])
        yield Record(records.TransactionDoubted(now, self.config.name, item.hash, why))

    def _second_opinion(self, now: Instant, station: str) -> Iterator[Output]:
        for name, known in list(self._doubted.items()):
            raw = self.wallet.raws.get(name, b"")
            if not raw or station in known or "?" + station in known:
                continue
            self._doubted[name] = (*known, "?" + station)
            yield self._doubt(name)
            lifetime_ns = self.config.result_lifetime_ns
            yield from self.agent.submit(now, station, "transactions", raw, "signed transaction", lifetime_ns, 2)

    def _doubt(self, name: str) -> Save:
        return Save(DOUBTED_KEY + name, ",".join(self._doubted[name]).encode())

    def _trusted(self, name: str) -> Iterator[Effect]:
        """No doubt is left about it."""
        if self._doubted.pop(name, None) is not None:
            yield Save(DOUBTED_KEY + name, None)

    def claimed(self, now: Instant, name: str, station: str) -> Iterator[Output]:
        """A station only says that a transaction was mined: not believed here."""
        error = RemoteProtocolError("settlement-proof", "it is said that this was mined, and nothing proves it")
        yield self.verification.refused(now, f"settlement of {name[:10]}… from {station}", error)

    def _sign(self, now: Instant, proved: ProvedState) -> Iterator[Output | tuple[str, bytes]]:
        age = self.verification.head_age_ns(now)
        for name, order in list(self._orders.items()):
            needed = [order.to, order.delegate] if isinstance(order, Call) and order.delegate else [order.to]
            own = self.wallet.wallet.address if self.wallet.wallet is not None else order.to
            if not proved.covers(dict.fromkeys((own, *needed), ())):
                continue  # an order that came after this was asked for
            try:
                assert age is not None, "state is proved under a head"
                require_fresh(age, self.following.state_age_ns)
            except Refused as error:
                why = error.why
                yield self.wallet.refused(
                    now, Why(False, why.rule, f"not yet: {why.text}", why.value, why.limit, why.unit)
                )
                continue
            yield from self._done(name)
            for step in self.wallet.sign(now, order, proved):
                yield (order.reply_to, step) if isinstance(step, bytes) else step

    def _done(self, name: str) -> Iterator[Effect]:
        del self._orders[name]
        yield Save(ORDER_KEY + name, None)
        yield Wake(None, TIMER + name)
