"""A station's way of bringing a satellite its chain's head, and proofs: asks its node twice, packs the answers.

First the light-client data and whether the transactions are mined; then, at the block of that very head, accounts and
the blocks that lead down to each transaction. It checks the form of what its node says and believes it no more than
the satellite will: whoever runs the node, the proofs hold or they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from orbitalcloud.core import HOUR, DataError, Instant, RemoteProtocolError, from_hex
from orbitalcloud.core.effects import Effect, Send
from orbitalcloud.ethereum import ChainConfig, decode_update, list_proof, parse_eip1186, rlp, transaction_hash
from orbitalcloud.network import BundleAgent, Delivered
from orbitalcloud.node.base import CHAIN
from orbitalcloud.node.orders import AccountProof, AskChain, Inclusion, SlotNodes, TellChain, encode_order

ID = "courier"
MAX_REQUESTS = 64
MAX_PERIODS = 16
MAX_HEADERS = 256
TELL_LIFETIME_NS = HOUR
"""A head that waits longer for its contact is not worth the uplink: the satellite asks again."""

Call = tuple[str, list[object]]


@dataclass(slots=True)
class _Request:
    """What a satellite wants, and what the node said so far."""

    satellite: str
    ask: AskChain
    periods: bool
    """Whether updates by period were asked for: not where nobody knows from which."""
    updates: tuple[bytes, ...] = ()
    head: int = -1
    block: bytes = b""
    mined: tuple[tuple[str, int], ...] = ()


class Courier:
    """Turns `AskChain` into `TellChain`. Nothing of it is saved: who is not answered asks again."""

    def __init__(self, agent: BundleAgent, chain: ChainConfig) -> None:
        self.agent, self.chain = agent, chain
        self._requests: dict[int, _Request] = {}
        self._next = 0
        self._known: dict[str, AskChain] = {}

    def ask(self, satellite: str, ask: AskChain) -> Iterator[Effect]:
        """A satellite asks: put the first questions to the node."""
        self._known[satellite] = msgspec.structs.replace(ask, accounts=(), transactions=(), slots=())
        yield from self._begin(satellite, ask)

    def follow(self, satellite: str, transaction: str) -> Iterator[Effect]:
        """A transaction of the satellite's is mined: bring the proof, from where the satellite was last heard of."""
        known = self._known.get(satellite)
        ask = AskChain(0, False) if known is None else known
        yield from self._begin(satellite, msgspec.structs.replace(ask, transactions=(transaction,)))

    def _begin(self, satellite: str, ask: AskChain) -> Iterator[Effect]:
        self._next += 1
        periods = satellite in self._known
        self._requests[self._next] = _Request(satellite, ask, periods)
        while len(self._requests) > MAX_REQUESTS:
            del self._requests[min(self._requests)]
        calls: list[Call] = [("beacon_finalityUpdate", [])]
        if periods:
            calls.append(("beacon_lightClientUpdates", [ask.period + ask.next_known, MAX_PERIODS]))
        calls += [("eth_getTransactionReceipt", [name]) for name in ask.transactions]
        yield _batch(f"{ID}/{self._next}/1", calls)

    def answered(self, now: Instant, frame: bytes) -> Iterator[Effect | Delivered]:
        """The node's answers to one batch; `RemoteProtocolError('chain-answer')` if they are none."""
        number, step, results = _results(frame)
        request = self._requests.get(number)
        if request is None:
            return
        if step == 1:
            self._heads(request, results)
            calls = _second(request)
            if calls:
                yield _batch(f"{ID}/{number}/2", calls)
                return
            results = []
        del self._requests[number]
        yield from self._tell(now, request, results)

    def _heads(self, request: _Request, results: Sequence[Any]) -> None:
        newest = _bytes(results[0])
        head = decode_update(self.chain, newest, kind="finality").attested_header
        listed = [_bytes(raw) for raw in _list(results[1])] if request.periods else []
        receipts = results[1 + request.periods :]
        if not listed or decode_update(self.chain, listed[-1]).attested_header.slot < head.slot:
            listed.append(newest)
        request.updates, request.head = tuple(listed), head.execution.block_number
        request.block = head.execution.block_hash
        request.mined = tuple(
            (name, height)
            for name, receipt in zip(request.ask.transactions, receipts, strict=False)
            if isinstance(receipt, dict) and request.head - MAX_HEADERS < (height := _height(receipt)) <= request.head
        )

    def _tell(self, now: Instant, request: _Request, results: list[Any]) -> Iterator[Effect | Delivered]:
        accounts, left = [], list(results)
        for address in request.ask.accounts:
            proof = parse_eip1186(msgspec.json.encode(left.pop(0)))
            storage = tuple(SlotNodes(one.slot.to_bytes(32, "big"), one.proof) for one in proof.slots)
            accounts.append(AccountProof(address, proof.account_proof, storage))
        inclusions = []
        for name, height in request.mined:
            above = request.head - height
            block, receipts, headers, left = left[0], left[1], left[2 : 2 + above], left[2 + above :]
            inclusions.append(inclusion(name, _bytes(block), _list(receipts), [_bytes(raw) for raw in headers]))
        tell = self.tell(
            request.satellite, TellChain(request.updates, tuple(accounts), tuple(inclusions), request.block)
        )
        purpose = "chain head" + (", accounts" if accounts else "") + (", settlement" if inclusions else "")
        yield from self.agent.submit(now, request.satellite, "chain", encode_order(tell), purpose, TELL_LIFETIME_NS, 3)

    def tell(self, satellite: str, tell: TellChain) -> TellChain:
        """What goes up: what was found. (A station that lies overrides this.)"""
        return tell


