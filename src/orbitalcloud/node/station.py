"""A ground station's software: carries orders up, takes results down, and speaks to the chain for the satellites.

A station is a courier, not an authority: receipts are signed on board, updates are verified on board, and a
transaction that it forwards it could only delay.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from orbitalcloud.compute import Receipt, decode_request, decode_result, verify_output, verify_receipt
from orbitalcloud.core import SECOND, Instant, RemoteProtocolError, Why, digest_of, records
from orbitalcloud.core.effects import Effect, Record, Save, Send, Wake
from orbitalcloud.core.events import Commanded, Started
from orbitalcloud.ethereum import recover_sender, transaction_hash
from orbitalcloud.network import Delivered, soonest
from orbitalcloud.node.base import CHAIN, Node
from orbitalcloud.node.clerk import TIMER as OFFICE_TIMER
from orbitalcloud.node.clerk import Broadcast, Clerk
from orbitalcloud.node.comparing import Comparisons
from orbitalcloud.node.config import StationConfig
from orbitalcloud.node.courier import Courier
from orbitalcloud.node.jobdesk import submission
from orbitalcloud.node.noticedesk import NoticeDesk, Offer
from orbitalcloud.node.orders import (
    AskChain,
    CarryTransaction,
    Dropped,
    LabelledUpdate,
    Outcome,
    SendTransaction,
    SendUpdate,
    Settled,
    SubmitJob,
    WipeWallet,
    decode_order,
    decode_spending,
    encode_order,
)
from orbitalcloud.node.purse_orders import CoSign, Veto
from orbitalcloud.node.relay import Counter, handed_over
from orbitalcloud.node.work_orders import Found, Sworn

PENDING_KEY = "transaction/"
PIN_KEY = "key/"
EXECUTED_KEY = "executed/"
PROVE_TIMER = "prove/"
POLL_NS = 12 * SECOND
MAX_ANSWER_BYTES = 1 << 20
MAX_POLLS = 600
"""Two hours of slots in which the chain answered; after that the transaction is reported as not included."""
SLOWEST = 50
"""A chain that does not answer (a station that is out, or blocked) is asked every 50 slots, ten minutes, in the end."""


class Station(Node):
    """Bundle agent, courier and JSON-RPC client under one `handle`."""

    def __init__(self, config: StationConfig) -> None:
        super().__init__(config.name, config.plan, config.network)
        self.config = config
        if config.notices is not None:
            self.notices = NoticeDesk(config.name, config.notices, self.agent)
        self._pending: dict[str, bytes] = {}
        self._origin: dict[str, str] = {}
        """Which satellites brought a transaction, joined by commas: each is told."""
        self._polls: dict[str, int] = {}
        self._taken: dict[str, None] = {}
        self._pins: dict[str, str] = {}
        self.counter = Counter(config)
        self._unanswered: dict[str, int] = {}
        """How often the chain was asked of a transaction since it last answered."""
        self._executed: dict[str, None] = {}
        """Jobs sent from here that are to be executed: their results need receipts."""
        self.comparisons = Comparisons(config.name)
        self.courier = self._courier() if config.beacon is not None else None
        self.clerk: Clerk | None = None
        if config.office is not None:
            self.clerk = Clerk(config.name, config.office, self.agent, config.order_lifetime_ns)

    def _courier(self) -> Courier:
        assert self.config.beacon is not None, "a courier needs a chain with light-client data"
        return Courier(self.agent, self.config.beacon)

    def _restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        saved = event.saved
        yield from self.counter.restore(now, saved)
        yield from self.comparisons.restore(saved)
        if self.clerk is not None:
            yield from self.clerk.restore(now, event)
        for key in sorted(saved):
            try:
                if key.startswith(PIN_KEY):
                    self._pins[key.removeprefix(PIN_KEY)] = saved[key].decode()
                elif key.startswith(EXECUTED_KEY):
                    self._executed[key.removeprefix(EXECUTED_KEY)] = None
                elif key.startswith(PENDING_KEY):
                    origin, _, raw = saved[key].partition(b"\0")
                    yield from self._broadcast(now, key.removeprefix(PENDING_KEY), origin.decode(), raw)
            except UnicodeDecodeError:
                torn = RemoteProtocolError("store", f"the saved {key[:60]} is damaged and was dropped")
                yield self._refused_frame(now, "own store", len(saved[key]), torn)
                yield Save(key, None)

    def _offer(self, now: Instant) -> Offer:
        """A station computes nothing; one with a chain broadcasts what it is given."""
        return "", ("transactions",) if self.config.chain else (), 0, 0, 0, ()

    def unlock(self, saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> None:
        """As of every node; the settlement office's account too."""
        super().unlock(saved, device_keys)
        if self.clerk is not None:
            self.clerk.unlock(saved, device_keys)

    def _office(self, now: Instant, steps: Iterable[Effect | Delivered | Broadcast]) -> Iterator[Effect]:
        """What the settlement office does: its transactions go to the chain, and come back to it."""
        for step in steps:
            if isinstance(step, Broadcast):
                yield from self._broadcast_own(now, step.raw)
            else:
                yield from self._network(now, [step])

    # Orders going up -------------------------------------------------------------------------------------------------

    def _commanded(self, now: Instant, event: Commanded) -> Iterator[Effect]:
        match event.verb:
            case "submit-job":
                yield from self._submit(now, decode_order(event.body, SubmitJob))
            case "send-update":
                order = decode_order(event.body, SendUpdate)
                body = encode_order(LabelledUpdate(order.label, order.update))
                yield from self._carry(now, order.target, "light-client", body, order.label, 3)
            case "pay":
                pay = decode_spending(event.body)
                yield from self._carry(now, pay.target, "payments", event.body, "payment order", 3)
            case "send-transaction":
                yield from self._hand_over(now, decode_order(event.body, SendTransaction))
            case "co-sign" | "veto":
                kind: type[CoSign] | type[Veto] = CoSign if event.verb == "co-sign" else Veto
                to_purse = decode_order(event.body, kind)
                yield from self._carry(now, to_purse.target, event.verb, event.body, f"order to {event.verb}", 3)
            case "broadcast":
                yield from self._broadcast_own(now, event.body)
            case "wipe-wallet":
                wipe = decode_order(event.body, WipeWallet)
                yield from self._carry(now, wipe.target, "wipe-wallet", event.body, "order to wipe the wallet", 3)
            case verb:
                raise RemoteProtocolError("order-verb", f"a station has no verb {verb!r}")

    def _submit(self, now: Instant, order: SubmitJob) -> Iterator[Effect]:
        request = decode_request(order.request)
        job = request.job
        target = order.target
        if target == "any":
            target = self._soonest(now, len(order.request))
        yield submission(now, self.name, target, request)
        if job.executed:
            self._executed[job.id] = None
            yield Save(EXECUTED_KEY + job.id, b"")
        yield from self._carry(now, target, "jobs", order.request, f"job {job.id}", 1)
        if self.clerk is not None:
            yield from self._office(now, self.clerk.submitted(now, request, target))

    def _hand_over(self, now: Instant, order: SendTransaction) -> Iterator[Effect]:
        """Somebody's signed transaction: to the satellite that is to carry it."""
        target = self._soonest(now, len(order.raw)) if order.target == "any" else order.target
        for step in self.counter.take(now, order):
            if isinstance(step, CarryTransaction):
                yield from self._carry(now, target, "carry", encode_order(step), "transaction of others", 3)
            else:
                yield step

    def _soonest(self, now: Instant, size_bytes: int) -> str:
        """The satellite that a bundle of this size reaches first; by name where none is in the plan."""
        path = soonest(self.config.plan, self.name, frozenset(self.config.satellites), now, size_bytes)
        return path.contacts[-1].receiver if path is not None else min(self.config.satellites)

    def _carry(
        self, now: Instant, target: str, service: str, body: bytes, purpose: str, priority: int
    ) -> Iterator[Effect]:
        lifetime_ns = self.config.order_lifetime_ns
        yield from self._network(now, self.agent.submit(now, target, service, body, purpose, lifetime_ns, priority))

    # What comes down -------------------------------------------------------------------------------------------------

    def _delivered(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        match item.service:
            case "results":
                yield from self._result(now, item)
            case "transactions":
                yield from self._transaction(now, item)
            case "outcomes":
                yield from self.counter.told(now, decode_order(item.payload, Outcome), item.source)
            case "sworn" if self.clerk is not None:
                yield from self._office(now, self.clerk.sworn(now, decode_order(item.payload, Sworn), item.source))
            case "verdict" if self.clerk is not None:
                yield from self._office(now, self.clerk.verdict(now, decode_order(item.payload, Found), item.source))
            case "ask-chain" if self.courier is not None:
                yield from self.courier.ask(item.source, decode_order(item.payload, AskChain))
            case _:
                raise RemoteProtocolError("service", f"{self.name} has no service {item.service!r}")

    def _result(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        result = decode_result(item.payload)
        if result.satellite != item.source:
            raise RemoteProtocolError("result-source", f"{item.source} speaks for {result.satellite}")
        if result.failure:
            why = Why(False, result.failure, result.text)
        elif result.receipt is None and result.job in self._executed:
            why = Why(False, "receipt", "it was to be executed, and came without a receipt")
        elif result.receipt is None:
            why = Why(True, "modelled", "cost modelled, nothing executed: there is no receipt")
        else:
            why = yield from self._check(now, result.job, result.receipt, result.output, item.source)
        yield Record(
            records.ResultDelivered(
                at=now,
                node=self.name,
                job=result.job,
                executor=result.satellite,
                output=digest_of(result.output) if not result.failure else "",
                output_bytes=len(result.output),
                delay_ms=(now - item.created) // 1_000_000,
                why=why,
            )
        )
        if result.job in self._executed:
            self._executed.pop(result.job, None)
            yield Save(EXECUTED_KEY + result.job, None)
        yield from self.comparisons.take(now, result, why.ok)
        if why.ok and result.output and result.receipt is not None:
            yield Save(f"result/{result.job}", result.output)
        if why.ok and result.receipt is not None and self.clerk is not None:
            yield from self._office(now, self.clerk.executed(now, result.job, result.receipt, item.source))

    def _check(
        self, now: Instant, job: str, receipt: Receipt, output: bytes, source: str
    ) -> Generator[Effect, None, Why]:
        """The receipt against its signature, the satellite's pinned key (pinned at first sight), and the output."""
        if receipt.job != job or receipt.satellite != source:
            return Why(False, "receipt", f"the receipt is {receipt.satellite}'s for job {receipt.job}")
        why = verify_receipt(receipt, self._pins.get(source, ""))
        if not why.ok:
            return why
        if source not in self._pins:
            self._pins[source] = receipt.public_key
            yield Save(PIN_KEY + source, receipt.public_key.encode())
        fits = verify_output(receipt, output)
        return fits if not fits.ok else why

    # The chain -------------------------------------------------------------------------------------------------------

    def _transaction(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        recover_sender(item.payload)  # refuses bytes that no account signed
        name = transaction_hash(item.payload)
        origins = sorted({item.source, *self._origin.get(name, item.source).split(",")})
        yield Save(PENDING_KEY + name, ",".join(origins).encode() + b"\0" + item.payload)
        yield from self._broadcast(now, name, ",".join(origins), item.payload)

    def _broadcast_own(self, now: Instant, raw: bytes) -> Iterator[Effect]:
        """A transaction of somebody who stands here: no satellite is told of it."""
        yield handed_over(now, self.name, SendTransaction(self.name, raw))
        name = transaction_hash(raw)
        yield Save(PENDING_KEY + name, self.name.encode() + b"\0" + raw)
        yield from self._broadcast(now, name, self.name, raw)

    def _broadcast(self, now: Instant, name: str, origin: str, raw: bytes) -> Iterator[Effect]:
        self._pending[name], self._origin[name], self._polls[name] = raw, origin, 0
        yield from self._ask(now, name)

    def _ask(self, now: Instant, name: str) -> Iterator[Effect]:
        """Hand the transaction over, or ask for its receipt; and look again after a slot, whatever comes back.

        Until the chain has taken it the same bytes are sent again: that is no second payment.
        """
        if name in self._taken:
            yield self._call("eth_getTransactionReceipt", [name], f"receipt {name}")
        else:
            yield self._call("eth_sendRawTransaction", ["0x" + self._pending[name].hex()], f"send {name}")
        silent = self._unanswered.get(name, 0)
        self._unanswered[name] = silent + 1
        yield Wake(Instant(now + POLL_NS * min(2**silent, SLOWEST)), f"chain/{name}")

    def _call(self, method: str, params: list[str], name: str) -> Send:
        return Send(CHAIN, msgspec.json.encode({"jsonrpc": "2.0", "id": name, "method": method, "params": params}))

    def _fired(self, now: Instant, timer: str) -> Iterator[Effect]:
        if timer.startswith(OFFICE_TIMER) and self.clerk is not None:
            yield from self._office(now, self.clerk.fired(now, timer))
            return
        if timer.startswith(PROVE_TIMER) and self.courier is not None:
            origin, _, mined = timer.removeprefix(PROVE_TIMER).partition("/")
            yield from self.courier.follow(origin, mined)
            return
        name = timer.removeprefix("chain/")
        if name not in self._pending:
            return
        if self._polls[name] > MAX_POLLS:
            yield from self._close(now, name, Why(False, "chain", f"not included after {MAX_POLLS} slots"))
        else:
            yield from self._ask(now, name)

    def _answered(self, now: Instant, frame: bytes) -> Iterator[Effect]:
        """A JSON-RPC answer. What is malformed is refused, and asked again when the timer fires."""
        if self.courier is not None and frame[:1] == b"[":
            try:
                yield from self._network(now, list(self.courier.answered(now, frame)))
            except RemoteProtocolError as error:
                yield self._refused_frame(now, CHAIN, len(frame), error)
            return
        try:
            name, step, answer = _parse(frame)
            receipt = _receipt(answer["result"]) if step == "receipt" and answer.get("result") else None
        except RemoteProtocolError as error:
            yield self._refused_frame(now, CHAIN, len(frame), error)
            return
        if name not in self._pending:
            return
        if "result" in answer or "error" in answer:
            self._unanswered[name] = 0
            self._polls[name] += 1
        if "error" in answer and step == "send":
            yield from self._close(now, name, Why(False, "chain", _message(answer["error"])))
        elif receipt is not None:
            yield from self._settle(now, name, receipt)
        elif step == "send" and "result" in answer:
            self._taken[name] = None

    def _settle(self, now: Instant, name: str, receipt: tuple[int, int, int]) -> Iterator[Effect]:
        status, block, gas = receipt
        yield Record(
            records.TransactionSettled(
                at=now, node=self.name, hash=name, status=status, block=block, gas_used=gas, chain=self.config.chain
            )
        )
        origins = [one for one in self._origin[name].split(",") if one != self.name]
        yield from self._drop(name)
        if self.clerk is not None:
            yield from self._office(now, self.clerk.mined(now, name, status, block))
        if self.courier is not None:  # a slot later, when a head that has the block is signed
            for origin in origins:
                yield Wake(Instant(now + POLL_NS), f"{PROVE_TIMER}{origin}/{name}")
            return
        body = encode_order(Settled(name, status, block, gas))
        for origin in origins:
            yield from self._carry(now, origin, "settled", body, "settlement", 2)

    def _close(self, now: Instant, name: str, why: Why) -> Iterator[Effect]:
        yield Record(records.TransactionRefused(at=now, node=self.name, hash=name, why=why))
        origins = [one for one in self._origin[name].split(",") if one != self.name]
        yield from self._drop(name)
        if self.clerk is not None:
            yield from self._office(now, self.clerk.dropped(now, name, why))
        for origin in origins:
            body = encode_order(Dropped(name, why.text))
            yield from self._carry(now, origin, "dropped", body, "refused transaction", 2)

    def _drop(self, name: str) -> Iterator[Effect]:
        del self._pending[name], self._origin[name], self._polls[name]
        self._taken.pop(name, None)
        self._unanswered.pop(name, None)
        yield Wake(None, f"chain/{name}")
        yield Save(PENDING_KEY + name, None)


def _parse(frame: bytes) -> tuple[str, str, dict[str, Any]]:
    """(transaction, which question, the answer) of a JSON-RPC answer to one of our questions."""
    if len(frame) > MAX_ANSWER_BYTES:
        raise RemoteProtocolError("chain-answer", f"{len(frame)} bytes")
    try:
        answer = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("chain-answer", str(error)) from None
    if not isinstance(answer, dict):
        raise RemoteProtocolError("chain-answer", "a JSON-RPC answer is an object")
    step, _, name = str(answer.get("id", "")).partition(" ")
    return name, step, answer


def _message(error: Any) -> str:
    """The words of a JSON-RPC error."""
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]


def _receipt(result: Any) -> tuple[int, int, int]:
    """(status, block, gas used) of a transaction's receipt."""
    try:
        status, block, gas = (int(str(result[key])[:20], 16) for key in ("status", "blockNumber", "gasUsed"))
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteProtocolError("chain-answer", f"a receipt without a proper {error}") from None
    if status not in (0, 1) or not 0 <= block <= 2**53 or not 0 <= gas <= 2**53:
        raise RemoteProtocolError("chain-answer", f"status {status}, block {block}, gas {gas}")
    return status, block, gas
