"""A satellite's side of settlement: a stake, receipts sworn to, others' work judged, and its own payment proved.

    registered ─► executes ─► asked to swear ─► escrow proved ─► signs receipts and batch
    asked to judge ─► batch and own stake proved ─► drawn by the lot? ─► executes again ─► verdict
    told of a payment ─► job and credit proved ─► withdraws into its own wallet

The satellite is its own operator: its wallet locks the stake and is paid. What an office says is looked up in the
contracts' storage, proved under the head that the light client verified, before anything is signed; what would be a
second answer to one question is refused (`workdesk`). A `chaindesk.Watcher`; its state is saved under `work/…` (what
was signed) and `settle/…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from orbitalcloud.compute import decode_request, encode_request, parse_receipt
from orbitalcloud.core import HOUR, SECOND, DataError, Instant, Refused, RemoteProtocolError, Why, records
from orbitalcloud.core.effects import Effect, Record, Save, Wake
from orbitalcloud.ethereum.contracts import REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.layout import (
    OPEN,
    PAID,
    address_of,
    batch_slots,
    claim_slots,
    credit_slot,
    job_slots,
    node_slots,
)
from orbitalcloud.ethereum.lot import MAX_DOUBLINGS, Lot
from orbitalcloud.ethereum.settlement import Batch, WorkReceipt, proves, registration_content
from orbitalcloud.ethereum.typed_data import Domain
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node.clearance import account, refusal
from orbitalcloud.node.config import SettlementFacts
from orbitalcloud.node.evidence import ProvedState
from orbitalcloud.node.orders import Call, decode_order, encode_order
from orbitalcloud.node.purse_orders import signature_of
from orbitalcloud.node.trust import WalletDesk
from orbitalcloud.node.work_orders import Found, Judge, Oath, Paid, Swear, Sworn, Work
from orbitalcloud.node.workdesk import WORK_KEY, SignedWork, WorkDesk, digest_bytes, work_receipt

TIMER = "judge/"
RECEIPT_KEY, SWEAR_KEY, JUDGE_KEY, PAID_KEY = "settle/receipt/", "settle/swear/", "settle/judge/", "settle/paid/"
DONE_KEY, ASKED_KEY = "settle/registered", "settle/registering"
REGISTER_AGAIN_NS = 6 * HOUR
AGAIN = "~"
"""Between a job's name and the verifier's, in the name of the run that judges it."""
MAX_KEPT = 256
MAX_WAITING = 16
AT_ONCE = 3
PAID_AT_ONCE = 2
"""Escrows and batches, and payments, that one question to the chain asks about: 3 × (8 + 4) + 2 × 13 + 1 = 63 slots of
the settlement's, of the 64 that a question may have."""
LEAST_QUORUM = 1
"""Co-signatures of an escrow that is worked for. One more than them refutes: with none, a customer and one verifier of
its own could have honest work for nothing, and the executor slashed."""
MAX_FEE_WEI, TIP_WEI = 20 * 10**9, 10**9
REGISTER_GAS, WITHDRAW_GAS = 200_000, 100_000

Step = Effect | Delivered | Call
Output = Effect | Delivered


class Judging(msgspec.Struct, array_like=True, tag="judging/1"):
    """A judgement in progress: what was asked, and whether the lot's state is proved and the run has begun."""

    order: Judge
    source: str
    mix: bytes = b""
    posted: int = 0
    serving: str = "0"
    stake: str = "0"
    slot: int = -1
    running: bool = False


