"""A settlement office at a ground station: escrows for jobs, batches to the chain, verdicts gathered, lies reported.

    job sent up ─► open ─► result down ─► swear ─► post ─► judges asked ─► verdicts ─► claim ─► window ─► pay
                                            └ two receipts of one job ──► prove_two_receipts    └ refute

The office is customer and carrier, with an account of its own, and no authority: every signature that it carries is
checked by the contract, and any other office could carry the same. It trusts no satellite: a receipt that it has from
one is held against the key that signed it. Its account's key is born and sealed as a satellite's is.
State is saved under `office/…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from orbitalcloud.compute import Receipt, Request, decode_request, encode_request
from orbitalcloud.core import SECOND, DataError, Instant, RemoteProtocolError, Seed, Why, records
from orbitalcloud.core.effects import Effect, Record, Save, Wake
from orbitalcloud.core.events import Started
from orbitalcloud.ethereum import Wallet
from orbitalcloud.ethereum.contracts import SETTLEMENT
from orbitalcloud.ethereum.settlement import (
    Batch,
    batch_content,
    job_id,
    verdict_content,
)
from orbitalcloud.ethereum.transactions import Transaction
from orbitalcloud.ethereum.typed_data import Domain, typed_signer
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node import vault
from orbitalcloud.node.config import OfficeFacts
from orbitalcloud.node.orders import encode_order
from orbitalcloud.node.purse_orders import Signature, numbers_of
from orbitalcloud.node.work_orders import Found, Judge, Paid, Swear, Sworn, Task, Work
from orbitalcloud.node.workdesk import digest_bytes

TIMER = "office/"
CASE_KEY, STATE_KEY = "office/case/", "office/state"
MAX_CASES = 1024
MAX_VERDICTS = 16
SLOT_S = 12
BATCH_ITEMS = 3
"""Receipts in a batch: what a satellite has proved with one question (`worker.AT_ONCE`)."""
MAX_FEE_WEI, TIP_WEI = 20 * 10**9, 10**9
GAS = {"open": 300_000, "post": 200_000, "claim": 900_000, "pay": 400_000, "refute": 700_000, "slash": 500_000}


class Vote(msgspec.Struct, array_like=True, frozen=True):
    """A verifier's verdict, its signature checked."""

    verifier: str
    output: bytes
    signature: Signature
    node: str


class Case(msgspec.Struct, array_like=True, tag="case/1"):
    """One job that is settled: what is known of it, and what was sent to the chain (`sent`: steps that are on their
    way or done)."""

    job: str
    escrow: bytes
    request: bytes
    opened: bool = False
    executor: str = ""
    output: bytes = b""
    asked: bool = False
    work: Work | None = None
    oath: Signature | None = None
    proof: tuple[bytes, ...] = ()
    posted: bool = False
    votes: list[Vote] = []
    sent: list[str] = []
    claimed: bool = False
    pay_at: int = 0
    ended: str = ""


