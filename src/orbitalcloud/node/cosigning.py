"""One of a purse's three keys, in orbit: co-signs what policy allows, vetoes what the other two propose against it.

    asked by a station ──► policy ──► proved: code, owners, next number, coins ──► co-signed, proposed, executed
    proposed by the two on the ground ──► seen by proof in the purse's storage ──► passes, or is vetoed in its window

Nothing that a station says is taken for what the purse holds: code, owners and proposals are proved under the head that
this satellite's light client verified. What is not proved is not signed (`cosign-…` names the rule). For one number
one proposal is signed. The transactions (`propose`, `veto`, `execute`) are the satellite's own, through any station.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from orbitalcloud.core import HOUR, SECOND, Instant, Refused, RemoteProtocolError, Why, records
from orbitalcloud.core.effects import Effect, Record, Save
from orbitalcloud.ethereum import TransferPolicy
from orbitalcloud.ethereum.contracts import COSIGNER
from orbitalcloud.ethereum.layout import NEXT_NUMBER, OWNERS, address_of, proposal_slots
from orbitalcloud.ethereum.settlement import PROPOSAL_TYPE, VETO_TYPE
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.ethereum.typed_data import Domain, struct_hash, typed_signer
from orbitalcloud.node.clearance import DAY_NS, account, refusal, require_day
from orbitalcloud.node.config import PurseFacts
from orbitalcloud.node.evidence import ProvedState
from orbitalcloud.node.orders import Call, decode_order, encode_order
from orbitalcloud.node.purse_orders import CoSign, Veto, numbers_of
from orbitalcloud.node.trust import WalletDesk

ASKED_KEY = "purse/asked/"
STATE_KEY = "purse/state"
MAX_ASKED = 8
AHEAD = 2
"""Proposals beyond the last known that are looked for in one question."""
MAX_OPEN = 4
AGAIN_NS = HOUR
"""A veto or an execution that is not proved after so long is sent again."""
NO_DATA = keccak256(b"")
MAX_FEE_WEI, TIP_WEI = 20 * 10**9, 10**9
PROPOSE_GAS, VETO_GAS, EXECUTE_GAS = 300_000, 150_000, 200_000

Step = Effect | Call


class _Open(msgspec.Struct, array_like=True):
    """A proposal that is followed to its end: one to be executed, or one that was vetoed."""

    to: str
    value_wei: str
    executable_from: int
    vetoed: bool
    sent_at: int = 0


class _State(msgspec.Struct, array_like=True, tag="purse/1"):
    """What is kept: the next number to look at, proposals in progress, what was signed for each number, and when; the
    purse's owners, who never change, and its next number, as they were last proved."""

    checked: int = 0
    open: dict[int, _Open] = {}
    signed: dict[int, bytes] = {}
    spent: dict[int, str] = {}
    vetoes: dict[int, str] = {}
    owners: list[str] = []
    following: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A proposal as it stands in the purse's storage."""

    to: str
    value_wei: int
    data_hash: bytes
    executable_from: int
    third: str
    done: bool


