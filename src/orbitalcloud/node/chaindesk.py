"""The satellite's side of the chain that it pays on: asks stations for the head and proofs, believes what holds.

A payment order waits here until balance, nonce and the recipient's code are proved under a head that this satellite's
light client verified; then the wallet signs, or says which rule forbids it. A transaction counts as settled when its
receipt is proved under such a head. Any station may bring any of it, so that one which lies or is silent delays only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orbitalcloud.core import SECOND, Instant, Refused, RemoteProtocolError, Why
from orbitalcloud.core.effects import Effect, Save, Wake
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node.clearance import require_fresh
from orbitalcloud.node.config import FollowingFacts, SatelliteConfig, VerificationFacts
from orbitalcloud.node.evidence import ProvedState, prove_settlement, prove_state
from orbitalcloud.node.orders import (
    AskChain,
    LabelledUpdate,
    Pay,
    Settled,
    TellChain,
    decode_order,
    encode_order,
)
from orbitalcloud.node.relay import RelayDesk
from orbitalcloud.node.trust import VerificationDesk, WalletDesk

ORDER_KEY = "wallet/order/"
STORE_KEY = "light-client/paying"
TIMER = "wallet-order/"
MAX_ORDERS = 8
ASK_AGAIN_NS = 60 * SECOND
ASK_LIFETIME_NS = 600 * SECOND

Output = Effect | Delivered


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
        self._orders: dict[str, Pay] = {}
        self._asked: dict[str, Instant] = {}
        self.relay: RelayDesk | None = None
        """Whose transactions are proved like our own."""
        self._lost = False
        """Silent for longer than can be bridged: that was said, and nobody is asked any more."""

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Output]:
        """The light client and the orders as they were saved; a damaged order is dropped with a Why."""
        yield from self.verification.restore(now, saved)
        for key in sorted(saved):
            if not key.startswith(ORDER_KEY):
                continue
            name = key.removeprefix(ORDER_KEY)
            try:
                self._orders[name] = decode_order(saved[key], Pay)
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
        age = self.verification.head_age_ns(now)
        waits = bool(self._orders or self.wallet.signed or self._others())
        if age is None or not (waits or age > self.following.follow_ns):
            return
        if now - self._asked.get(station, Instant(0)) >= ASK_AGAIN_NS:
            yield from self._ask(now, station)

    def take_order(self, now: Instant, order: Pay, station: str) -> Iterator[Output]:
        """A payment order: refused at once where policy forbids it, else kept until state is proved."""
        try:
            self.wallet.admit(order)
            if len(self._orders) >= MAX_ORDERS:
                raise RemoteProtocolError("orders", f"{MAX_ORDERS} payment orders wait already")
        except Refused as error:
            yield self.wallet.refused(now, error.why)
            return
        name = f"{now}-{len(self._orders)}"
        self._orders[name] = order
        yield Save(ORDER_KEY + name, encode_order(order))
        yield Wake(Instant(now + self.following.patience_ns), TIMER + name)
        yield from self._ask(now, station if station in self.following.stations else order.reply_to)

    def fired(self, now: Instant, timer: str) -> Iterator[Output]:
        """An order has waited long enough: it is refused."""
        name = timer.removeprefix(TIMER)
        if name in self._orders:
            hours = self.following.patience_ns // (3600 * SECOND)
            why = Why(False, "wallet-state", f"no state was proved to sign against in {hours} h")
            yield self.wallet.refused(now, why)
            yield from self._done(name)

    def _ask(self, now: Instant, station: str) -> Iterator[Output]:
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
        wanted: dict[str, None] = {}
        if self._orders and self.wallet.wallet is not None:
            wanted = dict.fromkeys([self.wallet.wallet.address, *(order.to for order in self._orders.values())])
        newest = [*sorted(self.wallet.signed, key=lambda name: -self.wallet.signed[name]), *self._others()][:16]
        ask = AskChain(client.period, client.next_committee_known, tuple(wanted)[:16], tuple(newest))
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
                if found.hash in self.wallet.signed:
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

    def claimed(self, now: Instant, name: str, station: str) -> Iterator[Output]:
        """A station only says that a transaction was mined: not believed here."""
        error = RemoteProtocolError("settlement-proof", "it is said that this was mined, and nothing proves it")
        yield self.verification.refused(now, f"settlement of {name[:10]}… from {station}", error)

    def _sign(self, now: Instant, proved: ProvedState) -> Iterator[Output | tuple[str, bytes]]:
        age = self.verification.head_age_ns(now)
        for name, order in list(self._orders.items()):
            if order.to.lower() not in proved.accounts:
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
