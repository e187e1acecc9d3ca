"""From the mission's faults of the network to what happens when: closures, stale plans, laws, relays that drop.

Each acts through the nodes' own code. Nothing here helps anybody to notice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from orbitalcloud.core import HOUR, SECOND, Contact, DataError, Instant, Seed, digest_of
from orbitalcloud.core.events import Commanded
from orbitalcloud.mission import Loaded, faults
from orbitalcloud.network import Bundle, ContactPlan
from orbitalcloud.network.security.asb import with_data
from orbitalcloud.node import SendMessage, encode_order
from orbitalcloud.twin.carrier import Carrier
from orbitalcloud.twin.closures import Closure
from orbitalcloud.twin.timeline import LawTurns, LinksFree, LinksShut, NodeFound, NodeLost, PlanTurns

NetworkFault = (
    faults.SatelliteLost
    | faults.JurisdictionCut
    | faults.StalePlan
    | faults.LyingContacts
    | faults.BlackHole
    | faults.SelectiveDrop
)


def schedule_network_fault(carrier: Carrier, loaded: Loaded, fault: NetworkFault, plan: ContactPlan) -> None:
    """Put one of these faults on the heap, and its words into the Log."""
    at = Instant(loaded.starts + round(fault.at_h * HOUR))
    ends = Instant(at + round(fault.duration_min * 60 * SECOND)) if fault.duration_min is not None else Instant(0)
    lasts = f"for {fault.duration_min:g} min" if fault.duration_min is not None else "for good"
    name = fault.target
    match fault:
        case faults.SatelliteLost():
            text = f"the satellite is lost {lasts}"
            _shut(carrier, name, at, ends, Closure(frozenset({name})))
            carrier.push(at, name, NodeLost())
            if ends:
                carrier.push(ends, name, NodeFound())
        case faults.JurisdictionCut():
            stations = frozenset(one.name for one in loaded.stations if one.jurisdiction == name)
            listed = ", ".join(sorted(stations))
            if fault.how == "off":
                text = f"{listed} cut off from everybody {lasts}"
                _shut(carrier, name, at, ends, Closure(stations))
            else:
                text = f"traffic of others through {listed} is forbidden {lasts}"
                carrier.push(at, name, LawTurns(tuple(sorted(stations)), True))
                carrier.push(ends, name, LawTurns(tuple(sorted(stations)), False))
        case faults.StalePlan():
            text = f"goes by a plan shifted by {fault.shift_min:g} min, {fault.missing:.0%} of it missing, {lasts}"
            carrier.push(at, name, PlanTurns(stale_plan(plan, fault, carrier.seed.child(f"stale {name}"))))
            carrier.push(ends, name, PlanTurns(None))
        case faults.LyingContacts():
            text = f"announces passes over stations and keeps none {lasts}"
            _shut(carrier, name, at, ends, Closure(frozenset({name}), frozenset(g.name for g in loaded.stations)))
        case faults.BlackHole():
            text = f"takes the bundles of others and drops them {lasts}"
        case faults.SelectiveDrop():
            whose = f" for {fault.to}" if fault.to else ""
            text = f"takes the bundles of others{whose} and drops {fault.share:.0%} of them {lasts}"
    carrier.announce(at, name, str(type(fault).__struct_config__.tag), text, ends)


def _shut(carrier: Carrier, name: str, at: Instant, ends: Instant, closure: Closure) -> None:
    carrier.push(at, name, LinksShut(closure))
    if ends:
        carrier.push(ends, name, LinksFree(closure))


def stale_plan(plan: ContactPlan, fault: faults.StalePlan, seed: Seed) -> ContactPlan:
    """The plan as a node has it that missed an upload: every contact later by the shift, some not there at all."""
    shift, missing_ppm = round(fault.shift_min * 60 * SECOND), round(fault.missing * 1e6)
    kept: list[Contact] = []
    for index, one in enumerate(plan.contacts):
        if missing_ppm and seed.chance(missing_ppm, index):
            continue
        opens, closes = Instant(one.opens + shift), Instant(one.closes + shift)
        steps = tuple((Instant(begins + shift), rate) for begins, rate in one.steps)
        kept.append(replace(one, opens=opens, closes=closes, steps=steps))
    return ContactPlan(kept)


def string_loss(loaded: Loaded, fault: faults.ArrayStringLoss) -> tuple[float, str]:
    """What share of the array's output a fault takes of what the faults before it left, and its words."""
    if fault.fraction is not None:
        return fault.fraction, f"the array gives {fault.fraction:.0%} less from now on"
    assert fault.strings is not None, "one of the two was checked"
    array = loaded.satellite(fault.target).bus.array
    whole = array.strings * len(array.panels)
    struck = [one for one in loaded.mission.fault if isinstance(one, faults.ArrayStringLoss)]
    before = sum(one.strings or 0 for one in struck if one.target == fault.target and one.at_h < fault.at_h)
    if before + fault.strings > whole:
        remedy = f"{fault.target} has {whole} strings, {before} of them lost before: choose at most {whole - before}"
        raise DataError("fault array-string-loss: strings", fault.strings, remedy)
    text = f"{fault.strings} of the array's {whole} strings give nothing from now on"
    return fault.strings / (whole - before), text


