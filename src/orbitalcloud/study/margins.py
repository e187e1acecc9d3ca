"""Margins: every quantity of a trial that has a limit, as a share of the room there was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from orbitalcloud.mission import Craft
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, hot_limit_c
from orbitalcloud.study.demand import Demand
from orbitalcloud.study.sheet import Margin, NodeRange, Scope, StationContact
from orbitalcloud.study.trial import Floats, Seen

FED = 1e-6
"""Share of the energy asked for that may be missing: rounding, over a mission."""


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """The worst of several trials of one craft: what must hold in all of them."""

    lowest: float
    coldest_k: Floats
    hottest_k: Floats
    array_w: float
    load_w: float
    sunlit: float
    unserved: float


def envelope(seen: Sequence[Seen], cold: Sequence[Seen] = ()) -> Envelope:
    """Of trials at work (charge, heat; the first one's load) and, for the cold only, of idle ones."""
    return Envelope(
        lowest=min(one.lowest for one in seen),
        coldest_k=np.min([one.coldest_k for one in (*seen, *cold)], axis=0),
        hottest_k=np.max([one.hottest_k for one in seen], axis=0),
        array_w=min(one.array_w for one in seen),
        load_w=seen[0].load_w,
        sunlit=seen[0].sunlit,
        unserved=max(one.unserved for one in (*seen, *cold)),
    )


def worst_of(seen: Sequence[Seen], cold: Sequence[Seen] = ()) -> tuple[int, ...]:
    """Which of the trials at work make their `envelope`: the first, by its load, and whoever has an extreme."""
    every = (*seen, *cold)
    found = {0, int(np.argmin([one.lowest for one in seen]))}
    found |= set(np.argmax([one.hottest_k for one in seen], axis=0).tolist())
    found |= set(np.argmin([one.coldest_k for one in every], axis=0).tolist())
    return tuple(sorted(i for i in found if i < len(seen)))


def joined(first: Envelope, other: Envelope) -> Envelope:
    """What holds in both."""
    return Envelope(
        min(first.lowest, other.lowest),
        np.minimum(first.coldest_k, other.coldest_k),
        np.maximum(first.hottest_k, other.hottest_k),
        min(first.array_w, other.array_w),
        max(first.load_w, other.load_w),
        min(first.sunlit, other.sunlit),
        max(first.unserved, other.unserved),
    )


def path_efficiency(craft: Craft, sunlit: float) -> float:
    """What reaches a steady load of what the array offers: the eclipse's share goes through the battery."""
    battery = craft.bus.battery.charge_efficiency * craft.bus.battery.discharge_efficiency
    return 1.0 / (sunlit + (1.0 - sunlit) / battery) if sunlit > 0.0 else 0.0


def node_ranges(craft: Craft, seen: Envelope, year: Envelope | None) -> tuple[NodeRange, ...]:
    """Every node's extremes beside its limits."""
    return tuple(
        NodeRange(
            node.name,
            float(seen.coldest_k[column]) - ZERO_CELSIUS_K,
            float(seen.hottest_k[column]) - ZERO_CELSIUS_K,
            node.cold_limit_c,
            hot_limit_c(craft, node),
            None if year is None else float(year.coldest_k[column]) - ZERO_CELSIUS_K,
            None if year is None else float(year.hottest_k[column]) - ZERO_CELSIUS_K,
        )
        for column, node in enumerate(craft.bus.heat)
    )


def power_margins(craft: Craft, seen: Envelope, scope: Scope) -> Iterator[Margin]:
    """The array against the load, the charge against the reserve, and whether the bus fed what asked."""
    load_w, array_w = seen.load_w, seen.array_w * path_efficiency(craft, seen.sunlit)
    text = f"energy: {load_w:.1f} W asked of {array_w:.1f} W that the array gives through the battery"
    share = 1.0 - load_w / array_w if array_w > 0.0 else -1.0
    yield Margin("load against array", load_w, array_w, "W", share, text, "load_against_array_w", scope)
    text = f"charge: down to {100 * seen.lowest:.0f} % with a reserve of {100 * craft.reserve:.0f} %"
    share = (seen.lowest - craft.reserve) / (1.0 - craft.reserve)
    yield Margin("lowest charge", 100 * seen.lowest, 100 * craft.reserve, "%", share, text, "lowest_charge_pct", scope)
    # a battery too weak for the load is never emptied: the bus goes down, and the charge looks well
    served, fed = 1.0 - seen.unserved, seen.unserved < FED
    text = f"brown-out: the bus feeds {100 * served:.1f} % of what asks"
    yield Margin("energy served", 100 * served, 100.0, "%", 1.0 if fed else -seen.unserved, text, "served_pct", scope)


def heat_margins(craft: Craft, seen: Envelope, scope: Scope) -> Iterator[Margin]:
    """Every node against its two limits."""
    for node in node_ranges(craft, seen, None):
        span, key = node.hot_limit_c - node.cold_limit_c, node.node.replace("-", "_")
        text = f"heat: {node.node} up to {node.hottest_c:.1f} °C, limit {node.hot_limit_c:g} °C"
        share = (node.hot_limit_c - node.hottest_c) / span
        name = f"{node.node} hottest"
        yield Margin(name, node.hottest_c, node.hot_limit_c, "°C", share, text, f"{key}_hottest_c", scope)
        text = f"cold: {node.node} down to {node.coldest_c:.1f} °C, limit {node.cold_limit_c:g} °C"
        share = (node.coldest_c - node.cold_limit_c) / span
        name = f"{node.node} coldest"
        yield Margin(name, node.coldest_c, node.cold_limit_c, "°C", share, text, f"{key}_coldest_c", scope)


def work_margins(asks: Demand, contacts: Sequence[StationContact], days: float) -> Iterator[Margin]:
    """The accelerator's time and the bytes that contacts can carry."""
    duty = asks.busy_s / (days * 86_400.0)
    text = f"compute: the accelerator busy {100 * duty:.1f} % of the time"
    yield Margin("accelerator busy", 100 * duty, 100.0, "%", 1.0 - duty, text, "accelerator_busy_pct")
    for name, asked, room in (
        ("uplink", asks.up_bytes / days / 1e6, sum(one.up_mb_per_day for one in contacts)),
        ("downlink", asks.down_bytes / days / 1e6, sum(one.down_mb_per_day for one in contacts)),
    ):
        if asked > 0.0:
            text = f"{name}: {asked:.2f} MB a day asked of {room:.1f} MB a day of contact"
            share = 1.0 - asked / room if room > 0.0 else -1.0
            yield Margin(name, asked, room, "MB/day", share, text, f"{name}_mb_per_day")


def flown_margins(craft: Craft, seen: Envelope, scope: Scope) -> tuple[Margin, ...]:
    """All margins that come from flying a craft."""
    return (*power_margins(craft, seen, scope), *heat_margins(craft, seen, scope))
