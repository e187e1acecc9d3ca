"""A satellite's software: readings in, work done, results down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orbitalcloud.compute import Artefact, decode_request
from orbitalcloud.core import Contact, Instant, RemoteProtocolError, Why, records
from orbitalcloud.core.effects import Draw, Effect, Record
from orbitalcloud.core.events import (
    ALL_POWERED,
    Commanded,
    ContactClosed,
    ContactOpened,
    Finished,
    Readings,
    Sensed,
    Started,
)
from orbitalcloud.network import Delivered, endpoint
from orbitalcloud.node.base import Node
from orbitalcloud.node.chaindesk import TIMER as ORDER_TIMER
from orbitalcloud.node.chaindesk import ChainDesk
from orbitalcloud.node.config import SatelliteConfig, SettlementFacts
from orbitalcloud.node.cosigning import CoSignDesk
from orbitalcloud.node.governor import Governor
from orbitalcloud.node.jobdesk import TIMER, JobDesk, submission
from orbitalcloud.node.noticedesk import NoticeDesk, Offer
from orbitalcloud.node.orders import (
    CarryTransaction,
    Dropped,
    LabelledUpdate,
    SendTransaction,
    Settled,
    Spending,
    SubmitJob,
    WipeWallet,
    decode_order,
    decode_spending,
)
from orbitalcloud.node.purse_orders import CoSign, Veto
from orbitalcloud.node.relay import RelayDesk, handed_over
from orbitalcloud.node.trust import VerificationDesk, WalletDesk
from orbitalcloud.node.work_orders import Judge, Paid, Swear
from orbitalcloud.node.worker import TIMER as JUDGE_TIMER
from orbitalcloud.node.worker import WorkerDesk

ON_CHAIN = frozenset({"co-sign", "veto", "swear", "judge", "paid"})
"""Services of the purse's and the settlement's desks."""

PLATFORM = "platform"
RADIO = "radio"


class Satellite(Node):
    """Bundle agent, job desk, Governor, verification node and wallet under one `handle`.

    `artefacts` are the models and modules loaded before launch, by digest.
    """

    def __init__(self, config: SatelliteConfig, artefacts: Mapping[str, Artefact]) -> None:
        super().__init__(config.name, config.plan, config.network)
        self.config = config
        if config.notices is not None:
            self.notices = NoticeDesk(config.name, config.notices, self.agent)
        held = {digest: artefacts[digest] for digest in sorted(config.artefacts)}
        self.jobs = JobDesk(config, self.agent, held, Governor(config.governor))
        self.verification: VerificationDesk | None = None
        if config.verification is not None:
            uplink = config.uplink_uj_per_byte
            self.verification = VerificationDesk(config.name, config.verification, uplink_uj_per_byte=uplink)
        self.wallet = WalletDesk(config) if config.chain_ids else None
        self.relay = RelayDesk(config, self.agent) if config.jurisdictions else None
        self.chain: ChainDesk | None = None
        if self.wallet is not None and config.paying is not None and config.following is not None:
            self.chain = ChainDesk(config, self.agent, self.wallet, config.paying, config.following)
            self.chain.relay = self.relay
        self.purse: CoSignDesk | None = None
        self.work: WorkerDesk | None = None
        if self.chain is not None and self.wallet is not None and self.chain.following.verified_state:
            if config.purse is not None:
                self.purse = CoSignDesk(config.name, config.purse, self.wallet)
                self.chain.watchers.append(self.purse)
            if config.settlement is not None:
                self.work = self._worker(config.settlement, self.wallet)
                self.chain.watchers.append(self.work)
        self._open: list[Contact] = []

    def _worker(self, facts: SettlementFacts, wallet: WalletDesk) -> WorkerDesk:
        return WorkerDesk(self.name, facts, wallet, self.agent, self.config.result_lifetime_ns)

    def _restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        saved = event.saved
        yield Draw(PLATFORM, self.config.platform_mw)
        yield Draw(RADIO, 0)
        if self.wallet is not None:
            yield from self.wallet.restore(now, event)
        if self.verification is not None:
            yield from self.verification.restore(now, saved)
        if self.relay is not None:
            yield from self._network(now, self.relay.restore(now, saved))
        if self.chain is not None:
            yield from self._network(now, self.chain.restore(now, saved))
        if self.purse is not None:
            yield from self.purse.restore(now, saved)
        if self.work is not None:
            yield from self._network(now, self.work.restore(now, saved))
        yield from self.jobs.restore(now, saved, self._private)

    def unlock(self, saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> None:
        """As of every node; the job desk's key and the wallet too."""
        super().unlock(saved, device_keys)
        self.jobs.private = self._private
        if self.wallet is not None:
            self.wallet.unlock(saved, device_keys)

    def _sensed(self, now: Instant, event: Sensed) -> Iterator[Effect]:
        seen = event.readings
        yield Record(
            records.Telemetry(
                at=now,
                node=self.name,
                charge_ppm=seen.charge_ppm,
                generated_mw=seen.generated_mw,
                load_mw=seen.load_mw,
                sunlit_ppm=seen.sunlit_ppm,
                temperatures_mk=seen.temperatures_mk,
                latitude_udeg=seen.latitude_udeg,
                longitude_udeg=seen.longitude_udeg,
                height_m=seen.height_m,
                dose_urad=seen.dose_urad,
            )
        )
        yield from self._mode(now, seen)
        yield from self._settled(now, self.jobs.sensed(now, seen))

    def _mode(self, now: Instant, seen: Readings) -> Iterator[Effect]:
        """Safe mode below a charge, or when the bus has cut something off; out of it well above, with everything on."""
        below, above = self.config.safe_below_ppm, self.config.safe_above_ppm
        charge, cut = seen.charge_ppm, seen.powered < ALL_POWERED
        if self._silent and not cut and charge >= above:
            text = f"the battery is at {charge / 1e4:.1f} %, safe mode ends at {above / 1e4:.1f} %"
            yield from self._wake_up(now, Why(True, "charge", text, charge, above, "ppm"))
        elif not self._silent and (cut or charge < below):
            text = f"the battery is at {charge / 1e4:.1f} %, safe mode begins below {below / 1e4:.1f} %"
            why = Why(False, "safe-mode", text, charge, below, "ppm")
            if cut:
                text = f"the bus has switched loads off, the battery is at {charge / 1e4:.1f} %"
                why = Why(False, "safe-mode", text, seen.powered, ALL_POWERED, "class")
            yield from self._safe(now, why)

    def _safe(self, now: Instant, why: Why) -> Iterator[Effect]:
        """Platform on its least power, no jobs, no transmitter but the beacon's; receivers stay on."""
        yield Record(records.SafeMode(at=now, node=self.name, severity="warning", active=True, why=why))
        for contact in self._open:
            yield from self._network(now, self.agent.closed(now, contact))
        self._silent = True
        yield from self.jobs.power(why)
        yield Draw(PLATFORM, self.config.safe_mw)
        yield Draw(RADIO, 0)

    def _wake_up(self, now: Instant, why: Why) -> Iterator[Effect]:
        self._silent = False
        yield from self.jobs.power(None)
        yield Record(records.SafeMode(at=now, node=self.name, severity="activity", active=False, why=why))
        yield Draw(PLATFORM, self.config.platform_mw)
        if self._open:
            yield Draw(RADIO, self._radio_mw())
        for contact in self._open:
            yield from self._network(now, self.agent.opened(now, contact))

    def _offer(self, now: Instant) -> Offer:
        """Accelerator, queue, charge and the energy to come, as the job desk knows them."""
        return self.jobs.offer(now)

    def _fired(self, now: Instant, timer: str) -> Iterator[Effect]:
        if timer == TIMER:
            yield from self._settled(now, self.jobs.consider(now))
        elif timer.startswith(JUDGE_TIMER) and self.work is not None:
            yield from self._settled(now, self._network(now, self.work.fired(now, timer)))
        elif timer.startswith(ORDER_TIMER) and self.chain is not None:
            yield from self._network(now, self.chain.fired(now, timer))

    def _finished(self, now: Instant, event: Finished) -> Iterator[Effect]:
        yield from self._settled(now, self.jobs.finished(now, event))

    def _settled(self, now: Instant, effects: Iterator[Effect]) -> Iterator[Effect]:
        """What the job desk does, the settlement's desk looking on; then what that one wants executed."""
        if self.work is None:
            yield from effects
            return
        for effect in effects:
            yield effect
            if not isinstance(effect, Record):
                continue
            match effect.entry:
                case records.ReceiptSigned(receipt=text):
                    yield from self._network(now, self.work.did(now, text))
                case records.JobRefused(job=job) | records.JobFailed(job=job):
                    yield from self.work.failed(now, job)
        for raw in self.work.take_runs():
            request = decode_request(raw)
            yield submission(now, self.name, self.name, request)
            yield from self._settled(now, self.jobs.take(now, request))

    def _opened(self, now: Instant, event: ContactOpened) -> Iterator[Effect]:
        before = self._radio_mw()
        self._open.append(event.contact)
        if self._radio_mw() != before:
            yield Draw(RADIO, self._radio_mw())
        if self.relay is not None:
            yield from self._network(now, self.relay.opened(now, event.contact.receiver))
        if self.chain is not None:
            yield from self._network(now, self.chain.opened(now, event.contact.receiver))

    def _closed(self, now: Instant, event: ContactClosed) -> Iterator[Effect]:
        before = self._radio_mw()
        known = next((one for one in self._open if one.receiver == event.contact.receiver), None)
        if known is not None:
            self._open.remove(known)
        if self.relay is not None:
            self.relay.closed(event.contact.receiver)
        if self._radio_mw() != before:
            yield Draw(RADIO, self._radio_mw())

    def _radio_mw(self) -> int:
        """What the open contacts take: the radio to the ground once, and each terminal to another satellite; nothing in
        safe mode."""
        if self._silent:
            return 0
        terminals, peers = self.config.terminals_mw, {contact.receiver for contact in self._open}
        ground = self.config.radio_mw if any(peer not in terminals for peer in peers) else 0
        return ground + sum(terminals[peer] for peer in sorted(peers) if peer in terminals)

    def _commanded(self, now: Instant, event: Commanded) -> Iterator[Effect]:
        match event.verb:
            case "submit-job":
                order = decode_order(event.body, SubmitJob)
                request = decode_request(order.request)
                yield submission(now, self.name, self.name, request)
                yield from self.jobs.take(now, request)
            case "wipe-wallet" if self.wallet is not None:
                yield from self.wallet.wipe(now, decode_order(event.body, WipeWallet))
            case "send-transaction" if self.relay is not None:
                handed = decode_order(event.body, SendTransaction)
                yield handed_over(now, self.name, handed)
                carried = CarryTransaction(handed.raw, handed.target, handed.forbidden)
                yield from self._network(now, self.relay.take(now, carried))
            case verb:
                raise RemoteProtocolError("order-verb", f"a satellite has no verb {verb!r}")

    def _delivered(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        if item.service in ON_CHAIN and self.chain is not None:
            yield from self._settles(now, self.chain, item)
            return
        if self.relay is not None and item.service in ("carry", "settled", "dropped"):
            handled = self._relayed(now, self.relay, item)
            if handled is not None:
                yield from self._network(now, handled)
                return
        match item.service:
            case "jobs":
                yield from self.jobs.take(now, decode_request(item.payload))
            case "light-client" if self.verification is not None:
                yield from self.verification.take(now, decode_order(item.payload, LabelledUpdate))
            case "payments" if self.wallet is not None:
                yield from self._pay(now, decode_spending(item.payload), item.source)
            case "wipe-wallet" if self.wallet is not None:
                yield from self.wallet.wipe(now, decode_order(item.payload, WipeWallet))
            case "chain" if self.chain is not None:
                yield from self._settled(now, self._told(now, self.chain, item))
            case "dropped" if self.chain is not None and self.chain.following.verified_state:
                told = self.chain.dropped(now, decode_order(item.payload, Dropped), item.source)
                yield from self._network(now, told)
            case "dropped" if self.wallet is not None:
                yield from self.wallet.dropped(now, decode_order(item.payload, Dropped), item.source)
            case "settled" if self.chain is not None:
                claim = decode_order(item.payload, Settled)
                yield from self._network(now, self.chain.claimed(now, claim.hash, item.source))
            case "settled" if self.wallet is not None:
                yield from self.wallet.settled(now, decode_order(item.payload, Settled), item.source)
            case _:
                raise RemoteProtocolError("service", f"{self.name} has no service {item.service!r}")

    def _told(self, now: Instant, chain: ChainDesk, item: Delivered) -> Iterator[Effect]:
        for step in chain.told(now, item.payload, item.source):
            if isinstance(step, tuple):
                yield from self._send(now, *step)
            else:
                yield from self._network(now, [step])

    def _settles(self, now: Instant, chain: ChainDesk, item: Delivered) -> Iterator[Effect]:
        """Orders of the purse and of the settlement office: taken, and looked up while there is contact."""
        match item.service:
            case "co-sign" if self.purse is not None:
                steps: Iterator[Effect | Delivered] = self.purse.take(now, decode_order(item.payload, CoSign))
            case "veto" if self.purse is not None:
                steps = self.purse.take_veto(now, decode_order(item.payload, Veto))
            case "swear" if self.work is not None:
                steps = self.work.asked(now, decode_order(item.payload, Swear), item.source)
            case "judge" if self.work is not None:
                steps = self.work.judge(now, decode_order(item.payload, Judge), item.source)
            case "paid" if self.work is not None:
                steps = self.work.paid(now, decode_order(item.payload, Paid), item.source)
            case _:
                raise RemoteProtocolError("service", f"{self.name} has no service {item.service!r}")
        yield from self._network(now, steps)
        if any(one.waits() for one in chain.watchers) and item.source in chain.following.stations:
            yield from self._network(now, chain.ask(now, item.source))

    def _relayed(self, now: Instant, relay: RelayDesk, item: Delivered) -> Iterator[Effect | Delivered] | None:
        """What the relay desk does with it; None where it is the wallet's."""
        if item.service == "carry":
            return relay.take(now, decode_order(item.payload, CarryTransaction))
        if item.service == "settled":
            settled = decode_order(item.payload, Settled)
            believed = self.chain is None and relay.knows(settled.hash)  # a chain that can be followed proves it
            return relay.settled(now, settled, item.source) if believed else None
        dropped = decode_order(item.payload, Dropped)
        return relay.dropped(now, dropped, item.source) if relay.knows(dropped.hash) else None

    def _pay(self, now: Instant, order: Spending, station: str) -> Iterator[Effect]:
        assert self.wallet is not None, "the caller checked"
        endpoint(order.reply_to)  # refused here if no node can have that name, before anything is signed
        if order.reply_to == self.name:
            raise RemoteProtocolError("reply-to", f"{self.name} has no chain to send it to")
        if self.chain is not None and self.chain.following.verified_state:
            yield from self._network(now, self.chain.take_order(now, order, station))
            return
        for step in self.wallet.sign(now, order):
            if isinstance(step, bytes):
                yield from self._send(now, order.reply_to, step)
            else:
                yield step

    def _send(self, now: Instant, station: str, raw: bytes) -> Iterator[Effect]:
        """A signed transaction on its way to the station that hands it to the chain."""
        lifetime_ns = self.config.result_lifetime_ns
        sent = self.agent.submit(now, station, "transactions", raw, "signed transaction", lifetime_ns, 2)
        yield from self._network(now, sent)