# Relays that alter or drop ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop:
    """Over [begins, ends) this share of what is passed on is dropped; where `to` is given, only of what is for it."""

    begins: int
    ends: int
    share_ppm: int
    to: str = ""


@dataclass(frozen=True, slots=True)
class Meddling:
    """A relay that alters what it passes on while one of its `windows` holds, and drops by its `drops`."""

    windows: tuple[tuple[int, int], ...]
    drops: tuple[Drop, ...] = ()
    seed: Seed | None = None

    def __call__(self, now: Instant, bundle: Bundle) -> Bundle | None:
        """The bundle as it is passed on: None where it is dropped; the middle byte of its payload inverted, its CRC
        right again, where it is altered."""
        if any(self._drops(one, now, bundle) for one in self.drops):
            return None
        payload = bytearray(bundle.payload)
        if not payload or not any(begins <= now < ends for begins, ends in self.windows):
            return bundle
        payload[len(payload) // 2] ^= 0xFF
        return with_data(bundle, bundle.blocks[-1].number, bytes(payload))

    def _drops(self, one: Drop, now: Instant, bundle: Bundle) -> bool:
        if not one.begins <= now < one.ends or (one.to and bundle.destination.node != one.to):
            return False
        assert self.seed is not None, "a relay that drops draws whom"
        return self.seed.child(digest_of(f"{bundle.id} at {now}".encode())).chance(one.share_ppm, 0)


def meddlers(loaded: Loaded, seed: Seed) -> dict[str, Meddling]:
    """Which nodes alter or drop bundles, when, by the mission's faults."""
    found: dict[str, tuple[list[tuple[int, int]], list[Drop]]] = {}
    for fault in loaded.mission.fault:
        if not isinstance(fault, faults.TamperedBundle | faults.BlackHole | faults.SelectiveDrop):
            continue
        begins = loaded.starts + round(fault.at_h * HOUR)
        ends = begins + round(fault.duration_min * 60 * SECOND)
        windows, drops = found.setdefault(fault.target, ([], []))
        if isinstance(fault, faults.TamperedBundle):
            windows.append((begins, ends))
        elif isinstance(fault, faults.BlackHole):
            drops.append(Drop(begins, ends, 1_000_000))
        else:
            drops.append(Drop(begins, ends, round(fault.share * 1e6), fault.to or ""))
    return {
        name: Meddling(tuple(windows), tuple(drops), seed.child(name).child("drops"))
        for name, (windows, drops) in found.items()
    }


# Messages -----------------------------------------------------------------------------------------------------------


def schedule_messages(carrier: Carrier, loaded: Loaded) -> None:
    """What people send: each body is drawn from the seed, so that two of them are never the same."""
    for one in loaded.mission.message:
        at, number = loaded.starts + round(one.start_h * HOUR), 1
        ends = loaded.ends if one.end_h is None else min(loaded.ends, loaded.starts + round(one.end_h * HOUR))
        seed = carrier.seed.child(f"message {one.name}")
        while at < ends:
            name, lifetime_s = f"{one.name}-{number:03d}", max(1, round(one.lifetime_h * 3600))
            order = SendMessage(one.to, name, seed.bytes(one.size_bytes, number), lifetime_s, one.priority)
            carrier.push(Instant(at), one.source, Commanded("send-message", encode_order(order)))
            at, number = at + round(one.every_min * 60 * SECOND), number + 1
