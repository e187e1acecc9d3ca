"""Other people's transactions: handed over on the ground or on board, carried, broadcast wherever that is allowed.

    sender's station ──bundle──► satellite ──each allowed station in view──► chain
    sender's station ◄──bundle── satellite ◄──────────── what became of it ┘

The satellite offers the same signed bytes to every allowed station that it meets, until one says that they are in a
block: a station that is blocked, out, or says no, delays a payment and cannot lose it. It cannot double it either: the
bytes have one hash and one nonce, and a chain executes a nonce once. So what is done is noted after it was done: who
crashes in between does it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.core import Instant, RemoteProtocolError, Why, records
from orbitalcloud.core.effects import Effect, Record, Save
from orbitalcloud.ethereum import transaction_hash
from orbitalcloud.ethereum.outline import outline
from orbitalcloud.network import BundleAgent, Delivered, endpoint
from orbitalcloud.node.config import SatelliteConfig, StationConfig
from orbitalcloud.node.orders import CarryTransaction, Dropped, Outcome, SendTransaction, Settled, encode_order

CARRIED_KEY = "relay/"
DONE_KEY = "relay-done/"
HANDED_KEY = "handed/"
PROOF_KEY = "proof/"
"""At the sender's station: the `orders.Inclusion` by which a satellite believed it."""
MAX_CARRIED = 256
MAX_DONE = 1024

Step = Effect | Delivered


class Carried(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="relay/1"):
    """One transaction on board: for whom, where it must not be broadcast, who has it, and who said no."""

    raw: bytes
    senders: tuple[str, ...]
    forbidden: tuple[str, ...]
    offered: tuple[str, ...] = ()
    refused: dict[Annotated[str, Meta(max_length=200)], str] = {}


@dataclass(slots=True)
class RelayDesk:
    """On a satellite; its state is saved under `relay/…` and `relay-done/…`."""

    config: SatelliteConfig
    agent: BundleAgent
    carried: dict[str, Carried] = field(default_factory=dict)
    done: dict[str, Outcome] = field(default_factory=dict)
    in_view: dict[str, None] = field(default_factory=dict)

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Step]:
        """What was on board before the reboot; contacts are told anew."""
        for key in sorted(saved):
            try:
                if key.startswith(CARRIED_KEY):
                    self.carried[key.removeprefix(CARRIED_KEY)] = msgspec.msgpack.decode(saved[key], type=Carried)
                elif key.startswith(DONE_KEY):
                    self.done[key.removeprefix(DONE_KEY)] = msgspec.msgpack.decode(saved[key], type=Outcome)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield _damaged(now, self.config.name, key, len(saved[key]), str(error))
                yield Save(key, None)
        for name in sorted(self.carried.keys() & self.done.keys()):  # it stopped between the two
            yield from self._conclude(now, name, self.done[name])

    def take(self, now: Instant, order: CarryTransaction) -> Iterator[Step]:
        """A transaction came up, or was handed over on board. The same bytes again are no second transaction."""
        endpoint(order.reply_to)
        name = outline(order.raw).hash
        if name in self.done:
            yield from self._tell(now, order.reply_to, self.done[name])
            return
        known = self.carried.get(name)
        if known is None and len(self.carried) >= MAX_CARRIED:
            raise RemoteProtocolError("relay", f"{MAX_CARRIED} transactions are carried already")
        senders, forbidden = {order.reply_to}, set(order.forbidden)
        if known is not None:
            senders, forbidden = senders | {*known.senders}, forbidden | {*known.forbidden}
        one = known or Carried(order.raw, (), ())
        one = msgspec.structs.replace(one, senders=tuple(sorted(senders)), forbidden=tuple(sorted(forbidden)))
        yield self._keep(name, one)
        if not any(self._allowed(station, one) for station in self.config.jurisdictions):
            text = f"no station may broadcast it: all are in {', '.join(one.forbidden)}"
            yield from self._conclude(now, name, Outcome(name, -1, 0, 0, self.config.name, text))
            return
        for station in sorted(self.in_view):
            yield from self._offer(now, station, name)

    def opened(self, now: Instant, peer: str) -> Iterator[Step]:
        """A contact: offer what its station may broadcast and has not been given."""
        self.in_view[peer] = None
        for name in sorted(self.carried):
            yield from self._offer(now, peer, name)

    def closed(self, peer: str) -> None:
        """The contact is over."""
        self.in_view.pop(peer, None)

    def knows(self, name: str) -> bool:
        """Whether this hash is a transaction that was carried for somebody."""
        return name in self.carried or name in self.done

    def awaited(self) -> list[str]:
        """What a station was given and no block is known to have."""
        return [name for name, one in self.carried.items() if one.offered]

    def settled(self, now: Instant, item: Settled, told_by: str, proof: bytes = b"") -> Iterator[Step]:
        """A block has it, as a station says or a proof shows: its senders are told."""
        if item.hash in self.carried:
            told = Outcome(item.hash, item.status, item.block, item.gas_used, told_by, "", proof)
            yield from self._conclude(now, item.hash, told)

    def dropped(self, now: Instant, item: Dropped, told_by: str) -> Iterator[Step]:
        """One station's chain will not take it: that is final when all allowed ones have said so."""
        one = self.carried.get(item.hash)
        if one is None or not self._allowed(told_by, one):
            return
        one = msgspec.structs.replace(one, refused=one.refused | {told_by: item.text[:300]})
        yield self._keep(item.hash, one)
        if all(name in one.refused for name in self.config.jurisdictions if self._allowed(name, one)):
            text = "; ".join(f"{name}: {why}" for name, why in sorted(one.refused.items()))[:300]
            yield from self._conclude(now, item.hash, Outcome(item.hash, -1, 0, 0, told_by, text))

    def _allowed(self, station: str, one: Carried) -> bool:
        """Whether a station may broadcast it; where it is not known whose law holds, only what is forbidden nowhere."""
        law = self.config.jurisdictions.get(station)
        return law is not None and (not one.forbidden or (law != "" and law not in one.forbidden))

    def _offer(self, now: Instant, station: str, name: str) -> Iterator[Step]:
        one = self.carried[name]
        if station in one.offered or not self._allowed(station, one):
            return
        lifetime_ns = self.config.result_lifetime_ns
        yield from self.agent.submit(now, station, "transactions", one.raw, "transaction of others", lifetime_ns, 2)
        yield self._keep(name, msgspec.structs.replace(one, offered=(*one.offered, station)))

    def _conclude(self, now: Instant, name: str, outcome: Outcome) -> Iterator[Step]:
        senders = self.carried.pop(name).senders
        self.done[name] = outcome
        yield Save(DONE_KEY + name, encode_order(outcome))
        while len(self.done) > MAX_DONE:
            oldest = next(iter(self.done))
            del self.done[oldest]
            yield Save(DONE_KEY + oldest, None)
        for sender in senders:
            yield from self._tell(now, sender, outcome)
        yield Save(CARRIED_KEY + name, None)

    def _tell(self, now: Instant, sender: str, outcome: Outcome) -> Iterator[Step]:
        lifetime_ns = self.config.result_lifetime_ns
        body = encode_order(outcome)
        yield from self.agent.submit(now, sender, "outcomes", body, "what became of a transaction", lifetime_ns, 2)

    def _keep(self, name: str, one: Carried) -> Save:
        self.carried[name] = one
        return Save(CARRIED_KEY + name, msgspec.msgpack.encode(one))


