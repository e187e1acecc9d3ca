"""What would relax a margin: changes of the design, each really flown, sized to gain ten points of the margin.

A knob changes a craft (a square metre of radiator, a watt-hour of battery) or its work. Every knob is tried by flying
the mission with a small change to either side; where a margin moves, the size for the gain is sought by the secant
rule, rounded to two digits and flown once more: what is printed is what the model did, not an extrapolation. The
search flies only the cases that were the worst of the mission's, the last flight all of them. Stations are tried by
looking for their passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from orbitalcloud.core import DAY
from orbitalcloud.mission import Craft, Ground, Loaded
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.physical import orbits_of
from orbitalcloud.study.contacts import Passes, passes_of, room_of, station_contacts
from orbitalcloud.study.demand import Demand
from orbitalcloud.study.loads import Load, at_work, cold
from orbitalcloud.study.margins import envelope, flown_margins, work_margins
from orbitalcloud.study.sheet import Margin, Relaxer, SatelliteSheet
from orbitalcloud.study.trial import fly

GAIN = 0.10
"""Of the margin's room; where a margin is broken, enough to close."""

TIGHTEST = 2
ALWAYS = ("lowest_charge_pct", "payload_hottest_c")
"""Asked beside the tightest: what a watt-hour of battery and a square metre of radiator buy."""

MOVED = 2e-3  # a margin that a tenth more of a thing moves by less is not that thing's
SEEKS = 2
NEAR = 2e-3  # of a margin: what is sought has been found
MOST = 4.0  # times as much again of a thing, at the most; a tenth at the least


@dataclass(frozen=True, slots=True)
class Knob:
    """Something to change: how much there is, and a load with so much more (`amount` may be negative)."""

    name: str
    words: str
    unit: str
    size: Callable[[Load], float]
    turn: Callable[[Load, float], Load]
    sides: tuple[float, ...]


def _bus(load: Load, **changes: object) -> Load:
    craft = load.craft
    return load.with_craft(replace(craft, bus=msgspec.structs.replace(craft.bus, **changes)))


def _radiator_m2(load: Load) -> float:
    return sum(
        face.area_m2
        for node in load.craft.bus.heat
        if node.name == load.craft.bus.roles.radiator
        for face in node.faces
    )


def _radiator(load: Load, more: float) -> Load:
    scale = 1.0 + more / _radiator_m2(load)
    heat = tuple(
        node
        if node.name != load.craft.bus.roles.radiator
        else msgspec.structs.replace(
            node,
            faces=tuple(msgspec.structs.replace(face, area_m2=face.area_m2 * scale) for face in node.faces),
        )
        for node in load.craft.bus.heat
    )
    return _bus(load, heat=heat)


def _array_m2(load: Load) -> float:
    return sum(panel.area_m2 for panel in load.craft.bus.array.panels)


def _array(load: Load, more: float) -> Load:
    scale = 1.0 + more / _array_m2(load)
    array = load.craft.bus.array
    panels = tuple(msgspec.structs.replace(panel, area_m2=panel.area_m2 * scale) for panel in array.panels)
    return _bus(load, array=msgspec.structs.replace(array, panels=panels))


def _battery(load: Load, more: float) -> Load:
    battery = load.craft.bus.battery
    return _bus(load, battery=msgspec.structs.replace(battery, capacity_wh=battery.capacity_wh + more))


def _idle(load: Load, more: float) -> Load:
    return _bus(load, idle_w=load.craft.bus.idle_w + more)


# fmt: off
KNOBS = (
    Knob("radiator_m2", "radiator", "m²", _radiator_m2, _radiator, (1.0, -1.0)),
    Knob("array_m2", "array", "m²", _array_m2, _array, (1.0, -1.0)),
    Knob("battery_wh", "battery", "Wh", lambda load: load.craft.bus.battery.capacity_wh, _battery, (1.0,)),
    Knob("idle_w", "platform power", "W", lambda load: load.craft.bus.idle_w, _idle, (-1.0, 1.0)),
    Knob("work_pct", "work", "%", lambda load: 100.0 if len(load.seconds) else 0.0,
         lambda load, more: load.lighter(-more / 100.0), (-1.0,)),
)
# fmt: on


@dataclass(slots=True)
class _Seek:
    """The search for one knob's size against one margin: the best two points known, (amount, share) each."""

    margin: Margin
    knob: Knob
    near: tuple[float, float]
    far: tuple[float, float]
    target: float
    size: float

    def next_amount(self) -> float:
        """By the secant through the two points, within what can be done."""
        (x0, y0), (x1, y1) = self.near, self.far
        wanted = x1 + (self.target - y1) * (x1 - x0) / (y1 - y0) if y1 != y0 else x1
        side = 1.0 if x1 > 0.0 else -1.0
        most = MOST * self.size if side > 0.0 else 0.9 * self.size
        return side * min(most, max(0.002 * self.size, side * wanted))

    @property
    def found(self) -> bool:
        """Whether the last amount does what is wanted, or there is no more of it."""
        return abs(self.far[1] - self.target) < NEAR or abs(self.next_amount() - self.far[0]) < 1e-9 * self.size

    def learn(self, amount: float, share: float) -> None:
        """What an amount did."""
        if abs(share - self.far[1]) > 1e-9 and amount != self.far[0]:
            self.near, self.far = self.far, (amount, share)


