"""The half of an agent in which bundles end: delivered to an application, or dropped, and either way said to be.

The contract with the driver, and what begins and passes bundles on, is in `agent`.
"""

from __future__ import annotations

from orbitalcloud.core import effects, records
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network import admin, making
from orbitalcloud.network.assurance import Assurance
from orbitalcloud.network.bundle import (
    IS_ADMINISTRATIVE,
    MAX_BYTES,
    TOLERANCES,
    Bundle,
    decode,
)
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.fragment import Parts
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Delivered, Out
from orbitalcloud.network.reporting import reported
from orbitalcloud.network.security.guard import Guard
from orbitalcloud.network.security.policy import Judgement
from orbitalcloud.network.seen import Seen
from orbitalcloud.network.sending import Sender
from orbitalcloud.network.store import BundleStore, Entry

EXPIRY_TIMER = "net/expiry"


class Ending:
    """What a `BundleAgent` does with bundles that go no further."""

    __slots__ = ("_expiry_at",)

    name: str
    limits: AgentLimits
    guard: Guard | None
    aliases: dict[str, str]
    assurance: Assurance
    _store: BundleStore
    _sender: Sender
    _seen: Seen
    _parts: Parts
    _expiry_at: Instant | None

    def _report(self, now: Instant, subject: Bundle, status: int, reason: int, out: Out) -> None:
        raise AssertionError("an agent says how it reports")

    def node_of(self, eid: Eid) -> str:
        """The name in the contact plan of the node that an endpoint is at."""
        return self.aliases.get(eid.node, eid.node)

    def _entry(self, now: Instant, bundle: Bundle, wire: bytes, expires: Instant, local: bool = False) -> Entry:
        source = self.node_of(bundle.source)
        entry = Entry(bundle, wire, now, expires, local, "" if source == self.name else source or "nobody")
        entry.destination = self.node_of(bundle.destination)
        return entry

    def _too_big(self, size_bytes: int) -> Why | None:
        most = self.limits.bundle_bytes
        if size_bytes <= most:
            return None
        return Why(False, "size", f"the bundle has {size_bytes} bytes, {most} are taken", size_bytes, most, "byte")

    # Delivering -------------------------------------------------------------------------------------------------------

    def _take_fragment(self, now: Instant, bundle: Bundle, wire: bytes, expires: Instant, out: Out) -> None:
        if bundle.total_bytes > self.limits.bundle_bytes:
            why = self._too_big(bundle.total_bytes)
            assert why is not None
            self._drop_bundle(now, bundle, why, out)
            return
        entry = self._entry(now, bundle, wire, expires, local=True)
        self._store.add(entry)
        out.append(effects.Save(entry.key, entry.saved(now)))
        self._assemble(now, bundle, expires, out)
        self._watch_expiry(out)

    def _assemble(self, now: Instant, part: Bundle, expires: Instant, out: Out) -> None:
        """Add a stored fragment to the others; deliver when nothing is missing."""
        try:
            whole = self._parts.add(part)
        except RemoteProtocolError as error:
            self._forget_local(part.id, out)
            self._drop(now, part.id, Why(False, error.check, error.detail), out)
            return
        if whole is not None:
            self._put_together(now, whole, expires, out)

    def _put_together(self, now: Instant, bundle: Bundle, expires: Instant, out: Out) -> None:
        """A bundle whose last fragment came: its security is judged only now. Refused, it is gone: it was taken."""
        judged = Judgement(bundle, Why(True, "security", "not judged here"))
        if self.guard is not None:
            judged = self.guard.judged(bundle, True)
        if judged.bundle is not None:
            self._deliver(now, judged.bundle, expires, judged.verdict, out)
            return
        self._forget_parts(bundle.id, out)
        self._drop(now, bundle.id, judged.why, out, judged.reason)

    def _forget_local(self, name: str, out: Out) -> None:
        out.append(effects.Save(self._store.remove(name).key, None))

    def _forget_parts(self, whole_id: str, out: Out) -> None:
        for name in self._parts.forget(whole_id):
            self._forget_local(name, out)

    def _deliver(self, now: Instant, bundle: Bundle, expires: Instant, security: str, out: Out) -> None:
        name = bundle.id
        self._seen.remember(now, name, expires, out)  # before `Delivered`: see the module's contract
        self._forget_parts(name, out)
        if bundle.flags & IS_ADMINISTRATIVE:
            self._heard(now, bundle, out)
            return
        created = making.made_at(now, bundle)
        out.append(effects.Record(making.delivered(now, self.name, bundle, created, security)))
        source, service = self.node_of(bundle.source), bundle.destination.service
        out.append(Delivered(name, source, service, bundle.payload, created, bundle.source.text))
        self._report(now, bundle, admin.DELIVERED, admin.NO_REASON, out)

    # Status reports ---------------------------------------------------------------------------------------------------

    def _heard(self, now: Instant, bundle: Bundle, out: Out) -> None:
        """An administrative record for this node: shown in the Log, and where it confirms a delivery, believed."""
        try:
            entry = reported(now, self.name, bundle)
        except RemoteProtocolError as error:
            self._drop(now, bundle.id, Why(False, error.check, error.detail), out)
            return
        out.append(effects.Record(entry))
        if admin.STATUSES[admin.DELIVERED] in entry.status.split("+"):
            self.confirm(now, entry.bundle, self.node_of(bundle.source), out)

    def confirm(self, now: Instant, bundle: str, reporter: str, out: Out) -> None:
        """`reporter`, its destination, has the bundle, as a report or an application's answer says."""
        if self.assurance.confirmed(now, bundle, reporter, out):
            entry = self._store.get(bundle)
            if entry is not None:
                self._sender.release(entry, out)

    # Dropping ---------------------------------------------------------------------------------------------------------

    def _expire(self, now: Instant, out: Out) -> None:
        for entry in self._store.expired(now):
            if entry.local:
                self._forget_local(entry.id, out)
                self._parts.forget(entry.whole_id)
            else:
                self._sender.release(entry, out)
            text = f"its lifetime ended at {iso(entry.expires)}"
            why = Why(False, "lifetime", text, now // MILLISECOND, entry.expires // MILLISECOND, "ms")
            self._drop_entry(now, entry, why, out)

    def _watch_expiry(self, out: Out) -> None:
        at = self._store.next_expiry()
        if at is not None and (self._expiry_at is None or at < self._expiry_at):
            self._expiry_at = at
            out.append(effects.Wake(at, EXPIRY_TIMER))

    def _drop_entry(self, now: Instant, entry: Entry, why: Why, out: Out) -> None:
        """Say of a bundle that has left the store why it did."""
        if entry.flags & admin.ASK[admin.DELETED]:
            self._drop_bundle(now, decode(entry.wire, MAX_BYTES, TOLERANCES), why, out)
        else:
            self._drop(now, entry.id, why, out, admin.OF_RULE.get(why.rule, 0))

    def _drop_bundle(self, now: Instant, bundle: Bundle, why: Why, out: Out) -> None:
        reason = admin.OF_RULE.get(why.rule, 0)
        self._drop(now, bundle.id, why, out, reason)
        self._report(now, bundle, admin.DELETED, reason, out)

    def _drop(self, now: Instant, bundle: str, why: Why, out: Out, reason: int = 0) -> None:
        dropped = records.BundleDropped(at=now, node=self.name, bundle=bundle, why=why, reason=reason)
        out.append(effects.Record(dropped))