@dataclass(slots=True)
class Counter:
    """At a station: where people hand their transactions over, and hear what became of them."""

    config: StationConfig
    handed: dict[str, int] = field(default_factory=dict)
    """Hash → when it was handed over, of those whose outcome is not known yet."""

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Effect]:
        """Who waits for an answer."""
        for key in sorted(saved):
            if key.startswith(HANDED_KEY) and len(saved[key]) == 8:
                self.handed[key.removeprefix(HANDED_KEY)] = int.from_bytes(saved[key], "big")
            elif key.startswith(HANDED_KEY):
                yield _damaged(now, self.config.name, key, len(saved[key]), "a time has 8 bytes")
                yield Save(key, None)

    def take(self, now: Instant, order: SendTransaction) -> Iterator[Effect | CarryTransaction]:
        """Somebody's signed transaction: noted, and yielded as the order to carry it. Once a hash."""
        name = transaction_hash(order.raw)
        yield handed_over(now, self.config.name, order)
        if name in self.handed:
            return
        yield CarryTransaction(order.raw, self.config.name, order.forbidden)
        self.handed[name] = now
        yield Save(HANDED_KEY + name, now.to_bytes(8, "big"))

    def told(self, now: Instant, item: Outcome, source: str) -> Iterator[Effect]:
        """A satellite says what became of it. Its first word counts; two satellites may carry the same."""
        begun = self.handed.pop(item.hash, None)
        if begun is None:
            return
        yield Save(HANDED_KEY + item.hash, None)
        if item.status >= 0:
            said = "proved under" if item.proof else "as told by"
            why = Why(True, "proof" if item.proof else "claim", f"{said} {item.told_by}, carried by {source}"[:300])
            if item.proof:
                yield Save(PROOF_KEY + item.hash, item.proof)
        else:
            why = Why(False, "chain", f"brought by {source}: {item.text}"[:300])
        yield Record(
            records.TransactionReturned(
                at=now,
                node=self.config.name,
                hash=item.hash,
                status=item.status,
                block=item.block,
                gas_used=item.gas_used,
                delay_ms=(now - begun) // 1_000_000,
                proof_bytes=len(item.proof),
                why=why,
            )
        )


def handed_over(now: Instant, node: str, order: SendTransaction) -> Record:
    """The Log's entry; `RemoteProtocolError` if no account signed it."""
    one = outline(order.raw)
    return Record(
        records.TransactionHanded(
            at=now,
            node=node,
            hash=one.hash,
            sender=one.sender,
            to=one.to,
            value_wei=str(one.value_wei),
            nonce=one.nonce,
            chain_id=one.chain_id,
            forbidden=order.forbidden,
        )
    )


def _damaged(now: Instant, node: str, key: str, size: int, detail: str) -> Record:
    text = f"the saved {key[:60]} is damaged and was dropped: {detail}"
    return Record(
        records.FrameRefused(at=now, node=node, peer="own store", size_bytes=size, check="store", detail=text[:200])
    )