@dataclass(frozen=True, slots=True)
class Flown:
    """What the mission flew: a load at these phases, and of its trials at work those that were the worst of all."""

    load: Load
    phases: tuple[float, ...]
    worst: tuple[int, ...]


def relaxers(
    loaded: Loaded, flown: Flown, margins: Sequence[Margin], passes: Passes, asks: Demand
) -> tuple[Relaxer, ...]:
    """For the tightest margins of the mission, and for charge and payload, every knob that moves them."""
    others = tuple(one for one in margins if one.scope == "mission")
    tight = sorted(others, key=lambda one: one.share)[:TIGHTEST]
    tight += [one for one in others if one.key in ALWAYS and one not in tight]
    made = _by_flying(loaded, flown, [one for one in tight if _flown(one)], others, asks)
    made += _by_work([one for one in tight if one.key == "accelerator_busy_pct"], others)
    made += _by_stations(loaded, flown.load.craft, passes, [one for one in tight if "link" in one.name], others, asks)
    order = {one.key: index for index, one in enumerate(tight)}
    return tuple(sorted(made, key=lambda one: (order[one.margin], not one.enough)))


def disposal_relaxers(sheet: SatelliteSheet) -> tuple[Relaxer, ...]:
    """Where the satellite stays up longer than it may: the drag area, or the altitude, at which it does not."""
    broken = [one for one in sheet.margins if one.key == "lifetime_years" and one.share < 0.0]
    after = min((one for one in sheet.margins if one.key != "lifetime_years"), key=lambda one: one.share)
    made = []
    for margin in broken:
        wanted = {
            "drag_area_m2": ("drag area", "m²", "life.disposal_area_m2", "life.tumbling_area_m2"),
            "altitude_km": ("altitude", "km", "life.disposal_altitude_km", "orbit.altitude_km"),
        }
        for knob, (words, unit, target, now) in wanted.items():
            try:
                amount = sheet.value(target) - sheet.value(now)
            except KeyError:  # no such area or altitude
                continue
            made.append(
                Relaxer(
                    margin.key,
                    knob,
                    words,
                    round(amount, 3 if unit == "m²" else 1),
                    unit,
                    margin.value,
                    margin.limit,
                    margin.unit,
                    margin.share,
                    0.0,
                    after.name,
                    after.share,
                    True,
                )
            )
    return tuple(made)


def _flown(margin: Margin) -> bool:
    return margin.key.endswith(("_c", "_w", "charge_pct"))


def _shares(loaded: Loaded, flown: Flown, variants: Sequence[Load], *, every: bool) -> list[dict[str, Margin]]:
    """The flown margins of every variant of a load, by key: the mission's own trials, or the worst of them."""
    if not variants:
        return []
    groups = []
    for load in variants:
        work = list(at_work(load, flown.phases))
        groups.append((cold(load), *(work if every else [work[i] for i in flown.worst])))
    seen = fly(loaded, [trial for group in groups for trial in group], variants[0].starts, variants[0].ends)
    made = []
    for load, group in zip(variants, groups, strict=True):
        own, seen = seen[: len(group)], seen[len(group) :]
        found = flown_margins(load.craft, envelope(own[1:], own[:1]), "mission")
        made.append({margin.key: margin for margin in found})
    return made


def _by_flying(
    loaded: Loaded, flown: Flown, tight: Sequence[Margin], others: Sequence[Margin], asks: Demand
) -> list[Relaxer]:
    if not tight:
        return []
    load = flown.load
    tries = [(knob, side * 0.1 * knob.size(load)) for knob in KNOBS if knob.size(load) > 0.0 for side in knob.sides]
    first = _shares(loaded, flown, [knob.turn(load, amount) for knob, amount in tries], every=False)
    seeks = [
        _Seek(margin, knob, (0.0, margin.share), (amount, found[margin.key].share), _target(margin), knob.size(load))
        for margin in tight
        for (knob, amount), found in zip(tries, first, strict=True)
        if found[margin.key].share - margin.share > MOVED
    ]
    for _ in range(SEEKS):
        open_ones = [seek for seek in seeks if not seek.found]
        amounts = [seek.next_amount() for seek in open_ones]
        turned = [seek.knob.turn(load, x) for seek, x in zip(open_ones, amounts, strict=True)]
        for seek, amount, after in zip(open_ones, amounts, _shares(loaded, flown, turned, every=False), strict=True):
            seek.learn(amount, after[seek.margin.key].share)
    amounts = [_rounded(seek.next_amount()) for seek in seeks]
    turned = [seek.knob.turn(load, x) for seek, x in zip(seeks, amounts, strict=True)]
    last = _shares(loaded, flown, turned, every=True)
    return [_told(*each, others) for each in zip(seeks, amounts, last, strict=True)]


