"""End to end: a bundle stays its source's affair until its destination confirms it.

Custody ends at the first relay that says TAKEN, and a relay may lie. So the source keeps a copy, asks for a delivery
report, and reckons from the plan when that should be back. Where it is not, the relays of that way are blamed, and the
same bundle (the same id, so that a destination which has it drops the second copy and only reports again) goes out
once more with a block that names whom to avoid. After `confirm_tries` sendings, or at its expiry, the source says that
it was never confirmed. Copies are saved: a source that reboots goes on waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from orbitalcloud.core import effects, records
from orbitalcloud.core.time import HOUR, MILLISECOND, MINUTE, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network.avoiding import avoiding
from orbitalcloud.network.bundle import MAX_BYTES, TOLERANCES, Bundle, decode
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Out
from orbitalcloud.network.relay_record import RelayRecord, Turn
from orbitalcloud.network.routes import Routes
from orbitalcloud.network.routing import Route, Terms, route

CONFIRM_TIMER = "net/confirm"
PREFIX = "confirm/"
REPORT_BYTES = 300
"""About a signed status report, for the way back."""
SLACK_NS = 20 * MINUTE
"""Least patience beyond the reckoned time: queues, lost frames, a station's outage of minutes."""
NO_WAY_NS = 2 * HOUR
"""When to look again where the plan has no way there or back."""


