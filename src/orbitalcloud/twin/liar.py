"""A station that lies: the fault `lying-station`. Everything else that it does is a station's honest work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from orbitalcloud.compute import Artefact
from orbitalcloud.core import Instant
from orbitalcloud.core.effects import Effect
from orbitalcloud.core.events import Event, Finished
from orbitalcloud.ethereum import ChainConfig, list_proof, rlp
from orbitalcloud.ethereum.settlement import WorkReceipt
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node import Satellite, SatelliteConfig, Station, StationConfig
from orbitalcloud.node.config import SettlementFacts
from orbitalcloud.node.courier import Courier
from orbitalcloud.node.orders import AccountProof, Inclusion, TellChain
from orbitalcloud.node.trust import WalletDesk
from orbitalcloud.node.work_orders import Swear
from orbitalcloud.node.worker import AGAIN, Judging, WorkerDesk


@dataclass(frozen=True, slots=True)
class Lie:
    """Which lie is told, from when until when."""

    kind: str
    begins: Instant
    ends: Instant


class LyingCourier(Courier):
    """Forges what goes up while one of its lies holds."""

    def __init__(self, agent: BundleAgent, chain: ChainConfig) -> None:
        super().__init__(agent, chain)
        self.lie = ""

    def tell(self, satellite: str, tell: TellChain) -> TellChain:
        """What goes up, forged."""
        return forged(tell, self.lie)


class LyingStation(Station):
    """A station whose courier lies at times."""

    def __init__(self, config: StationConfig, lies: tuple[Lie, ...]) -> None:
        self.lies = lies
        super().__init__(config)

    def _courier(self) -> Courier:
        assert self.config.beacon is not None, "the mission's checks ask for a chain that can be followed"
        return LyingCourier(self.agent, self.config.beacon)

    def _answered(self, now: Instant, frame: bytes) -> Iterator[Effect]:
        lie = next((one.kind for one in self.lies if one.begins <= now < one.ends), "")
        assert isinstance(self.courier, LyingCourier), "made above"
        self.courier.lie = lie
        yield from super()._answered(now, frame)


class LyingWorker(WorkerDesk):
    """A settlement desk without a conscience: it forgets what it signed, and does not run what it judges."""

    __slots__ = ("lie",)

    def __init__(self, node: str, facts: SettlementFacts, wallet: WalletDesk, agent: BundleAgent, life_ns: int) -> None:
        super().__init__(node, facts, wallet, agent, life_ns)
        self.lie = ""

    def _oaths(self, now: Instant, order: Swear, works: list[WorkReceipt], slot: int) -> Iterator[Effect | Delivered]:
        yield from super()._oaths(now, order, works, slot)
        if self.lie != "two-results":
            return
        honest, self.signed = self.signed, {}
        other = [replace(work, output=keccak256(work.output)) for work in works]
        yield from super()._oaths(now, order, other, slot)
        self.signed = honest

    def _run(self, now: Instant, one: Judging) -> Iterator[Effect | Delivered]:
        if self.lie != "co-signs-anything":
            yield from super()._run(now, one)
            return
        work = one.order.work
        yield from self._found(now, f"{work.job.hex()}-{work.number}", work.output)


class LyingSatellite(Satellite):
    """A satellite whose software was turned: all else that it does is honest work."""

    def __init__(self, config: SatelliteConfig, artefacts: Mapping[str, Artefact], lies: tuple[Lie, ...]) -> None:
        self.lies = lies
        super().__init__(config, artefacts)

    def _worker(self, facts: SettlementFacts, wallet: WalletDesk) -> WorkerDesk:
        return LyingWorker(self.name, facts, wallet, self.agent, self.config.result_lifetime_ns)

    def handle(self, now: Instant, event: Event) -> Iterator[Effect]:
        """As of every satellite, with the lie of the hour."""
        lie = next((one.kind for one in self.lies if one.begins <= now < one.ends), "")
        if isinstance(self.work, LyingWorker):
            self.work.lie = lie
        bends = isinstance(event, Finished) and event.output is not None and AGAIN not in event.run
        if lie == "wrong-result" and isinstance(event, Finished) and bends:
            event = msgspec.structs.replace(event, output=bytes(255 - byte for byte in event.output or b""))
        yield from super().handle(now, event)


def forged(tell: TellChain, lie: str) -> TellChain:
    """The same, with the lie in it where there is something to lie about."""
    match lie:
        case "unproved":
            bare = tuple(
                msgspec.structs.replace(one, headers=(), transaction=(), receipt=()) for one in tell.inclusions
            )
            return msgspec.structs.replace(tell, inclusions=bare)
        case "status":
            return msgspec.structs.replace(tell, inclusions=tuple(map(_turned, tell.inclusions)))
        case "other-receipt":
            return msgspec.structs.replace(tell, inclusions=tuple(map(_renamed, tell.inclusions)))
        case "stale-head":
            return msgspec.structs.replace(tell, updates=())
        case "balance":
            return msgspec.structs.replace(tell, accounts=tuple(map(_richer, tell.accounts)))
    return tell


def _turned(item: Inclusion) -> Inclusion:
    """The receipt with the other status, in a trie that is right but for that."""
    leaf = rlp.read_list(rlp.decode(item.receipt[-1]), "a leaf")
    raw = rlp.read_bytes(leaf[-1], "a receipt")
    fields = rlp.read_list(rlp.decode(raw[1:] if raw[0] < 0x80 else raw), "a receipt")
    fields[0] = b"" if fields[0] else b"\x01"
    again = raw[:1] * (raw[0] < 0x80) + rlp.encode(fields)
    return msgspec.structs.replace(item, receipt=(*item.receipt[:-1], rlp.encode([*leaf[:-1], again])))


def _renamed(item: Inclusion) -> Inclusion:
    """A proof that is right, of a transaction that nobody waits for: an invented one in an invented block."""
    other = b"\x02" + rlp.encode([b"another"])
    return msgspec.structs.replace(item, transaction=tuple(list_proof([other], 0)))


def _richer(proof: AccountProof) -> AccountProof:
    leaf = rlp.read_list(rlp.decode(proof.nodes[-1]), "a leaf")
    fields = rlp.read_list(rlp.decode(rlp.read_bytes(leaf[-1], "an account")), "an account")
    fields[1] = rlp.integer(10**24)
    return msgspec.structs.replace(proof, nodes=(*proof.nodes[:-1], rlp.encode([*leaf[:-1], rlp.encode(fields)])))