@dataclass(slots=True)
class WorkerDesk:
    """One satellite's; `office` is the one station that settles for it."""

    node: str
    facts: SettlementFacts
    wallet: WalletDesk
    agent: BundleAgent
    lifetime_ns: int
    signed: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, bytes] = field(default_factory=dict)
    """What was executed here: the receipts' JSON."""
    swears: dict[str, Swear] = field(default_factory=dict)
    judging: dict[str, Judging] = field(default_factory=dict)
    unpaid: dict[str, Paid] = field(default_factory=dict)
    starting: list[bytes] = field(default_factory=list)
    registered: bool = False
    register_at: int = 0
    """When the registration was last sent: one that is not proved is sent again after `REGISTER_AGAIN_NS`."""
    withdrawing: int = 0
    """Credit that the last call withdraws, made at `withdrawn_at`: the same credit soon after is that one still."""
    withdrawn_at: int = 0

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Output]:
        """Everything that was begun before the reboot; what is damaged is dropped with a Why."""
        self.signed = {key: value for key, value in saved.items() if key.startswith(WORK_KEY)}
        self.registered = DONE_KEY in saved
        self.register_at = int.from_bytes(saved.get(ASKED_KEY, b""), "big")
        for key in sorted(saved):
            try:
                if key.startswith(RECEIPT_KEY):
                    parse_receipt(saved[key])
                    self.receipts[key.removeprefix(RECEIPT_KEY)] = saved[key]
                elif key.startswith(SWEAR_KEY):
                    self.swears[key.removeprefix(SWEAR_KEY)] = decode_order(saved[key], Swear)
                elif key.startswith(PAID_KEY):
                    self.unpaid[key.removeprefix(PAID_KEY)] = decode_order(saved[key], Paid)
                elif key.startswith(JUDGE_KEY):
                    one = msgspec.msgpack.decode(saved[key], type=Judging)
                    self.judging[key.removeprefix(JUDGE_KEY)] = one
                    if one.slot >= 0 and not one.running:
                        yield Wake(now, TIMER + key.removeprefix(JUDGE_KEY))
            except (RemoteProtocolError, DataError, msgspec.DecodeError, UnicodeDecodeError) as error:
                yield self._said(now, "", b"", "refused", Why(False, "work-store", f"{key[:60]}: {error}"[:300]))
                yield Save(key, None)

    # What comes in ---------------------------------------------------------------------------------------------------

    def did(self, now: Instant, text: str) -> Iterator[Output]:
        """This satellite executed something: kept to be sworn to, or the judgement of another's work."""
        receipt = parse_receipt(text.encode())
        if AGAIN in receipt.job:
            name = next((name for name, one in self.judging.items() if _run_of(one, self.node) == receipt.job), None)
            if name is not None:
                yield from self._found(now, name, digest_bytes(receipt.output))
            return
        self.receipts[receipt.job] = text.encode()
        yield Save(RECEIPT_KEY + receipt.job, text.encode())
        while len(self.receipts) > MAX_KEPT:
            oldest = next(iter(self.receipts))
            del self.receipts[oldest]
            yield Save(RECEIPT_KEY + oldest, None)

    def asked(self, now: Instant, order: Swear, source: str) -> Iterator[Output]:
        """The office asks for a batch: kept until the escrows are proved."""
        self._require_office(source)
        name = str(order.number)
        if len(self.swears) < MAX_WAITING:
            self.swears[name] = order
            yield Save(SWEAR_KEY + name, encode_order(order))

    def judge(self, now: Instant, order: Judge, source: str) -> Iterator[Output]:
        """The office asks for a judgement: kept until the lot's chance and stakes are proved."""
        self._require_office(source)
        self._require_office(source)
        job, work = decode_request(order.request).job, order.work
        if (digest_bytes(job.artefact), digest_bytes(job.input)) != (work.code, work.input):
            raise RemoteProtocolError("work-request", "this is not the job that the receipt is of")
        name = f"{order.work.job.hex()}-{order.work.number}"
        if name not in self.judging and len(self.judging) < MAX_WAITING and not self._judged(order.work.receipt):
            self.judging[name] = Judging(order, source)
            yield self._keep(name)

    def paid(self, now: Instant, order: Paid, source: str) -> Iterator[Output]:
        """The office says that this satellite was paid: looked up."""
        self._require_office(source)
        if len(self.unpaid) < MAX_WAITING:
            self.unpaid[order.escrow.hex()] = order
            yield Save(PAID_KEY + order.escrow.hex(), encode_order(order))

    def _require_office(self, source: str) -> None:
        if source != self.facts.office:
            raise RemoteProtocolError("work-office", f"{source} is not the office of this satellite")

    # Watching the chain ----------------------------------------------------------------------------------------------

    def waits(self) -> bool:
        """Whether anything is to be looked up; not without a wallet, which may have been wiped."""
        if self.wallet.wallet is None:
            return False
        judged = any(one.slot < 0 for one in self.judging.values())
        return not self.registered or bool(self.swears or judged or self.unpaid)

    def hurries(self) -> bool:
        return False

    def wants(self) -> dict[str, tuple[int, ...]]:
        """The contracts' code, this node's stake, and the escrows, batches and credit that something waits for."""
        if self.wallet.wallet is None or not self.waits():
            return {}
        own, slots = self.wallet.wallet.address, list[int]()
        for task in self._tasks():
            slots += job_slots(task)
        for one in self._unproved():
            slots += batch_slots(one.order.work.executor, one.order.work.number)
        for paid in list(self.unpaid.values())[:PAID_AT_ONCE]:
            slots += [*_paid_slots(paid.escrow), credit_slot(own)]
        return {
            self.facts.registry.lower(): node_slots(own),
            self.facts.settlement.lower(): tuple(dict.fromkeys(slots)),
        }

    def _tasks(self) -> list[bytes]:
        """Escrows to look up: of the first batch that was asked for, as many as one question holds."""
        first = next(iter(self.swears.values()), None)
        return [] if first is None else [task.escrow for task in first.tasks[:AT_ONCE]]

    def _unproved(self) -> list[Judging]:
        return [one for one in self.judging.values() if one.slot < 0][:AT_ONCE]

    def look(self, now: Instant, proved: ProvedState, station: str) -> Iterator[Step]:
        """Go on with everything that this state proves."""
        facts, wallet = self.facts, self.wallet.wallet
        if wallet is None or not self.waits():
            return
        for place, code in ((facts.registry, facts.registry_code), (facts.settlement, facts.settlement_code)):
            if "0x" + account(proved, place).code_hash.hex() != code:
                text = f"{place} does not hold the code that this satellite was built for"
                yield self._said(now, "", b"", "refused", Why(False, "work-code", text), slot=proved.slot)
                return
        operator, stake, since, leaves = proved.words(facts.registry, node_slots(wallet.address))
        yield from self._register(now, address_of(operator), stake, proved.slot)
        for one in self._unproved():
            serves = stake if operator and not leaves else 0
            yield from self._draw(now, one, proved, serves, since)
        if self.swears:
            name = next(iter(self.swears))
            order = self.swears.pop(name)
            yield Save(SWEAR_KEY + name, None)
            yield from self._swear(now, order, proved)
        yield from self._credited(now, proved)

    def _register(self, now: Instant, operator: str, stake: int, slot: int) -> Iterator[Step]:
        """Lock the stake, once; registered is what the registry is proved to say."""
        facts, wallet = self.facts, self.wallet.wallet
        assert wallet is not None, "the caller looked"
        if self.registered:
            return
        if operator == wallet.address.lower():
            self.registered = True
            yield Save(DONE_KEY, b"")
            why = Why(True, "registry", "its stake is proved to lie in the registry")
            yield self._said(now, "", b"", "registered", why, who=wallet.address, wei=stake, slot=slot)
        elif not self.register_at or now - self.register_at >= REGISTER_AGAIN_NS:
            self.register_at = now
            yield Save(ASKED_KEY, now.to_bytes(8, "big"))
            domain = Domain(facts.chain_id, facts.registry)
            consent = wallet.sign_typed(domain, registration_content(wallet.address))
            data = REGISTRY.call("register", wallet.address, *consent)
            yield self._call(facts.registry, facts.stake_wei, REGISTER_GAS, data)

    # Swearing --------------------------------------------------------------------------------------------------------

    def _swear(self, now: Instant, order: Swear, proved: ProvedState) -> Iterator[Step]:
        works = []
        for task in order.tasks[:AT_ONCE]:
            try:
                works.append(self._work(now, task.job, task.escrow, order.number, proved))
            except (Refused, DataError) as error:
                why = error.why if isinstance(error, Refused) else Why(False, "work-receipt", str(error)[:300])
                yield self._said(now, task.job, task.escrow, "refused", why, slot=proved.slot)
        if works:
            yield from self._oaths(now, order, works, proved.slot)
        if len(order.tasks) > AT_ONCE:  # what a question holds; the office asks again for the rest, in another batch
            rest = Why(False, "work-batch", f"{AT_ONCE} receipts a batch: ask again for the others")
            yield self._said(now, order.tasks[AT_ONCE].job, b"", "refused", rest)

    def _work(self, now: Instant, job: str, escrow: bytes, number: int, proved: ProvedState) -> WorkReceipt:
        """The receipt to swear to, of a job that waits for it in escrow; `Refused` otherwise."""
        wallet = self.wallet.wallet
        assert wallet is not None, "the caller looked"
        if job not in self.receipts:
            raise refusal("work-unknown", f"{job} was not executed here")
        work = work_receipt(parse_receipt(self.receipts[job]), escrow, wallet.address, number)
        _, code, data, price, _, quorum, deadline, state = proved.words(self.facts.settlement, job_slots(escrow))
        if state != OPEN or deadline * SECOND <= now:
            raise refusal("work-escrow", f"no open escrow of that name is proved (state {state})")
        if (code, data) != (int.from_bytes(work.code, "big"), int.from_bytes(work.input, "big")):
            raise refusal("work-escrow", "the escrow is of another code or input")
        if price < self.facts.least_price_wei:
            raise refusal("work-price", f"{price} wei, at least {self.facts.least_price_wei} are asked")
        if quorum < LEAST_QUORUM:
            raise refusal("work-quorum", "no co-signature is asked: one verifier alone could refute it")
        return work

    def _oaths(self, now: Instant, order: Swear, works: list[WorkReceipt], slot: int) -> Iterator[Output]:
        desk, batch, oaths = self._desk(), Batch(works), []
        try:
            for work in works:
                for step in desk.receipt(work):
                    if isinstance(step, SignedWork):
                        oaths.append(Oath(Work.of(work), signature_of(step.signature)))
                    else:
                        yield step
            for step in desk.batch(batch):
                if isinstance(step, SignedWork):
                    body = Sworn(order.number, tuple(oaths), batch.root, signature_of(step.signature))
                else:
                    yield step
        except Refused as error:
            yield self._said(now, order.tasks[0].job, works[0].job, "refused", error.why, slot=slot)
            return
        names = {task.escrow: task.job for task in order.tasks}
        for work in works:
            why = Why(True, "work", f"output sha256:{work.output.hex()}, batch {order.number}")
            yield self._said(now, names[work.job], work.job, "sworn", why, who=work.executor, slot=slot)
        yield from self._tell("sworn", encode_order(body), now)

    def _desk(self) -> WorkDesk:
        """The desk that signs: with the wallet for as long as that takes, and with what was signed before."""
        assert self.wallet.wallet is not None, "the callers looked"
        return WorkDesk(Domain(self.facts.chain_id, self.facts.settlement), self.wallet.wallet, self.signed)

    # Judging ---------------------------------------------------------------------------------------------------------

    def _draw(self, now: Instant, one: Judging, proved: ProvedState, stake: int, since: int) -> Iterator[Step]:
        """The posted batch is looked at: is the receipt under its root, and does its lot draw this satellite?"""
        order, work = one.order, one.order.work.receipt
        name = f"{work.job.hex()}-{work.number}"
        root, mix, posted, serving = proved.words(self.facts.settlement, batch_slots(work.executor, work.number))
        if not posted:
            return  # its block is not below our head yet: asked again
        if not proves(work, order.proof, root.to_bytes(32, "big")):
            text = "the receipt is not under the root that is proved to be posted"
            yield from self._over(now, name, "refused", Why(False, "work-root", text), proved.slot)
        elif stake == 0 or since >= posted:
            text = "it serves with no stake that is older than the batch"
            yield from self._over(now, name, "not-drawn", Why(False, "lot", text), proved.slot)
        else:
            one.mix, one.posted = mix.to_bytes(32, "big"), posted
            one.serving, one.stake, one.slot = str(serving), str(stake), proved.slot
            yield self._keep(name)
            yield from self.fired(now, TIMER + name)

    def fired(self, now: Instant, timer: str) -> Iterator[Output]:
        """Whom the lot does not draw it may draw later: each PATIENCE doubles the number of those who are."""
        name = timer.removeprefix(TIMER)
        one = self.judging.get(name)
        if one is None or one.slot < 0 or one.running or self.wallet.wallet is None:
            return
        work, patience = one.order.work, self.facts.patience_s
        lot = Lot(one.mix, work.job, one.order.quorum, int(one.serving))
        doublings = max(now // SECOND - one.posted, 0) // patience
        own = self.wallet.wallet.address
        if lot.draws(own, int(one.stake), doublings):
            one.running = True
            yield self._keep(name)
            text = f"RANDAO mix 0x{one.mix.hex()}, stake {one.stake} of {one.serving} wei, {doublings} doublings"
            yield self._said(now, one.order.job, work.job, "drawn", Why(True, "lot", text), who=own, slot=one.slot)
            yield from self._run(now, one)
        elif doublings >= MAX_DOUBLINGS:
            yield from self._over(now, name, "not-drawn", Why(False, "lot", "never drawn"), one.slot)
        else:
            yield Wake(Instant((one.posted + (doublings + 1) * patience) * SECOND), TIMER + name)

    def _run(self, now: Instant, one: Judging) -> Iterator[Output]:
        """Have it executed again, as a job of this satellite's own; `take_runs` hands it to the job desk."""
        request = decode_request(one.order.request)
        job = msgspec.structs.replace(request.job, id=_run_of(one, self.node))
        self.starting.append(encode_request(msgspec.structs.replace(request, job=job)))
        yield from ()

    def failed(self, now: Instant, job: str) -> Iterator[Effect]:
        """A run that was to judge cannot be had (refused, or it failed): no verdict is given."""
        name = next((name for name, one in self.judging.items() if _run_of(one, self.node) == job), None)
        if name is not None:
            why = Why(False, "work-run", "it could not be executed again here")
            yield from self._over(now, name, "refused", why, self.judging[name].slot)

    def take_runs(self) -> list[bytes]:
        """Requests that the job desk is to take now."""
        started, self.starting = self.starting, []
        return started

    def _found(self, now: Instant, name: str, output: bytes) -> Iterator[Output]:
        """Executed again: sign the verdict, whatever it is."""
        one = self.judging[name]
        work = one.order.work.receipt
        if self.wallet.wallet is None:
            yield from self._over(now, name, "refused", self.wallet.closed, one.slot)
            return
        try:
            for step in self._desk().verdict(work, output):
                if isinstance(step, SignedWork):
                    made = signature_of(step.signature)
                else:
                    yield step
        except Refused as error:
            yield from self._over(now, name, "refused", error.why, one.slot)
            return
        own, agrees = self.wallet.wallet.address, output == work.output
        text = f"found sha256:{output.hex()}, sworn was sha256:{work.output.hex()}"
        why = Why(agrees, "re-execution", ("the same output: " if agrees else "another output: ") + text)
        yield from self._tell(
            "verdict", encode_order(Found(work.job, work.executor, work.number, output, own, made)), now
        )
        yield from self._over(now, name, "verdict", why, one.slot)

    def _over(self, now: Instant, name: str, step: str, why: Why, slot: int) -> Iterator[Effect]:
        one = self.judging.pop(name)
        own = self.wallet.wallet.address if self.wallet.wallet is not None else ""
        yield Save(JUDGE_KEY + name, None)
        yield self._said(now, one.order.job, one.order.work.job, step, why, who=own, slot=slot)

    def _judged(self, work: WorkReceipt) -> bool:
        """Whether a verdict on this receipt was signed: the office has it, or will, for bundles are not lost."""
        if self.wallet.wallet is None or work.executor.lower() == self.wallet.wallet.address.lower():
            return True
        return WorkDesk.verdict_key(work) in self.signed

    # Being paid ------------------------------------------------------------------------------------------------------

    def _credited(self, now: Instant, proved: ProvedState) -> Iterator[Step]:
        """Payments that the contract's storage shows: said once, and withdrawn into this satellite's own account."""
        assert self.wallet.wallet is not None, "the caller looked"
        own, place, some = self.wallet.wallet.address, self.facts.settlement, False
        if not self.unpaid or not proved.covers({place: (credit_slot(own),)}):
            return
        (credit,) = proved.words(place, (credit_slot(own),))
        for name, order in list(self.unpaid.items())[:PAID_AT_ONCE]:
            slots = _paid_slots(order.escrow)
            if not proved.covers({place: slots}):
                continue
            price, fee, state, executor, count, *signers = proved.words(place, slots)
            if state != PAID:  # said too early, or a lie: looked up again, behind the others
                self.unpaid[name] = self.unpaid.pop(name)
                continue
            cosigned = own.lower() in [address_of(one) for one in signers[:count]]
            wei = price if address_of(executor) == own.lower() else fee if cosigned else 0
            del self.unpaid[name]
            yield Save(PAID_KEY + name, None)
            if not wei:
                text = f"paid to {address_of(executor)} and its {count} co-signers, of whom this is none"
                yield self._said(
                    now, order.job, order.escrow, "refused", Why(False, "work-paid", text), slot=proved.slot
                )
                continue
            some = True
            text = f"state, payee and amount are proved; {credit} wei stand to this account's credit"
            why = Why(True, "settlement", text)
            yield self._said(now, order.job, order.escrow, "payment-proved", why, who=own, wei=wei, slot=proved.slot)
        if some and credit and (credit != self.withdrawing or now - self.withdrawn_at > HOUR):
            self.withdrawing, self.withdrawn_at = credit, now
            yield self._call(place, 0, WITHDRAW_GAS, SETTLEMENT.call("withdraw"))

    # Words -----------------------------------------------------------------------------------------------------------

    def _call(self, to: str, wei: int, gas: int, data: bytes) -> Call:
        facts = self.facts
        return Call(self.node, facts.office, to, str(wei), str(MAX_FEE_WEI), str(TIP_WEI), gas, facts.chain_id, data)

    def _tell(self, service: str, body: bytes, now: Instant) -> Iterator[Output]:
        yield from self.agent.submit(now, self.facts.office, service, body, "settlement", self.lifetime_ns, 2)

    def _keep(self, name: str) -> Save:
        return Save(JUDGE_KEY + name, msgspec.msgpack.encode(self.judging[name]))

    def _said(
        self, now: Instant, job: str, escrow: bytes, step: str, why: Why, *, who: str = "", wei: int = 0, slot: int = -1
    ) -> Record:
        name = "0x" + escrow.hex() if escrow else ""
        entry = records.WorkStep(now, self.node, job, name, step, who, why, str(wei), proved_slot=slot)
        return Record(entry)


def _paid_slots(escrow: bytes) -> tuple[int, ...]:
    """Price, fee and state of an escrow, and who was paid."""
    fields = job_slots(escrow)
    return (fields[3], fields[4], fields[7], *claim_slots(escrow))


def _run_of(one: Judging, node: str) -> str:
    return f"{one.order.job}{AGAIN}{node}"