def _second(request: _Request) -> list[Call]:
    at = hex(request.head)
    slots = {one.address: ["0x" + slot.hex() for slot in one.slots] for one in request.ask.slots}
    calls: list[Call] = [("eth_getProof", [name, slots.get(name, []), at]) for name in request.ask.accounts]
    for _, height in request.mined:
        calls += [("debug_getRawBlock", [hex(height)]), ("debug_getRawReceipts", [hex(height)])]
        calls += [("debug_getRawHeader", [hex(one)]) for one in range(request.head, height, -1)]
    return calls


def inclusion(name: str, block: bytes, receipts: list[Any], above: list[bytes]) -> Inclusion:
    """The proof of a transaction from its raw block (RLP), that block's raw receipts, and the headers above it."""
    parts = rlp.read_list(rlp.decode(block), "a block")
    listed = rlp.read_list(parts[1], "a block's transactions") if len(parts) > 1 else []
    raw = [one if isinstance(one, bytes) else rlp.encode(one) for one in listed]
    index = next((at for at, one in enumerate(raw) if transaction_hash(one) == name), -1)
    items = [_bytes(one) for one in receipts]
    if index < 0 or len(items) != len(raw):
        raise RemoteProtocolError("chain-answer", f"the block that was named does not hold {name}")
    before = tuple(list_proof(items, index - 1)) if index else ()
    return Inclusion(
        name,
        index,
        (*above, rlp.encode(parts[0])),
        tuple(list_proof(raw, index)),
        tuple(list_proof(items, index)),
        before,
    )


def _batch(name: str, calls: Sequence[Call]) -> Send:
    listed = [
        {"jsonrpc": "2.0", "id": f"{name}/{at}", "method": method, "params": params}
        for at, (method, params) in enumerate(calls)
    ]
    return Send(CHAIN, msgspec.json.encode(listed))


def _results(frame: bytes) -> tuple[int, int, list[Any]]:
    """(request, step, results in the order of the calls); an error among them is the request's end."""
    try:
        answers = msgspec.json.decode(frame, type=list[dict[str, Any]])
        places = [str(answer["id"]).split("/") for answer in answers]
        found = {int(place[3]): answer for place, answer in zip(places, answers, strict=True)}
        number, step = int(places[0][1]), int(places[0][2])
        for answer in answers:
            if "error" in answer:
                raise RemoteProtocolError("chain-answer", f"the node says: {answer['error']}"[:200])
        return number, step, [found[at]["result"] for at in range(len(answers))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, IndexError, ValueError) as error:
        raise RemoteProtocolError("chain-answer", f"no answers to a batch: {error}"[:200]) from None


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise RemoteProtocolError("chain-answer", f"{value!r:.40} is no hex")
    try:
        return from_hex(value)
    except DataError:
        raise RemoteProtocolError("chain-answer", f"{value!r:.40} is no hex") from None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RemoteProtocolError("chain-answer", f"{value!r:.40} is no list")
    return value


def _height(receipt: dict[str, Any]) -> int:
    try:
        return int(str(receipt["blockNumber"])[:20], 16)
    except (KeyError, ValueError):
        raise RemoteProtocolError("chain-answer", "a receipt without a proper block number") from None
