"""PRoPHET (RFC 6693): routes through encounters that nobody planned, by how predictable they have been.

Each node keeps for every other a delivery predictability, 0 to 1. It grows with an encounter, ages with time, and is
passed on: whoever often meets B has something of B's predictabilities (RFC 6693 2.1.2, equations 1 to 3). Where the
contact plan has no route, a bundle goes to the neighbour whose predictability for its destination is greater than one's
own (GRTR, 3.6). The node that made a bundle gives out `COPIES` in all (GTMX, 3.6); those who carry one for it hand it
on without keeping it. So there are never more copies than that, and a destination delivers the first alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MINUTE, SECOND, Instant

# RFC 6693 3.3, figure 2: the default parameters.
ENCOUNTER_MAX = 0.7
ENCOUNTER_FIRST = 0.5
FIRST_THRESHOLD = 0.1
BETA = 0.9
GAMMA = 0.999
DELTA = 0.01
TYPICAL_NS = 30 * MINUTE
UNIT_NS = SECOND

SERVICE = "prophet"
COPIES = 4
MOST_NODES = 1024
MOST_BUNDLES = 4096
ONE_WAY = frozenset({"udp", "stcp", "mtcp"})
"""Bands of contacts that are wires by which nothing comes back, and on which software of others is the rule."""
_SCALE = 65_535
"""A predictability on the wire is a fraction of this (RFC 6693 4.3.5.1: 16 bits)."""
_FORMAT = 1
SAVED = "prophet"
"""The key that it is saved by."""
SAVE_NS = 10 * MINUTE
"""What has changed is saved at most this often: a reboot costs the encounters since."""


def answers(name: str, contact: Contact) -> bool:
    """Whether there is somebody to exchange vectors with (RFC 6693 2.2: both ways), so that it counts as an encounter.

    Nodes with numbers (`ipn`) are other people's software here: they have no service of this name.
    """
    numbered = name.startswith("ipn:") or contact.receiver.startswith("ipn:")
    return not numbered and contact.band not in ONE_WAY


class Prophet:
    """What one node knows of encounters. Bounded: the least predictable of too many nodes is forgotten."""

    __slots__ = ("_aged", "_given", "_heard", "_met", "_saved_at", "_via", "name", "predictability")

    def __init__(self, name: str) -> None:
        self.name = name
        self.predictability: dict[str, float] = {}
        self._aged = Instant(0)
        self._met: dict[str, Instant] = {}
        self._heard: dict[str, dict[str, float]] = {}
        self._given: dict[str, tuple[str, ...]] = {}
        self._saved_at: Instant | None = None
        self._via: dict[str, str] = {}
        """Through whom we hope to reach a node that we do not meet ourselves."""

    def age(self, now: Instant) -> None:
        """Equation 2: P = P · γ^K, K time units since the last time."""
        units = (now - self._aged) // UNIT_NS
        if units <= 0:
            return
        self._aged = Instant(self._aged + units * UNIT_NS)
        factor = GAMMA ** min(units, 1 << 20)
        for node, known in self.predictability.items():
            self.predictability[node] = known * factor

    def met(self, now: Instant, peer: str) -> None:
        """Equation 1: an encounter. One soon after the last counts for less, in proportion to the time between."""
        self.age(now)
        known = self.predictability.get(peer, 0.0)
        last = self._met.get(peer)
        if known < FIRST_THRESHOLD:
            self.predictability[peer] = ENCOUNTER_FIRST
        else:
            since = TYPICAL_NS if last is None else min(now - last, TYPICAL_NS)
            self.predictability[peer] = known + (1.0 - DELTA - known) * ENCOUNTER_MAX * since / TYPICAL_NS
        self._met[peer] = now
        self._via.pop(peer, None)
        self._bound()

    def heard(self, now: Instant, peer: str, vector: Mapping[str, float]) -> None:
        """Equation 3: P(A, C) is at least P(A, B) · P(B, C) · β, of the vector of a peer that is met."""
        self.age(now)
        self._heard[peer] = dict(vector)
        if len(self._heard) > MOST_NODES:
            del self._heard[next(iter(self._heard))]
        through = self.predictability.get(peer, 0.0) * BETA
        for node, theirs in vector.items():
            if node not in (self.name, peer) and through * theirs > self.predictability.get(node, 0.0):
                self.predictability[node], self._via[node] = through * theirs, peer
        self._bound()

    def _bound(self) -> None:
        while len(self.predictability) > MOST_NODES:
            least = min(self.predictability, key=lambda node: (self.predictability[node], node))
            del self.predictability[least]
            self._met.pop(least, None)
            self._via.pop(least, None)

    @property
    def neighbours(self) -> Iterable[str]:
        """Whose vectors are known."""
        return self._heard

    # Choosing --------------------------------------------------------------------------------------------------------

    def carrier(self, now: Instant, bundle: str, destination: str, previous: str, open_to: Iterable[str]) -> str | None:
        """The neighbour to give a bundle to: the most likely of those likelier than we are, by GRTR.

        What we hope for through somebody who has a copy already is no reason to keep ours from others: else who claims
        to meet everybody would, with one lie, stop all further copies.
        """
        given = self._given.get(bundle, ())
        self.age(now)
        best, who = 0.0 if self._via.get(destination) in given else self.predictability.get(destination, 0.0), None
        for peer in sorted(open_to):
            theirs = self._heard.get(peer, {}).get(destination, 0.0)
            if theirs > best and peer != previous and peer not in given:
                best, who = theirs, peer
        if who is not None and bundle not in self._given:
            self._given[bundle] = ()
            if len(self._given) > MOST_BUNDLES:
                del self._given[next(iter(self._given))]
        return who

    def keeps(self, bundle: str, peer: str, made_here: bool) -> bool:
        """Whether a copy stays here after `peer` took one; the last copy is handed over."""
        given = self._given.get(bundle)
        if given is None or not made_here or len(given) + 2 > COPIES:
            return False
        self._given[bundle] = (*given, peer)
        return True

    def forget(self, bundle: str) -> None:
        """It is no longer here."""
        self._given.pop(bundle, None)

    # Across a reboot -------------------------------------------------------------------------------------------------

    def saved(self, now: Instant) -> bytes | None:
        """The value to save, if it is time for that: the instant, then the vector. Neighbours tell theirs anew."""
        if self._saved_at is not None and now < self._saved_at + SAVE_NS:
            return None
        self._saved_at = now
        return int(now).to_bytes(8, "big", signed=True) + self.vector(now)

    def restore(self, now: Instant, value: bytes) -> None:
        """Take up what was saved, aged since; `RemoteProtocolError` where it is damaged or of later than now."""
        at = Instant(int.from_bytes(value[:8], "big", signed=True))
        if len(value) < 9 or at > now:
            raise RemoteProtocolError("prophet-saved", f"{len(value)} bytes, of {at}")
        known = read_vector(value[8:])
        known.pop(self.name, None)
        self.predictability, self._aged, self._saved_at = known, at, at
        self.age(now)

    # The vector ------------------------------------------------------------------------------------------------------

    def vector(self, now: Instant) -> bytes:
        """What a neighbour is told: format; length, name and 16-bit predictability of each node, likeliest first."""
        self.age(now)
        best = sorted(self.predictability.items(), key=lambda item: (-item[1], item[0]))
        parts = [bytes([_FORMAT])]
        for node, known in best:
            name, value = node.encode(), round(known * _SCALE)
            if value and len(name) < 256:
                parts += [bytes([len(name)]), name, value.to_bytes(2, "big")]
        return b"".join(parts)


def read_vector(data: bytes) -> dict[str, float]:
    """A neighbour's vector; `RemoteProtocolError` where it is malformed or tells of more than `MOST_NODES`."""
    if data[:1] != bytes([_FORMAT]):
        raise RemoteProtocolError("prophet-format", f"begins with {data[:1].hex()}")
    found: dict[str, float] = {}
    at = 1
    while at < len(data):
        end = at + 1 + data[at]
        if not data[at] or end + 2 > len(data):
            raise RemoteProtocolError("prophet-length", f"{len(data)} bytes end within an entry")
        try:
            node = data[at + 1 : end].decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("prophet-name", data[at + 1 : end].hex()) from None
        if node in found or len(found) == MOST_NODES:
            raise RemoteProtocolError("prophet-nodes", f"{node!r} again, or more than {MOST_NODES} nodes")
        found[node] = int.from_bytes(data[end : end + 2], "big") / _SCALE
        at = end + 2
    return found
