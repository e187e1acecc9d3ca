"""The satellite's two Ethereum desks: the verification node and the wallet.

The light client verifies every update itself and trusts no station. The wallet's key is born at the first start, lies
under `wallet` in the node's own store, sealed under the board's device key, and is used only where the policy allows;
where the chain can be followed, only against state that the light client verified (`clearance`). The operator's account
can have it wiped: then the device key is erased, and nothing is signed any more.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from orbitalcloud.core import DataError, Instant, Refused, RemoteProtocolError, Seed, Why, records, to_hex
from orbitalcloud.core.effects import Effect, Erase, Record, Save
from orbitalcloud.core.events import Started
from orbitalcloud.ethereum import LightClient, TransferPolicy, Wallet
from orbitalcloud.ethereum.signed_text import signer_of, wipe_text
from orbitalcloud.ethereum.transactions import Transaction
from orbitalcloud.node import vault
from orbitalcloud.node.clearance import (
    DAY_NS,
    account,
    next_nonce,
    refusal,
    require_balance,
    require_code,
    require_day,
    require_delegate,
)
from orbitalcloud.node.config import SatelliteConfig, VerificationFacts
from orbitalcloud.node.evidence import ProvedState, Settlement
from orbitalcloud.node.orders import Call, Dropped, LabelledUpdate, Settled, Spending, WipeWallet

STORE_KEY = "light-client"
WALLET_KEY = vault.WALLET
WIPED_KEY = "wallet/wiped"
NONCE_KEY = "wallet/nonce"
SIGNED_KEY = "wallet/signed/"
FREE_KEY = "wallet/free/"
SPENT_KEY = "wallet/spent/"
PROVISIONAL_KEY = "wallet/provisional/"
MAX_PROVISIONAL = 64

PAIRING_UJ, KEY_UJ = 17_000, 600
"""What a check costs aboard: 2.1 ms for the pairing and 0.075 ms for a key, measured on one core of a server, four
times as long on an embedded core at 2 W: assumptions, with reasons in docs/decisions/0028. Hashing is far below."""


@dataclass(slots=True)
class VerificationDesk:
    """Follows the beacon chain from the checkpoint; its store is saved after every step."""

    node: str
    facts: VerificationFacts
    client: LightClient | None = None
    store_key: str = STORE_KEY
    uplink_uj_per_byte: int = 0

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> Iterator[Effect]:
        """Go on from the saved store; where there is none, or it is torn, from the checkpoint."""
        try:
            if self.store_key in saved:
                self.client = LightClient.from_bytes(self.facts.config, saved[self.store_key])
                return
        except DataError as error:
            yield self.refused(now, "saved store", RemoteProtocolError("store", str(error)))
        try:
            self.client = LightClient.bootstrap(
                self.facts.config,
                self.facts.checkpoint,
                self.facts.bootstrap,
                current_slot=self.facts.config.slot_at(now),
            )
        except RemoteProtocolError as error:
            yield self.refused(now, "checkpoint", error)
            return
        yield from self._advanced(now, "checkpoint", 0, False, len(self.facts.bootstrap))

    def take(self, now: Instant, item: LabelledUpdate, size_bytes: int = 0) -> Generator[Effect, None, bool]:
        """Verify an update that came up (in `size_bytes`, its own unless given); move, or say which check failed.

        Returns whether it was valid.
        """
        if self.client is None:
            error = RemoteProtocolError("bootstrap", "there is no verified store to apply it to")
            yield self.refused(now, item.label, error)
            return False
        try:
            self.require_subjectivity(now)
            progress = self.client.update(item.update, self.facts.config.slot_at(now))
        except RemoteProtocolError as error:
            yield self.refused(now, item.label, error)
            return False
        rotated = progress.committee_changed
        if rotated or progress.finalized_advanced or progress.optimistic_advanced:
            yield from self._advanced(now, item.label, progress.participants, rotated, size_bytes or len(item.update))
        else:
            yield Save(self.store_key, self.client.to_bytes())
        return True

    def head_age_ns(self, now: Instant) -> int | None:
        """How long ago the newest verified head's slot began; None where there is no head."""
        if self.client is None:
            return None
        return max(now - self.facts.config.instant_of_slot(self.client.optimistic.slot), 0)

    def require_subjectivity(self, now: Instant) -> None:
        """Return if the last final head is young enough to go on from, else raise `weak-subjectivity`.

        Whoever signed since may have left with their stake: their keys can sign another history at no loss. A new
        checkpoint has to come from people.
        """
        limit = self.facts.max_silence_slots
        assert self.client is not None, "only a client has a head"
        silent = self.facts.config.slot_at(now) - self.client.finalized.slot
        if limit is not None and silent > limit:
            raise RemoteProtocolError(
                "weak-subjectivity", f"nothing was final here for {silent} slots, at most {limit} are bridged"
            )

    def _advanced(self, now: Instant, label: str, participants: int, rotated: bool, size: int) -> Iterator[Effect]:
        assert self.client is not None, "only a client can advance"
        config, client = self.facts.config, self.client
        lag_slots = config.slot_at(now) - client.optimistic.slot
        absent = client.store.current_sync_committee.size - participants
        keys = min(participants, absent + 1)  # those that are added up, or the aggregate less the absentees
        energy_uj = PAIRING_UJ + KEY_UJ * keys + size * self.uplink_uj_per_byte
        yield Save(self.store_key, client.to_bytes())
        yield Record(
            records.HeadAdvanced(
                at=now,
                node=self.node,
                source=label,
                period=client.period,
                finalized_slot=client.finalized.slot,
                optimistic_slot=client.optimistic.slot,
                finalized_root=to_hex(client.finalized_root),
                participants=participants,
                rotated=rotated,
                size_bytes=size,
                lag_s=lag_slots * config.seconds_per_slot,
                network=config.name,
                energy_uj=energy_uj if participants else 0,
            )
        )

    def refused(self, now: Instant, label: str, error: RemoteProtocolError) -> Record:
        """What was not believed, and the check that failed."""
        return Record(
            records.UpdateRefused(
                at=now,
                node=self.node,
                source=label,
                check=error.check,
                detail=error.detail[:200],
                network=self.facts.config.name,
            )
        )