class Awaited(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A bundle that is not confirmed yet. `path` are the relays of its last sending, `avoid` those of all that failed;
    `left` is when a neighbour took it over, 0 while it is still here."""

    id: str
    destination: str
    expires: int
    made: int
    wire: bytes
    tries: int = 1
    path: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    left: int = 0
    due: int = 0


class Assurance:
    """The bundles of the node `name` that await confirmation, and what it knows of its relays by them."""

    __slots__ = ("_awaited", "_bytes", "_timer_at", "limits", "name", "relays", "routes")

    def __init__(self, name: str, routes: Routes, limits: AgentLimits) -> None:
        self.name, self.routes, self.limits = name, routes, limits
        self.relays = RelayRecord()
        self._awaited: dict[str, Awaited] = {}
        self._bytes = 0
        self._timer_at: Instant | None = None

    def __len__(self) -> int:
        return len(self._awaited)

    def __contains__(self, bundle: str) -> bool:
        return bundle in self._awaited

    def room(self, size_bytes: int) -> bool:
        """Whether one more copy may be kept; a bundle that finds none is sent without assurance."""
        limits = self.limits
        return len(self._awaited) < limits.confirm_bundles and self._bytes + size_bytes <= limits.confirm_bytes

    def prefer(self, bundle: Bundle) -> Bundle:
        """A new bundle, asking to be kept from who is distrusted."""
        distrusted = self.relays.distrusted
        return avoiding(bundle, 1, distrusted) if distrusted else bundle

    def track(self, now: Instant, bundle: Bundle, wire: bytes, destination: str, expires: Instant, out: Out) -> None:
        """A bundle is about to leave: wait for it."""
        one = Awaited(bundle.whole_id, destination, expires, now, wire)
        self._awaited[one.id] = one
        self._bytes += len(wire)
        self._expect(now, one, "")
        self._save(one, out)
        self._wake(out)

    def restore(self, now: Instant, saved: Mapping[str, bytes], out: Out) -> None:
        """Take up what was awaited before a reboot, with fresh patience."""
        for key in sorted(saved):
            if not key.startswith(PREFIX):
                continue
            try:
                one = msgspec.msgpack.decode(saved[key], type=Awaited)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                text = f"the saved {key[:60]} is damaged and was dropped: {error}"
                refused = records.FrameRefused(now, self.name, "own store", len(saved[key]), "store", text[:200])
                out += (effects.Record(refused), effects.Save(key, None))
                continue
            self._awaited[one.id] = one
            self._bytes += len(one.wire)
            self._expect(now, one, one.path[0] if one.left and one.path else "")
        self._timer_at = None
        self._wake(out)

    def taken(self, now: Instant, bundle: str, peer: str, out: Out) -> None:
        """A neighbour took a bundle (or a fragment of it) over: its way is reckoned from there."""
        one = self._awaited.get(bundle)
        if one is not None:
            one.left = now
            self._expect(now, one, peer)
            self._wake(out)

    def confirmed(self, now: Instant, bundle: str, reporter: str, out: Out) -> bool:
        """The destination says that it has it; whether that was awaited. Others may not speak for it."""
        one = self._awaited.get(bundle)
        if one is None or one.destination != reporter:
            return False
        entry = records.BundleConfirmed(
            at=now, node=self.name, bundle=one.id, sendings=one.tries, delay_ms=(now - one.made) // MILLISECOND
        )
        out.append(effects.Record(entry))
        self._forget(one, out)
        self._turned(now, self.relays.credit(one.path), out)
        return True

    def fired(self, now: Instant, is_here: Callable[[str], bool], out: Out) -> list[Bundle]:
        """The timer is due: the bundles to send again, in order. `is_here` says whether the store still has one."""
        self._timer_at = None
        self._turned(now, self.relays.parole(now), out)
        again: list[Bundle] = []
        for one in [one for one in self._awaited.values() if one.due <= now]:
            if one.expires <= now or one.tries >= self.limits.confirm_tries:
                self._give_up(now, one, is_here(one.id), out)
            elif is_here(one.id):
                self._expect(now, one, "")  # it waits here for its contact: that is nobody's fault
            else:
                again.append(self._again(now, one, out))
        self._wake(out)
        return again

    # Inside ----------------------------------------------------------------------------------------------------------

    def _again(self, now: Instant, one: Awaited, out: Out) -> Bundle:
        self._turned(now, self.relays.blame(now, one.path), out)
        failed = frozenset((*one.avoid, *one.path))
        avoid = self._possible(now, one, failed)
        one.avoid, one.tries, one.left = tuple(sorted(failed)), one.tries + 1, 0
        through = ", ".join(one.path) or "no relay"
        text = f"not confirmed by {iso(Instant(one.due))}; that way led through {through}"
        why = Why(False, "unconfirmed", text, one.tries, self.limits.confirm_tries, "sending")
        entry = records.BundleRepeated(
            at=now, node=self.name, bundle=one.id, sending=one.tries, avoid=tuple(sorted(avoid)), why=why
        )
        out.append(effects.Record(entry))
        self._expect(now, one, "", avoid)
        self._save(one, out)
        return avoiding(decode(one.wire, MAX_BYTES, TOLERANCES), one.tries, avoid)

    def _possible(self, now: Instant, one: Awaited, failed: frozenset[str]) -> frozenset[str]:
        """As many of those who failed as can be avoided: all, else the last way's, else nobody."""
        distrusted = self.relays.distrusted
        for names in (failed | distrusted, frozenset(one.path) | distrusted, distrusted, frozenset(one.path)):
            if self._way(now, self.name, one.destination, len(one.wire), names) is not None:
                return names
        return frozenset()

    def _way(self, now: int, start: str, end: str, size: int, names: frozenset[str] = frozenset()) -> Route | None:
        terms = Terms(avoid=names.union(self.routes.excluded))
        return route(self.routes.plan, start, end, Instant(now), size, terms)

    def _expect(self, now: Instant, one: Awaited, first: str, avoid: frozenset[str] = frozenset()) -> None:
        """Reckon the way on from `first` (empty: from here), the way back, and until when a report is awaited."""
        start, wanted = first or self.name, avoid or self.relays.distrusted
        relays = [first] if first else []
        there: int = now
        if start != one.destination:
            way = self._way(now, start, one.destination, len(one.wire), wanted)
            way = way or self._way(now, start, one.destination, len(one.wire))
            if way is None:
                one.path, one.due = tuple(relays), min(now + NO_WAY_NS, one.expires)
                return
            relays += [contact.receiver for contact in way.contacts]
            there = way.arrival
        back = self._way(there, one.destination, self.name, REPORT_BYTES, wanted)
        home = back.arrival if back is not None else there + NO_WAY_NS
        if back is not None:
            relays += [contact.receiver for contact in back.contacts]
        one.path = tuple(dict.fromkeys(name for name in relays if name not in (one.destination, self.name)))
        patience = max(SLACK_NS, (home - now) // 2) * one.tries
        one.due = min(home + patience, one.expires)

    def _give_up(self, now: Instant, one: Awaited, here: bool, out: Out) -> None:
        where = "it never left" if here and one.tries == 1 else f"sent {one.tries} times"
        rule = "lifetime" if one.expires <= now else "unconfirmed"
        why = Why(False, rule, f"{where}, and {one.destination} never said that it has it", one.tries)
        out.append(effects.Record(records.BundleUnconfirmed(at=now, node=self.name, bundle=one.id, why=why)))
        if not here:
            self._turned(now, self.relays.blame(now, one.path), out)
        self._forget(one, out)

    def _turned(self, now: Instant, turns: list[Turn], out: Out) -> None:
        for subject, trusted, why in turns:
            entry = records.TrustChanged(at=now, node=self.name, subject=subject, trusted=trusted, why=why)
            out.append(effects.Record(entry))

    def _forget(self, one: Awaited, out: Out) -> None:
        del self._awaited[one.id]
        self._bytes -= len(one.wire)
        out.append(effects.Save(PREFIX + one.id, None))

    def _save(self, one: Awaited, out: Out) -> None:
        out.append(effects.Save(PREFIX + one.id, msgspec.msgpack.encode(one)))

    def _wake(self, out: Out) -> None:
        """Set the timer for what is due first."""
        due = min((one.due for one in self._awaited.values()), default=None)
        parole = self.relays.next_parole()
        at = min((moment for moment in (due, parole) if moment is not None), default=None)
        if at is not None and (self._timer_at is None or at < self._timer_at):
            self._timer_at = Instant(at)
            out.append(effects.Wake(self._timer_at, CONFIRM_TIMER))