class _State(msgspec.Struct, array_like=True, tag="office/1"):
    """Next nonce, last batch of each satellite, and what each transaction is for: (step, escrow, batch, nonce);
    nonces of those that the chain would not take, to be used first: it takes none behind a gap."""

    nonce: int = 0
    batches: dict[str, int] = {}
    pending: dict[str, tuple[str, str, str, int]] = {}
    free: list[int] = []


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A transaction for the station to bring to the chain."""

    raw: bytes


Step = Effect | Delivered | Broadcast


@dataclass(slots=True)
class Clerk:
    """At one station."""

    name: str
    facts: OfficeFacts
    agent: BundleAgent
    lifetime_ns: int
    wallet: Wallet | None = field(default=None, repr=False)
    cases: dict[str, Case] = field(default_factory=dict)
    state: _State = field(default_factory=_State)

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Without the key, which the node gives back."""
        return None, {name: getattr(self, name) for name in self.__slots__} | {"wallet": None}

    def restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        """The account, saved or born, and every case. A torn store is told, and no second account is made of it."""
        saved = event.saved
        for key in sorted(saved):
            try:
                if key.startswith(CASE_KEY):
                    self.cases[key.removeprefix(CASE_KEY)] = msgspec.msgpack.decode(saved[key], type=Case)
                elif key == STATE_KEY:
                    self.state = msgspec.msgpack.decode(saved[key], type=_State)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield self._said(now, None, "refused", Why(False, "office-store", f"{key[:60]}: {error}"[:300]))
                yield Save(key, None)
        if vault.WALLET not in saved and vault.WALLET in event.device_keys:
            drawn = Seed(event.entropy).child("wallet").child(event.device_keys[vault.WALLET].hex())
            self.wallet = Wallet.born(drawn.bytes(32))
            sealed = vault.sealed(self.wallet.to_bytes(), vault.WALLET, event.device_keys, event.entropy)
            yield Save(vault.WALLET, sealed)
            yield Record(records.WalletBorn(at=now, node=self.name, address=self.wallet.address))
        else:
            self.unlock(saved, event.device_keys)
        for escrow, case in self.cases.items():
            if case.claimed and not case.ended:
                yield Wake(Instant(max(case.pay_at, now + SECOND)), f"{TIMER}pay/{escrow}")
            if case.posted and not case.ended:
                yield Wake(Instant(now + SECOND), f"{TIMER}weigh/{escrow}")
        if any(case.opened and not case.asked for case in self.cases.values()):
            yield Wake(Instant(now + SECOND), f"{TIMER}batch")

    def unlock(self, saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> None:
        """The saved account again; without it nothing is sent."""
        try:
            if vault.WALLET in saved:
                self.wallet = Wallet.from_bytes(vault.opened(saved[vault.WALLET], vault.WALLET, device_keys))
        except DataError:
            self.wallet = None

    @property
    def _window_ns(self) -> int:
        return (self.facts.window_s + 3 * SLOT_S) * SECOND

    # A job's way -----------------------------------------------------------------------------------------------------

    def submitted(self, now: Instant, request: Request, target: str) -> Iterator[Step]:
        """A job was sent up that is to be executed: its pay goes into escrow."""
        job = request.job
        if not job.executed or self.wallet is None or len(self.cases) >= MAX_CASES:
            return
        facts, salt = self.facts, sha256(job.id.encode()).digest()
        escrow = job_id(facts.settlement, self.wallet.address, salt)
        if escrow.hex() in self.cases:
            return
        case = self.cases[escrow.hex()] = Case(job.id, escrow, encode_request(request), executor=target)
        deadline = now // SECOND + facts.deadline_s
        terms = (salt, digest_bytes(job.artefact), digest_bytes(job.input))
        value = facts.price_wei + facts.fee_wei * facts.quorum
        data = SETTLEMENT.call("open", *terms, facts.price_wei, facts.fee_wei, facts.quorum, deadline)
        yield from self._send(now, case, "open", data, value)

    def executed(self, now: Instant, job: str, receipt: Receipt, source: str) -> Iterator[Step]:
        """A result came down with a receipt that holds: its executor is asked to swear, a batch at a time."""
        case = next((one for one in self.cases.values() if one.job == job), None)
        if case is None or case.output:
            return
        case.executor, case.output = source, digest_bytes(receipt.output)
        yield self._keep(case)
        yield Wake(Instant(now + self.facts.batch_s * SECOND), f"{TIMER}batch")

    def fired(self, now: Instant, timer: str) -> Iterator[Step]:
        """A batch is due, or a claim's window is over."""
        step, _, escrow = timer.removeprefix(TIMER).partition("/")
        if step == "batch":
            yield from self._batch(now)
        case = self.cases.get(escrow)
        if step == "weigh" and case is not None and case.work is not None:
            yield from self._weigh(now, case)
        if (
            step == "pay"
            and case is not None
            and case.claimed
            and not case.ended
            and not {"refute", "pay"} & {*case.sent}
        ):
            yield from self._send(now, case, "pay", SETTLEMENT.call("pay", case.escrow))

    def _batch(self, now: Instant) -> Iterator[Step]:
        ready: dict[str, list[Case]] = {}
        for case in self.cases.values():
            if case.opened and case.output and not case.asked:
                ready.setdefault(case.executor, []).append(case)
        for executor, cases in ready.items():
            number = self.state.batches.get(executor, 0) + 1
            self.state.batches[executor] = number
            for case in cases[:BATCH_ITEMS]:
                case.asked = True
                yield self._keep(case)
            yield self._save()
            tasks = tuple(Task(case.job, case.escrow) for case in cases[:BATCH_ITEMS])
            yield from self._tell(now, executor, "swear", Swear(number, tasks))
            if len(cases) > BATCH_ITEMS:
                yield Wake(Instant(now + SECOND), f"{TIMER}batch")

    def sworn(self, now: Instant, order: Sworn, source: str) -> Iterator[Step]:
        """Signed receipts: held against key, case and delivered result, then posted under their root."""
        works = [oath.work.receipt for oath in order.oaths]
        batch, fresh = Batch(works), []
        self._require_signer(batch_content(order.root, order.number, batch.count), order.batch, batch.executor)
        if (batch.root, batch.number) != (order.root, order.number):
            raise RemoteProtocolError("office-batch", "these receipts do not lead to that root")
        for oath, work in zip(order.oaths, works, strict=True):
            self._require_signer(work.struct_hash, oath.signature, work.executor)
            case = self.cases.get(work.job.hex())
            if case is None or case.executor != source:
                raise RemoteProtocolError("office-job", f"{source} was not asked for 0x{work.job.hex()}")
            if case.work is None:
                fresh.append((case, oath))
            elif case.work != oath.work and case.oath is not None and not case.ended:
                yield from self._two_receipts(now, case, oath.work, oath.signature)
        for case, oath in fresh:
            case.work, case.oath, case.proof = oath.work, oath.signature, batch.proof(oath.work.job)
            yield self._keep(case)
        other = next((case for case, oath in fresh if not _delivers(case, oath.work)), None)
        if other is not None:  # kept: with another oath for the same job it is a proof; but nobody is paid for it
            text = f"{source} swears to another code, input or output than it delivered: its batch is not carried"
            yield self._said(now, other, "refused", Why(False, "office-result", text))
        elif fresh:
            signature = numbers_of(order.batch)
            data = SETTLEMENT.call("post", batch.executor, batch.number, batch.root, batch.count, signature)
            yield from self._send(now, fresh[0][0], "post", data, about=f"{batch.executor}/{batch.number}")

    def _two_receipts(self, now: Instant, case: Case, other: Work, signature: Signature) -> Iterator[Step]:
        """Two results of one job, each with its signature: the contract needs no more."""
        assert case.work is not None, "the caller looked"
        assert case.oath is not None, "the caller looked"
        if "slash" in case.sent:
            return
        one = (case.work.receipt.words(), numbers_of(case.oath))
        data = SETTLEMENT.call("prove_two_receipts", *one, other.receipt.words(), numbers_of(signature))
        yield from self._send(now, case, "slash", data)

    def verdict(self, now: Instant, order: Found, source: str) -> Iterator[Step]:
        """A verifier's word on a receipt: enough that agree make a claim, enough that do not refute one."""
        case = self.cases.get(order.escrow.hex())
        if (
            case is None
            or case.work is None
            or (order.executor, order.number) != (case.work.executor, case.work.number)
        ):
            raise RemoteProtocolError("office-verdict", f"nobody asked for a verdict on 0x{order.escrow.hex()}")
        content = verdict_content(order.escrow, order.executor, order.number, order.output)
        if source not in self.facts.satellites or source == case.executor:
            raise RemoteProtocolError("office-verdict", f"{source} is none that may judge 0x{order.escrow.hex()}")
        self._require_signer(content, order.signature, order.verifier)
        # one for each satellite: keys are made for nothing, and would take the places of those who are drawn
        known = any(order.verifier == vote.verifier or source == vote.node for vote in case.votes)
        if known or len(case.votes) >= MAX_VERDICTS:
            return
        case.votes.append(Vote(order.verifier, order.output, order.signature, source))
        yield self._keep(case)
        yield from self._weigh(now, case)

    def _weigh(self, now: Instant, case: Case) -> Iterator[Step]:
        """What the verdicts allow now."""
        assert case.work is not None, "the callers looked"
        work, quorum = case.work.receipt, self.facts.quorum
        agree = [vote for vote in case.votes if vote.output == work.output]
        other = [vote for vote in case.votes if vote.output != work.output]
        if not case.posted or case.ended:
            return
        if "claim" not in case.sent and len(agree) >= quorum:
            verdicts = [(vote.verifier, numbers_of(vote.signature)) for vote in agree[:quorum]]
            data = SETTLEMENT.call("claim", work.words(), list(case.proof), verdicts)
            yield from self._send(now, case, "claim", data)
        found = {vote.output for vote in other}
        for output in sorted(found):
            verdicts = [(vote.verifier, numbers_of(vote.signature)) for vote in other if vote.output == output]
            in_window = case.claimed and now < case.pay_at
            if in_window and "refute" not in case.sent and len(verdicts) > quorum:
                yield from self._send(now, case, "refute", SETTLEMENT.call("refute", case.escrow, output, verdicts))

    # The chain's answers ---------------------------------------------------------------------------------------------

    def mined(self, now: Instant, name: str, status: int, block: int) -> Iterator[Step]:
        """One of our transactions is in a block."""
        step, escrow, about, _ = self.state.pending.pop(name, ("", "", "", 0))
        case = self.cases.get(escrow)
        yield self._save()
        if case is None:
            return
        if not status:
            why = Why(False, "office-reverted", f"{step} was reverted by the contract")
            yield self._said(now, case, "refused", why, hash=name, block=block)
            case.sent = [one for one in case.sent if one != step]
            yield self._keep(case)
            if step == "claim":  # a verifier whom the chain does not draw yet: it will; until then, others first
                case.votes = [*case.votes[1:], *case.votes[:1]]
                yield self._keep(case)
            yield from self._again(now, case, step)
            return
        yield from self._went(now, case, step, about, name, block)

    def _again(self, now: Instant, case: Case, step: str) -> Iterator[Effect]:
        """What the chain did not take is tried again after some patience: a refutation while its window lasts."""
        later, escrow = now + self.facts.patience_s * SECOND, case.escrow.hex()
        if step in ("claim", "refute") and not case.ended:
            yield Wake(Instant(later), f"{TIMER}weigh/{escrow}")
        if case.claimed and not case.ended:
            yield Wake(Instant(max(case.pay_at, later)), f"{TIMER}pay/{escrow}")

    def dropped(self, now: Instant, name: str, why: Why) -> Iterator[Step]:
        """The chain will not take one of our transactions."""
        step, escrow, _, nonce = self.state.pending.pop(name, ("", "", "", -1))
        if nonce >= 0:
            self.state.free.append(nonce)
        case = self.cases.get(escrow)
        yield self._save()
        if case is not None:
            yield self._said(now, case, "refused", Why(False, "office-chain", f"{step}: {why.text}"[:300]), hash=name)
            case.sent = [one for one in case.sent if one != step]
            yield self._keep(case)
            yield from self._again(now, case, step)

    def _went(self, now: Instant, case: Case, step: str, about: str, name: str, block: int) -> Iterator[Step]:
        facts, work = self.facts, case.work
        match step:
            case "open":
                case.opened = True
                wei = facts.price_wei + facts.fee_wei * facts.quorum
                text = f"price {facts.price_wei} wei, {facts.quorum} verifiers at {facts.fee_wei} wei"
                yield self._said(now, case, "opened", Why(True, "escrow", text), wei=wei, hash=name, block=block)
                yield Wake(Instant(now + facts.batch_s * SECOND), f"{TIMER}batch")
            case "post":
                yield from self._posted(now, about, name, block)
            case "claim":
                case.claimed, case.pay_at = True, now + self._window_ns
                why = Why(True, "quorum", f"{facts.quorum} drawn by lot agree; the window is {facts.window_s} s")
                yield self._said(now, case, "claimed", why, hash=name, block=block)
                yield Wake(Instant(case.pay_at), f"{TIMER}pay/{case.escrow.hex()}")
                yield from self._weigh(now, case)
            case "pay":
                case.ended = "paid"
                why = Why(True, "window", "the window is over and nobody refuted it")
                yield self._said(now, case, "paid", why, wei=facts.price_wei, hash=name, block=block)
                told = [vote.node for vote in case.votes if vote.output == case.work.output] if case.work else []
                for satellite in (case.executor, *told[: facts.quorum]):
                    yield from self._tell(now, satellite, "paid", Paid(case.job, case.escrow))
            case _:
                case.ended = "slashed"
                proof = "two signed receipts of one job" if step == "slash" else "a quorum found another result"
                why = Why(False, "two-receipts" if step == "slash" else "refuted", proof)
                yield self._said(now, case, "slashed", why, hash=name, block=block)
        if work is not None or step == "open":
            yield self._keep(case)

    def _posted(self, now: Instant, about: str, name: str, block: int) -> Iterator[Step]:
        """A batch stands: whoever else serves is asked to judge, and the lot says who may."""
        executor, _, number = about.partition("/")
        for case in self.cases.values():
            work = case.work
            if work is None or (work.executor, str(work.number)) != (executor, number) or case.posted:
                continue
            case.posted = True
            yield self._keep(case)
            yield self._said(now, case, "posted", Why(True, "batch", f"batch {number}"), hash=name, block=block)
            request = decode_request(case.request)
            job = msgspec.structs.replace(
                request.job, reply_to=self.name, deadline=now + self.facts.deadline_s * SECOND
            )
            again = encode_request(msgspec.structs.replace(request, job=job))
            order = Judge(case.job, self.facts.quorum, work, case.proof, again)
            for satellite in self.facts.satellites:
                if satellite != case.executor:
                    yield from self._tell(now, satellite, "judge", order)

    # Words -----------------------------------------------------------------------------------------------------------

    def _require_signer(self, content: bytes, signature: Signature, signer: str) -> None:
        domain = Domain(self.facts.chain_id, self.facts.settlement)
        found = typed_signer(domain, content, numbers_of(signature))
        if found.lower() != signer.lower():
            raise RemoteProtocolError("office-signature", f"signed by {found}, not by {signer}")

    def _send(
        self, now: Instant, case: Case, step: str, data: bytes, value: int = 0, about: str = ""
    ) -> Iterator[Step]:
        """A transaction of the office's account; its nonce is saved before it leaves."""
        if self.wallet is None:
            yield self._said(now, case, "refused", Why(False, "office-wallet", "the office's account cannot be opened"))
            return
        nonce = min(self.state.free, default=self.state.nonce)
        draft = Transaction(
            self.facts.chain_id, nonce, self.facts.settlement, value, GAS[step], MAX_FEE_WEI, TIP_WEI, data
        )
        signed = self.wallet.sign(draft)
        self.state.free = [one for one in self.state.free if one != nonce]
        self.state.nonce = max(self.state.nonce, nonce + 1)
        self.state.pending[signed.hash] = (step, case.escrow.hex(), about, nonce)
        case.sent.append(step)
        yield self._keep(case)
        yield self._save()
        yield Broadcast(signed.raw)

    def _tell(self, now: Instant, satellite: str, service: str, order: msgspec.Struct) -> Iterator[Step]:
        body = encode_order(order)
        yield from self.agent.submit(now, satellite, service, body, f"settlement: {service}", self.lifetime_ns, 2)

    def _keep(self, case: Case) -> Save:
        return Save(CASE_KEY + case.escrow.hex(), msgspec.msgpack.encode(case))

    def _save(self) -> Save:
        return Save(STATE_KEY, msgspec.msgpack.encode(self.state))

    def _said(
        self, now: Instant, case: Case | None, step: str, why: Why, *, wei: int = 0, hash: str = "", block: int = 0
    ) -> Record:
        job, escrow = ("", "") if case is None else (case.job, "0x" + case.escrow.hex())
        who = case.work.executor if case is not None and case.work is not None else ""
        entry = records.WorkStep(now, self.name, job, escrow, step, who, why, str(wei), hash, block)
        return Record(entry)


def _delivers(case: Case, work: Work) -> bool:
    """Whether the oath is to the very result that came down, of the very job that was sent up."""
    job = decode_request(case.request).job
    expected = (digest_bytes(job.artefact), digest_bytes(job.input), case.output)
    return (work.code, work.input, work.output) == expected