def _target(margin: Margin) -> float:
    return 0.0 if margin.share < 0.0 else min(0.99, margin.share + GAIN)


def _rounded(amount: float) -> float:
    """Two digits, away from zero: a change that is a little too large rather than too small."""
    step = 10.0 ** (math.floor(math.log10(abs(amount))) - 1)
    return math.copysign(math.ceil(abs(amount) / step - 1e-6) * step, amount)


def _told(seek: _Seek, amount: float, after: dict[str, Margin], others: Sequence[Margin]) -> Relaxer:
    margin, changed = seek.margin, after[seek.margin.key]
    kept = [one for one in others if one.key not in after]
    binds = min((*after.values(), *kept), key=lambda one: one.share)
    return Relaxer(
        margin.key,
        seek.knob.name,
        seek.knob.words,
        amount,
        seek.knob.unit,
        margin.value,
        changed.value,
        margin.unit,
        margin.share,
        changed.share,
        binds.name,
        binds.share,
        changed.share >= seek.target - 0.002 and binds.share >= min(0.0, margin.share),
    )


# Work and stations ----------------------------------------------------------------------------------------------------


def _by_work(tight: Sequence[Margin], others: Sequence[Margin]) -> list[Relaxer]:
    """The accelerator's time is what the jobs ask: exact, and no matter for flying."""
    made = []
    for margin in tight:
        factor = (1.0 - _target(margin)) / (1.0 - margin.share)
        amount = _rounded(100.0 * (factor - 1.0))
        value = margin.value * (1.0 + amount / 100.0)
        share = 1.0 - value / margin.limit
        binds = min((replace(margin, share=share), *(o for o in others if o is not margin)), key=lambda one: one.share)
        made.append(
            Relaxer(
                margin.key,
                "work_pct",
                "work",
                amount,
                "%",
                margin.value,
                value,
                "%",
                margin.share,
                share,
                binds.name,
                binds.share,
                True,
            )
        )
    return made


def _by_stations(
    loaded: Loaded,
    craft: Craft,
    passes: Passes,
    tight: Sequence[Margin],
    others: Sequence[Margin],
    asks: Demand,
) -> list[Relaxer]:
    """One station more: of the catalogue's others the one that serves best, at the rates of the best link there is."""
    spare = _spare_sites(loaded)
    channels = [one for one in loaded.channels if craft.name in (one.sender, one.receiver) and one.limits is None]
    if not tight or not spare or not channels:
        return []
    like = max(channels, key=lambda one: one.rate_bps)
    home = like.receiver if like.sender == craft.name else like.sender
    served = [one for one in channels if home in (one.sender, one.receiver)]
    extra = tuple(
        replace(one, sender=site.name) if one.sender == home else replace(one, receiver=site.name)
        for site in spare
        for one in served
    )
    world = replace(loaded, satellites=(craft,), stations=spare, channels=extra)
    found = passes_of(world, orbits_of(world), loaded.starts, loaded.ends)[0]
    starts, ends = loaded.starts, loaded.ends
    alone = replace(loaded, satellites=(craft,), channels=tuple(one for one in channels if one.limits is None))
    now = station_contacts(loaded, craft, passes, starts, ends, room_of(alone, orbits_of(alone), ends))
    gains = station_contacts(world, craft, found, starts, ends, room_of(world, orbits_of(world), ends))
    days = (ends - starts) / DAY
    made = []
    for margin in tight:
        best = max(gains, key=lambda one: one.up_mb_per_day if margin.name == "uplink" else one.down_mb_per_day)
        after = {one.key: one for one in work_margins(asks, (*now, best), days)}
        changed = after[margin.key]
        kept = [one for one in others if one.key not in after]
        binds = min((*after.values(), *kept), key=lambda one: one.share)
        made.append(
            Relaxer(
                margin.key,
                "station",
                f"station at {best.station}",
                1.0,
                "",
                margin.limit,
                changed.limit,
                margin.unit,
                margin.share,
                changed.share,
                binds.name,
                binds.share,
                changed.share >= _target(margin) - 0.002,
            )
        )
    return made


def _spare_sites(loaded: Loaded) -> tuple[Ground, ...]:
    """The catalogue's sites that the mission does not use."""
    used = {one.site for one in loaded.stations} | {one.name for one in loaded.stations}
    return tuple(
        Ground(name, name, site.latitude_deg, site.longitude_deg, site.height_m, site.mask_deg, site.jurisdiction)
        for name, site in catalogue().stations.items()
        if name not in used
    )