NO_WALLET = Why(False, "wallet-store", "the saved wallet is damaged: nothing is signed without it")


@dataclass(slots=True)
class WalletDesk:
    """Holds the wallet and the next nonce; signs what the policy allows."""

    config: SatelliteConfig
    wallet: Wallet | None = field(default=None, repr=False)
    closed: Why = NO_WALLET
    """Why nothing is signed, while there is no wallet."""
    nonce: int = 0
    signed: dict[str, int] = field(default_factory=dict)
    """Hash → nonce of what was signed and is neither settled nor dropped."""
    raws: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Hash → the signed bytes, of what is not final: to be sent again."""
    provisional: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Hash → (nonce, slot of the head) of what was proved under a head that was not final yet."""
    costs: dict[str, int] = field(default_factory=dict)
    """Hash → the most that it takes from the account, wei."""
    spent: dict[int, int] = field(default_factory=dict)
    """When → how much was signed away in the last 24 hours, wei."""
    free: set[int] = field(default_factory=set)
    """Nonces of dropped transactions, to be used again before new ones: the chain takes none behind a gap."""

    def restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        """The saved wallet, or a new one born from this boot's entropy and the device key. A wiped one stays wiped."""
        saved = event.saved
        if WIPED_KEY in saved:
            self.closed = _wiped(saved[WIPED_KEY].decode("ascii", "replace"))
            return
        if WALLET_KEY in saved:
            try:
                self.wallet = _opened(saved, event.device_keys)
            except DataError as error:
                # its account is not given up for a new one: nothing is signed until it is mended
                yield self.refused(now, Why(False, "wallet-store", str(error)[:300]))
                return
            self.nonce = int.from_bytes(saved.get(NONCE_KEY, b""), "big")
            self.free = {int(key.removeprefix(FREE_KEY)) for key in saved if key.startswith(FREE_KEY)}
            for key in saved:
                if key.startswith(SIGNED_KEY):
                    name = key.removeprefix(SIGNED_KEY)
                    self.signed[name] = int.from_bytes(saved[key][:8], "big")
                    self.costs[name] = int.from_bytes(saved[key][8:48], "big")
                    self.raws[name] = saved[key][48:]
                elif key.startswith(PROVISIONAL_KEY):
                    name, body = key.removeprefix(PROVISIONAL_KEY), saved[key]
                    self.provisional[name] = int.from_bytes(body[:8], "big"), int.from_bytes(body[8:16], "big")
                    self.costs[name], self.raws[name] = int.from_bytes(body[16:56], "big"), body[56:]
                elif key.startswith(SPENT_KEY):
                    self.spent[int(key.removeprefix(SPENT_KEY))] = int.from_bytes(saved[key], "big")
            return
        if vault.WALLET not in event.device_keys:
            self.closed = Why(False, "wallet-store", "the board has no device key to seal a wallet under")
            yield self.refused(now, self.closed)
            return
        # who has the seed alone, but not the board's key store, cannot make the key again
        drawn = Seed(event.entropy).child("wallet").child(event.device_keys[vault.WALLET].hex())
        self.wallet = Wallet.born(drawn.bytes(32))
        yield Save(WALLET_KEY, vault.sealed(self.wallet.to_bytes(), vault.WALLET, event.device_keys, event.entropy))
        yield Record(records.WalletBorn(at=now, node=self.config.name, address=self.wallet.address))

    def wipe(self, now: Instant, order: WipeWallet) -> Iterator[Effect]:
        """Destroy the wallet if the operator's account ordered it for this satellite and this wallet.

        The device key goes first: whatever fails after it, and whatever copies of the store there are, nothing opens.
        """
        if self.wallet is None:
            yield self.refused(now, self.closed)
            return
        operator, wallet = self.config.operator, self.wallet
        signer = signer_of(wipe_text(self.config.name, wallet.address), order.signature)
        if not operator or signer.lower() != operator.lower():
            whose = f"{operator}'s" if operator else "nobody's: the mission names no operator"
            text = f"signed by {signer} (or for another wallet or satellite); it must be {whose}"
            yield self.refused(now, Why(False, "wallet-operator", text))
            return
        wallet.wipe()
        self.wallet, self.closed = None, _wiped(wallet.address)
        yield Erase(vault.WALLET)
        yield Save(WIPED_KEY, wallet.address.encode())
        yield Save(WALLET_KEY, None)
        yield Record(records.WalletWiped(at=now, node=self.config.name, address=wallet.address, operator=signer))

    def unlock(self, saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> None:
        """After thawing: the saved wallet again, unless it could not be opened at the boot either, as the Log says."""
        if WALLET_KEY in saved and WIPED_KEY not in saved:
            with suppress(DataError):
                self.wallet = _opened(saved, device_keys)

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Without the wallet, which the node gives back."""
        return None, {name: getattr(self, name) for name in self.__slots__} | {"wallet": None}

    def admit(self, order: Spending) -> None:
        """Return if policy lets this order be signed at all, whatever the chain's state; `Refused` otherwise."""
        if self.wallet is None:
            raise Refused(self.closed)
        fee = order.gas * int(order.max_fee_per_gas_wei)
        self._policy(order).require(
            chain_id=order.chain_id, to=order.to, value_wei=int(order.value_wei), fee_wei=fee, data=_data(order)
        )
        if isinstance(order, Call) and order.delegate:
            self._policy(order).require_delegate(order.chain_id, order.delegate)

    def refused(self, now: Instant, why: Why) -> Record:
        """An order that is not signed."""
        return Record(records.TransactionRefused(at=now, node=self.config.name, hash="", why=why))

    def _clear(self, now: Instant, order: Spending, proved: ProvedState | None) -> tuple[int, int]:
        """The nonce to use and the most that this takes from the account; `Refused` where something forbids it."""
        assert self.wallet is not None, "the caller looked"
        cost = int(order.value_wei) + order.gas * int(order.max_fee_per_gas_wei)
        require_day(self.spent, now, cost, self.config.daily_limit_wei)
        following = self.config.following
        if following is None or not following.verified_state:
            return min(self.free, default=self.nonce), cost
        if proved is None:
            raise refusal("wallet-state", "no state is proved that this could be signed against")
        sender = account(proved, self.wallet.address)
        require_code(account(proved, order.to), order.to, following.code_hashes)
        if isinstance(order, Call) and order.delegate:
            require_delegate(account(proved, order.delegate), order.delegate, following.code_hashes)
        ahead = [name for name, nonce in self.signed.items() if nonce >= sender.nonce]
        require_balance(sender, sum(self.costs.get(name, 0) for name in ahead), cost)
        return next_nonce(sender.nonce, self.signed.values()), cost

    def sign(self, now: Instant, order: Spending, proved: ProvedState | None = None) -> Iterator[Effect | bytes]:
        """Yields the effects, and the raw transaction if it was signed. The nonce is saved before it is used."""
        if self.wallet is None:
            yield self.refused(now, self.closed)
            return
        try:
            used, cost = self._clear(now, order, proved)
            policy = self._policy(order)
            signed = self.wallet.sign(self._draft(order, used, policy), policy=policy)
        except Refused as error:
            yield Record(records.TransactionRefused(at=now, node=self.config.name, hash="", why=error.why))
            return
        except DataError as error:
            why = Why(False, "wallet-order", str(error)[:300])
            yield Record(records.TransactionRefused(at=now, node=self.config.name, hash="", why=why))
            return
        self.raws[signed.hash] = signed.raw
        yield from self._keep(now, signed.hash, used, cost)
        yield Record(
            records.TransactionSigned(
                at=now,
                node=self.config.name,
                hash=signed.hash,
                sender=self.wallet.address,
                to=order.to,
                value_wei=order.value_wei,
                nonce=used,
                chain_id=order.chain_id,
                proved_slot=-1 if proved is None else proved.slot,
            )
        )
        yield signed.raw

    def _draft(self, order: Spending, nonce: int, policy: TransferPolicy) -> Transaction:
        """The transaction of an order; a delegation is the account's own, so it holds from the nonce after this one."""
        assert self.wallet is not None, "the caller looked"
        more: dict[str, Any] = {}
        if isinstance(order, Call):
            access = tuple((one.address, one.slots) for one in order.access)
            more = {"data": order.data, "kind": order.kind, "access_list": access}
            if order.delegate:
                made = self.wallet.authorise(order.chain_id, order.delegate, nonce + 1, policy=policy)
                more["authorizations"] = (made,)
        fee, tip = int(order.max_fee_per_gas_wei), int(order.max_priority_fee_per_gas_wei)
        return Transaction(order.chain_id, nonce, order.to, int(order.value_wei), order.gas, fee, tip, **more)

    def _keep(self, now: Instant, name: str, used: int, cost: int) -> Iterator[Effect]:
        yield self._wait(name, used, cost)
        if used in self.free:
            self.free.discard(used)
            yield Save(f"{FREE_KEY}{used}", None)
        if used >= self.nonce:
            self.nonce = used + 1
            yield Save(NONCE_KEY, self.nonce.to_bytes(8, "big"))
        for at in [at for at in self.spent if at <= now - DAY_NS]:
            del self.spent[at]
            yield Save(f"{SPENT_KEY}{at}", None)
        self.spent[now] = self.spent.get(now, 0) + cost
        yield Save(f"{SPENT_KEY}{now}", self.spent[now].to_bytes(40, "big"))

    def _wait(self, name: str, used: int, cost: int) -> Save:
        self.signed[name], self.costs[name] = used, cost
        return Save(SIGNED_KEY + name, used.to_bytes(8, "big") + cost.to_bytes(40, "big") + self.raws.get(name, b""))

    def proved(self, now: Instant, item: Settlement, network: str) -> Iterator[Effect]:
        """A transaction's fate is proved under a head that was verified here; looked at again until it is final."""
        if item.hash in self.provisional:
            if item.final:
                yield from self._final(item.hash)
                yield Record(records.TransactionFinal(now, self.config.name, item.hash, item.block, item.slot))
            return
        used, cost, raw = self.signed[item.hash], self.costs.get(item.hash, 0), self.raws.get(item.hash, b"")
        yield from self._over(item.hash)
        if not item.final:
            while len(self.provisional) >= MAX_PROVISIONAL:
                yield from self._final(next(iter(self.provisional)))
            self.provisional[item.hash], self.raws[item.hash] = (used, item.slot), raw
            body = used.to_bytes(8, "big") + item.slot.to_bytes(8, "big") + cost.to_bytes(40, "big") + raw
            self.costs[item.hash] = cost
            yield Save(PROVISIONAL_KEY + item.hash, body)
        yield self.settlement(now, item, network)

    def _final(self, name: str) -> Iterator[Effect]:
        del self.provisional[name]
        self.costs.pop(name, None)
        self.raws.pop(name, None)
        yield Save(PROVISIONAL_KEY + name, None)

    def undone(self, now: Instant, proved: ProvedState) -> Iterator[Effect | bytes]:
        """What was settled and is not in the chain of this later head waits again; yields its bytes, to be sent again.

        Its nonce tells: had a block of that chain executed it, the account's nonce would be beyond it.
        """
        if self.wallet is None or self.wallet.address.lower() not in proved.accounts:
            return
        nonce = account(proved, self.wallet.address).nonce
        for name, (used, slot) in list(self.provisional.items()):
            if proved.slot <= slot or nonce > used:
                continue
            cost, raw = self.costs.get(name, 0), self.raws.get(name, b"")
            yield from self._final(name)
            self.raws[name] = raw
            yield self._wait(name, used, cost)
            text = f"under the head of slot {proved.slot} the account has executed {nonce} transactions, not this one"
            why = Why(False, "reorganised", text, nonce, used, "nonce")
            yield Record(records.TransactionUndone(now, self.config.name, name, why))
            if raw:
                yield raw

    def settlement(self, now: Instant, item: Settlement, network: str) -> Record:
        """The Log's entry of a proved fate."""
        kind = "finalised" if item.final else "optimistic"
        return Record(
            records.TransactionSettled(
                at=now,
                node=self.config.name,
                hash=item.hash,
                status=item.status,
                block=item.block,
                gas_used=item.gas_used,
                chain=f"{network}, proved under the {kind} head of slot {item.slot}, {item.root}",
                proved_slot=item.slot,
            )
        )

    def _over(self, name: str) -> Iterator[Effect]:
        self.costs.pop(name, None)
        self.raws.pop(name, None)
        if self.signed.pop(name, None) is not None:
            yield Save(SIGNED_KEY + name, None)

    def settled(self, now: Instant, item: Settled, told_by: str) -> Iterator[Effect]:
        """A station says that the chain executed a transaction of ours."""
        yield from self._over(item.hash)
        yield Record(
            records.TransactionSettled(
                at=now,
                node=self.config.name,
                hash=item.hash,
                status=item.status,
                block=item.block,
                gas_used=item.gas_used,
                chain=f"as told by {told_by}",
            )
        )

    def dropped(self, now: Instant, item: Dropped, told_by: str) -> Iterator[Effect]:
        """A station says that the chain will not take a transaction of ours: its nonce is used again."""
        used = self.signed.get(item.hash)
        if used is None:
            return
        yield from self._over(item.hash)
        self.free.add(used)
        yield Save(f"{FREE_KEY}{used}", b"")
        why = Why(False, "chain", f"as told by {told_by}: {item.text}"[:300])
        yield Record(records.TransactionRefused(at=now, node=self.config.name, hash=item.hash, why=why))

    def _policy(self, order: Spending) -> TransferPolicy:
        """Data only for a contract that may be called, a delegate only if it is listed: both lists begin empty."""
        limit, following = self.config.max_payment_wei, self.config.following
        contracts = frozenset() if following is None else following.contracts
        return TransferPolicy(
            allowed=self.config.payees | contracts,
            max_value_wei=limit,
            max_fee_wei=limit,
            chain_ids=self.config.chain_ids,
            data_allowed=order.to.lower() in contracts,
            delegates=frozenset() if following is None else following.delegates,
        )


def _data(order: Spending) -> bytes:
    return order.data if isinstance(order, Call) else b""


def _opened(saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> Wallet:
    return Wallet.from_bytes(vault.opened(saved[WALLET_KEY], vault.WALLET, device_keys))


def _wiped(address: str) -> Why:
    return Why(
        False, "wallet-wiped", f"the key of {address} was wiped on the operator's order: nothing is signed any more"
    )