@dataclass(slots=True)
class CoSignDesk:
    """A `chaindesk.Watcher`; its state is saved under `purse/…`."""

    node: str
    facts: PurseFacts
    wallet: WalletDesk
    asked: dict[str, CoSign] = field(default_factory=dict)
    state: _State = field(default_factory=_State)

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Effect]:
        """What was asked and done before the reboot; what is damaged is dropped with a Why."""
        for key in sorted(saved):
            try:
                if key.startswith(ASKED_KEY):
                    self.asked[key.removeprefix(ASKED_KEY)] = decode_order(saved[key], CoSign)
                elif key == STATE_KEY:
                    self.state = msgspec.msgpack.decode(saved[key], type=_State)
            except (RemoteProtocolError, msgspec.DecodeError, UnicodeDecodeError) as error:
                yield self._said(now, 0, "refused", "", 0, Why(False, "cosign-store", f"{key}: {error}"[:300]))
                yield Save(key, None)

    # Being asked -----------------------------------------------------------------------------------------------------

    def take(self, now: Instant, order: CoSign) -> Iterator[Effect]:
        """A proposal that an owner is said to have signed: refused at once where policy says so, else looked up."""
        try:
            self._allow(now, order.purse, order.to, int(order.value_wei))
            self._first(order)
            if len(self.asked) >= MAX_ASKED:
                raise refusal("cosign-orders", f"{MAX_ASKED} proposals wait already")
        except Refused as error:
            yield self._refused(now, order, error.why)
            return
        name = f"{order.number}-{keccak256(encode_order(order))[:8].hex()}"
        self.asked[name] = order
        yield Save(ASKED_KEY + name, encode_order(order))

    def take_veto(self, now: Instant, order: Veto) -> Iterator[Effect]:
        """An owner on the ground asks for a veto; it is signed when the purse is proved to have that owner."""
        try:
            if order.purse.lower() != self.facts.address.lower():
                raise refusal("cosign-purse", f"{order.purse} is not the purse of this satellite")
            signer = typed_signer(self._domain, struct_hash(VETO_TYPE, (order.number,)), numbers_of(order.signature))
        except (Refused, RemoteProtocolError) as error:
            why = error.why if isinstance(error, Refused) else Why(False, "cosign-signature", error.detail[:300])
            yield self._said(now, order.number, "refused", "", 0, why)
            return
        if self.state.owners and signer.lower() not in self.state.owners:  # nobody else fills the list
            why = Why(False, "cosign-veto", f"{signer} asks for it, who is no owner")
            yield self._said(now, order.number, "refused", "", 0, why)
            return
        self.state.vetoes[order.number] = signer.lower()
        while len(self.state.vetoes) > MAX_ASKED:  # the furthest goes: those that are there already are judged soon
            furthest = max(self.state.vetoes)
            del self.state.vetoes[furthest]
            why = Why(False, "cosign-orders", f"{MAX_ASKED} vetoes wait already")
            yield self._said(now, furthest, "refused", "", 0, why)
        yield self._keep()

    def _allow(self, now: Instant, purse: str, to: str, value_wei: int) -> None:
        facts = self.facts
        if self.wallet.wallet is None:
            raise Refused(self.wallet.closed)
        if purse.lower() != facts.address.lower():
            raise refusal("cosign-purse", f"{purse} is not the purse of this satellite")
        if to.lower() not in {one.lower() for one in facts.payees}:
            raise refusal("cosign-payee", f"{to} is not on the purse's allow-list")
        spent = {at: int(wei) for at, wei in self.state.spent.items()}
        try:
            require_day(spent, now, value_wei, facts.daily_limit_wei)
        except Refused as error:
            why = error.why
            raise refusal("cosign-day", why.text, why.value, why.limit, why.unit) from None

    def _first(self, order: CoSign) -> str:
        """Who signed the proposal that came; `Refused` where it is nobody."""
        try:
            return typed_signer(self._domain, _content(order), numbers_of(order.first)).lower()
        except RemoteProtocolError as error:
            raise refusal("cosign-proposal", f"nobody proposed this: {error.detail}") from None

    # Watching --------------------------------------------------------------------------------------------------------

    def waits(self) -> bool:
        """Asked, or in the middle of something: every contact is used."""
        return bool(self.asked or self.state.open or self.state.vetoes or self.hurries())

    def hurries(self) -> bool:
        """There are more proposals than one question showed: many small ones must not hide one until it is too late."""
        return self.wallet.wallet is not None and self.state.following > self.state.checked

    def wants(self) -> dict[str, tuple[int, ...]]:
        """The purse's owners, its next number, the proposals in progress and those that may have come."""
        numbers = self._numbers()
        return {self.facts.address.lower(): (*OWNERS, NEXT_NUMBER, *(s for n in numbers for s in proposal_slots(n)))}

    def _numbers(self) -> list[int]:
        ahead = range(self.state.checked, self.state.checked + AHEAD)
        return sorted({*list(self.state.open)[:MAX_OPEN], *sorted(self.state.vetoes)[:AHEAD], *ahead})

    def look(self, now: Instant, proved: ProvedState, station: str) -> Iterator[Step]:
        """What the purse is proved to hold: sign what was asked, judge what is new, go on with what is open."""
        if self.wallet.wallet is None:  # wiped, or never there: what waits is refused, and nothing is watched
            yield from self._drop_all(now, self.wallet.closed, proved.slot)
            return
        held = account(proved, self.facts.address)
        code = "0x" + held.code_hash.hex()
        if code != self.facts.code_hash:
            text = f"{self.facts.address} holds code {code}: that is not the purse"
            yield from self._drop_all(now, refusal("cosign-code", text).why, proved.slot)
            return
        owners = [address_of(word) for word in proved.words(self.facts.address, OWNERS)]
        (following,) = proved.words(self.facts.address, (NEXT_NUMBER,))
        if (owners, following) != (self.state.owners, self.state.following):
            self.state.owners, self.state.following = owners, min(following, 2**63)
            yield self._keep()
        for number in self._numbers():
            if number < following:
                yield from self._judge(now, number, self._seen(proved, number), owners, proved.slot)
        for name, order in list(self.asked.items()):
            del self.asked[name]
            yield Save(ASKED_KEY + name, None)
            yield from self._co_sign(now, order, owners, following, held.balance_wei, proved.slot)

    def _seen(self, proved: ProvedState, number: int) -> _Seen:
        to, value, data_hash, begins, third, done = proved.words(self.facts.address, proposal_slots(number))
        return _Seen(address_of(to), value, data_hash.to_bytes(32, "big"), begins, address_of(third), bool(done))

    def _drop_all(self, now: Instant, why: Why, slot: int) -> Iterator[Effect]:
        for name, order in list(self.asked.items()):
            del self.asked[name]
            yield Save(ASKED_KEY + name, None)
            yield self._refused(now, order, why, slot)

    # Signing ---------------------------------------------------------------------------------------------------------

    def _co_sign(
        self, now: Instant, order: CoSign, owners: list[str], following: int, balance_wei: int, slot: int
    ) -> Iterator[Step]:
        content, value = _content(order), int(order.value_wei)
        try:
            self._allow(now, order.purse, order.to, value)
            own = self._own()
            first = self._first(order)
            if own not in owners:
                raise refusal("cosign-owner", f"{own} is no owner of the purse")
            if first not in owners or first == own:
                raise refusal("cosign-proposal", f"no other owner proposed this: the signature is of {first}")
            if order.number != following:
                text = f"proposal {order.number} is asked for, the purse's next is {following}"
                raise refusal("cosign-number", text, order.number, following, "number")
            if value > balance_wei:
                raise refusal("cosign-balance", f"{value} wei, the purse is proved to hold {balance_wei}")
            if self.state.signed.get(order.number, content) != content:
                raise refusal("cosign-twice", f"another proposal {order.number} was signed")
            second = self._sign(content)
        except Refused as error:
            yield self._refused(now, order, error.why, slot)
            return
        new = order.number not in self.state.signed
        self.state.signed[order.number] = content
        for number in sorted(self.state.signed)[:-MAX_ASKED]:
            del self.state.signed[number]
        if new:
            self._count(now, value)
        yield self._keep()
        why = Why(True, "cosign", f"signed by {first} first; code, owners, number and coins are proved")
        yield self._said(now, order.number, "co-signed", order.to, value, why, slot)
        signatures = (numbers_of(order.first), second)
        yield self._call(PROPOSE_GAS, COSIGNER.call("propose", order.to, value, b"", *signatures))

    def _judge(self, now: Instant, number: int, seen: _Seen, owners: list[str], slot: int) -> Iterator[Step]:
        """A proposal that is in the purse: new, in progress, or asked to be vetoed."""
        state, own = self.state, self._own()
        asked = state.vetoes.pop(number, "")
        if number >= state.checked:
            state.checked = number + 1
            mine = state.signed.get(number) is not None and seen.third != own
            if mine and not seen.done:
                state.open[number] = _Open(seen.to, str(seen.value_wei), seen.executable_from, False)
            elif not seen.done and seen.third == own:
                why = self._objection(now, seen)
                if why.ok:
                    self._count(now, seen.value_wei)
                    yield self._said(now, number, "passed", seen.to, seen.value_wei, why, slot)
                else:
                    yield from self._veto(now, number, seen, why, slot)
            yield self._keep()
        if asked:
            yield self._keep()
            if asked not in owners or asked == own or seen.third != own or seen.done:
                text = f"{asked} asks for it; owners are {', '.join(owners)}, who may veto is {seen.third}"
                why = Why(False, "cosign-veto", text + (", and it is over" if seen.done else ""))
                yield self._said(now, number, "refused", seen.to, seen.value_wei, why, slot)
            elif number not in state.open:
                why = Why(True, "cosign-asked", f"{asked} takes back what was signed with its key")
                yield from self._veto(now, number, seen, why, slot)
        if number in state.open:
            yield from self._follow(now, number, seen, slot)

    def _count(self, now: Instant, value_wei: int) -> None:
        """Towards the day's limit: what this key signed, and what it let the other two pay."""
        self.state.spent = {at: wei for at, wei in self.state.spent.items() if at > now - DAY_NS}
        self.state.spent[now] = str(int(self.state.spent.get(now, "0")) + value_wei)

    def _objection(self, now: Instant, seen: _Seen) -> Why:
        """Whether what the other two agreed to may stand: the policy of what this key would sign itself."""
        try:
            if seen.data_hash != NO_DATA:
                raise refusal("cosign-data", "it calls something: the purse only pays")
            self._allow(now, self.facts.address, seen.to, seen.value_wei)
        except Refused as error:
            return error.why
        return Why(True, "cosign", "payee and amount are within this key's own policy")

    def _veto(self, now: Instant, number: int, seen: _Seen, why: Why, slot: int) -> Iterator[Step]:
        if self.wallet.wallet is None:
            yield self._said(now, number, "refused", seen.to, seen.value_wei, self.wallet.closed, slot)
            return
        if now >= seen.executable_from * SECOND:
            late = Why(False, "cosign-late", f"the window is over, and anybody may have executed it; {why.text}"[:300])
            yield self._said(now, number, "too-late", seen.to, seen.value_wei, late, slot)
        self.state.open[number] = _Open(seen.to, str(seen.value_wei), seen.executable_from, True, now)
        yield self._said(now, number, "vetoed", seen.to, seen.value_wei, why, slot)
        signature = self._sign(struct_hash(VETO_TYPE, (number,)))
        yield self._keep()
        yield self._call(VETO_GAS, COSIGNER.call("veto", number, signature))

    def _follow(self, now: Instant, number: int, seen: _Seen, slot: int) -> Iterator[Step]:
        one = self.state.open[number]
        if seen.done:
            del self.state.open[number]
            yield self._keep()
            step = "veto-proved" if one.vetoed else "executed"
            why = Why(True, "cosign", "it is over, as the purse's storage is proved to say")
            yield self._said(now, number, step, seen.to, seen.value_wei, why, slot)
        elif now - one.sent_at < AGAIN_NS or (not one.vetoed and now < (seen.executable_from + 12) * SECOND):
            return  # on its way, or its window is open
        elif one.vetoed:  # its transaction was refused or lost: a second one that is too many is reverted
            one.sent_at = now
            yield self._keep()
            signature = self._sign(struct_hash(VETO_TYPE, (number,)))
            yield self._call(VETO_GAS, COSIGNER.call("veto", number, signature))
        else:
            first, one.sent_at = not one.sent_at, now
            yield self._keep()
            if first:
                why = Why(True, "cosign", "its window is over, and nobody vetoed it")
                yield self._said(now, number, "execution-sent", seen.to, seen.value_wei, why, slot)
            yield self._call(EXECUTE_GAS, COSIGNER.call("execute", number, b""))

    # Words -----------------------------------------------------------------------------------------------------------

    @property
    def _domain(self) -> Domain:
        return Domain(self.facts.chain_id, self.facts.address)

    def _own(self) -> str:
        if self.wallet.wallet is None:
            raise Refused(self.wallet.closed)
        return self.wallet.wallet.address.lower()

    def _sign(self, content: bytes) -> tuple[int, int, int]:
        assert self.wallet.wallet is not None, "the callers looked"
        policy = TransferPolicy(chain_ids=frozenset({self.facts.chain_id}), contracts=frozenset({self.facts.address}))
        return self.wallet.wallet.sign_typed(self._domain, content, policy=policy)

    def _call(self, gas: int, data: bytes) -> Call:
        facts = self.facts
        return Call(
            self.node, facts.station, facts.address, "0", str(MAX_FEE_WEI), str(TIP_WEI), gas, facts.chain_id, data
        )

    def _keep(self) -> Save:
        return Save(STATE_KEY, msgspec.msgpack.encode(self.state))

    def _refused(self, now: Instant, order: CoSign, why: Why, slot: int = -1) -> Record:
        return self._said(now, order.number, "refused", order.to, int(order.value_wei), why, slot)

    def _said(self, now: Instant, number: int, step: str, to: str, wei: int, why: Why, slot: int = -1) -> Record:
        return Record(records.PurseStep(now, self.node, self.facts.address, number, step, to, str(wei), why, slot))


def _content(order: CoSign) -> bytes:
    return struct_hash(PROPOSAL_TYPE, (order.number, order.to, int(order.value_wei), NO_DATA))
