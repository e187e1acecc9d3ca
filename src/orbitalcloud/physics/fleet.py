"""Ten thousand satellites for a day: power and heat of a fleet, reduced while it is computed instead of stored.

    summary = fly_fleet(design, orbits, loads_w, start, end, step_s=10.0)
    summary.lowest_charge            # (n_satellites,)
    summary.hottest_k                # (n_satellites, n_nodes)

The same physics as `EnergyHeat` over `geometry` with the means of another kernel (`fleet_kernel`, `fleet_light`): J2,
J2² and J4 orbits, the Sun, the oblate Earth's cone, arrays by mount and temperature, a battery of constant
efficiencies, a thermal network with links and sights. Loads are constant and all the platform's; what is asked beyond
an empty battery is counted as unserved.

What that kernel does not compute (`fleet_scope`: cells of a battery, shadows on the array, direct energy transfer,
shedding, thermal controls, a body that turns to the Sun, an Earth by season) sends the satellite through `EnergyHeat`,
some fifty times slower, and `FleetSummary.exact` says so. So does a network of more than eight nodes or one so quick
that a step would need more than forty parts, and an orbit whose radius varies by more than 4 %. A study may ask for
`simplified` designs instead; `FleetSummary.left_out` then names what each satellite went without.

Satellites on circular designs have their light computed in the kernel. Others (elements of SGP4, eccentric designs)
have it from `geometry`'s tracks, some five times slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant, iso
from orbitalcloud.physics.fleet_flight import Fleet, Span, fly
from orbitalcloud.physics.fleet_scope import EARTH, unmodelled
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.power_heat import SatelliteDesign

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traces:
    """What was kept on the way: state after every `every_s` seconds of the counted span.

    `times_ns` (n_times,); `charge` (n_satellites, n_times), 0–1; `temperature_k` (n_satellites, n_times, n_nodes).
    """

    times_ns: NDArray[np.int64]
    charge: NDArray[np.float32]
    temperature_k: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """A fleet's span in sums and extremes; each array is (n_satellites,) but for the temperatures.

    Charges are shares of what the worn battery holds (`Battery.usable_j`). Energies in joules: generated = load +
    losses + curtailed + (final − first charge) × that, asked = load + unserved, to rounding; what was shed is unserved,
    what thermal controls drew is asked and load. `longest_eclipse_s` counts what sunlight was missing between two
    moments of the whole disc, so half of a linear penumbra. Temperatures (n_satellites, n_nodes) at steps' ends; NaN
    nowhere: a column past a design's own nodes holds its first node's.
    """

    names: tuple[str, ...]
    start: Instant
    end: Instant
    step_s: float
    nodes: tuple[tuple[str, ...], ...]
    """The nodes' names, by satellite."""
    first_charge: Floats
    final_charge: Floats
    lowest_charge: Floats
    highest_charge: Floats
    generated_j: Floats
    load_j: Floats
    losses_j: Floats
    curtailed_j: Floats
    unserved_j: Floats
    sunlit_s: Floats
    longest_eclipse_s: Floats
    hottest_k: Floats
    coldest_k: Floats
    final_k: Floats
    exact: NDArray[np.bool_]
    """Where the satellite went through `EnergyHeat`."""
    left_out: tuple[tuple[str, ...], ...] = ()
    """By satellite, what was left out of its design because `simplified` was asked; nothing where it flew exactly."""
    traces: Traces | None = None

    @property
    def span_s(self) -> float:
        """The counted seconds."""
        return (self.end - self.start) / SECOND

    @property
    def sunlit_share(self) -> Floats:
        """Mean illumination, (n_satellites,)."""
        return np.asarray(self.sunlit_s / self.span_s)

    @property
    def depth_of_discharge(self) -> Floats:
        """Highest less lowest charge, (n_satellites,)."""
        return np.asarray(self.highest_charge - self.lowest_charge)


def fly_fleet(
    designs: SatelliteDesign | Sequence[SatelliteDesign],
    orbits: Orbits,
    loads_w: ArrayLike,
    start: Instant,
    end: Instant,
    step_s: float = 10.0,
    *,
    radio_w: ArrayLike = 0.0,
    first_temperature_k: ArrayLike | None = None,
    settle_s: float = 0.0,
    trace_s: float = 0.0,
    seasonal_earth: bool = False,
    simplified: bool = False,
) -> FleetSummary:
    """Fly every satellite of `orbits` from `start` to `end` under constant loads, and say what its span was like.

    `designs` is one for all or one a satellite; `loads_w` (n_nodes,) or (n_satellites, n_nodes) are watts dissipated at
    the nodes, `radio_w` (n_satellites,) or one number watts sent away; `first_temperature_k` likewise by node in place
    of the designs' own. Steps are of `step_s` (1 to 120 s); the first `settle_s` move the state and are not counted;
    with `trace_s` the state is kept every so many seconds. Each of the three is a whole number of steps. With
    `seasonal_earth`, albedo and Earth infrared go with latitude and season, as `geometry` has them. Batteries keep the
    wear that they start with.

    `simplified` flies what the fast kernel can: without thermal controls, shedding and shadows, with ideal cells that
    lose what the real ones do at C/5, a peak-power tracker and the design's own mean Earth.

    Raises `DataError` for a span, step, load or shape that cannot be.
    """
    fleet = _fleet(designs, orbits, loads_w, radio_w, first_temperature_k)
    fleet = replace(fleet, seasonal_earth=seasonal_earth, simplified=simplified)
    span = _span(start, end, step_s, settle_s, trace_s)
    tally = fly(fleet, span)
    capacity_j = fleet.capacity_j
    traces = None
    if span.every:
        times = span.counted + span.step_ns * span.every * np.arange(1, tally.charge.shape[1] + 1, dtype=np.int64)
        traces = Traces(times, tally.charge, tally.temperature_k)
    return FleetSummary(
        names=orbits.names,
        start=span.counted,
        end=span.end,
        step_s=span.step_s,
        nodes=tuple(design.thermal.names for design in fleet.designs),
        first_charge=tally.first_j / capacity_j,
        final_charge=tally.final_j / capacity_j,
        lowest_charge=tally.lowest_j / capacity_j,
        highest_charge=tally.highest_j / capacity_j,
        generated_j=tally.generated_j,
        load_j=tally.load_j,
        losses_j=tally.losses_j,
        curtailed_j=tally.curtailed_j,
        unserved_j=tally.unserved_j,
        sunlit_s=tally.sunlit_s,
        longest_eclipse_s=tally.longest_eclipse_s,
        hottest_k=tally.hottest_k,
        coldest_k=tally.coldest_k,
        final_k=tally.final_k,
        exact=tally.exact,
        left_out=_left_out(fleet, tally.exact),
        traces=traces,
    )


def _left_out(fleet: Fleet, exact: NDArray[np.bool_]) -> tuple[tuple[str, ...], ...]:
    """By satellite; a fleet that is not simplified goes without nothing."""
    earth = (EARTH,) if fleet.seasonal_earth else ()
    found = {id(design): (*unmodelled(design), *earth) for design in {id(one): one for one in fleet.designs}.values()}
    return tuple(
        () if alone or not fleet.simplified else found[id(design)]
        for design, alone in zip(fleet.designs, exact, strict=True)
    )


def _fleet(
    designs: SatelliteDesign | Sequence[SatelliteDesign],
    orbits: Orbits,
    loads_w: ArrayLike,
    radio_w: ArrayLike,
    first_k: ArrayLike | None,
) -> Fleet:
    count = len(orbits)
    each = (designs,) * count if isinstance(designs, SatelliteDesign) else tuple(designs)
    if not count or len(each) != count:
        raise DataError("fleet", f"{len(each)} designs for {count} satellites", "give one for all, or one a satellite")
    n_nodes = max(len(design.thermal.nodes) for design in {id(design): design for design in each}.values())
    given = [
        ("fleet: loads_w", loads_w, (count, n_nodes), 0.0, 1e9, "watts of 0 or more by node"),
        ("fleet: radio_w", radio_w, (count,), 0.0, 1e9, "watts of 0 or more"),
    ]
    if first_k is not None:
        given.append(("fleet: first_temperature_k", first_k, (count, n_nodes), 10.0, 1000.0, "10 to 1000 K by node"))
    arrays = [_array(*one) for one in given]
    if first_k is None:
        own = np.array([design.initial_temperature_k for design in each])
        arrays.append(np.repeat(own[:, None], n_nodes, axis=1))
    loads, radio, first = arrays
    return Fleet(each, orbits, loads, radio, first)


def _array(place: str, values: ArrayLike, shape: tuple[int, ...], low: float, high: float, what: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    try:
        array = np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        raise DataError(place, f"shape {array.shape}", f"give {what}, of a shape that fits {shape}") from None
    if not np.all((array >= low) & (array <= high)):
        raise DataError(place, float(array[~((array >= low) & (array <= high))][0]), f"give {what}")
    return array


def _span(start: Instant, end: Instant, step_s: float, settle_s: float, trace_s: float) -> Span:
    if not 1.0 <= step_s <= 120.0:
        raise DataError("fleet: step_s", step_s, "choose 1 to 120 s")
    step_ns = round(step_s * SECOND)
    counts = []
    for place, wanted in (("settle_s", settle_s), ("trace_s", trace_s), ("end", (end - start) / SECOND - settle_s)):
        steps = round(wanted * SECOND / step_ns) if 0.0 <= wanted < 1e10 else -1
        if steps < 0 or abs(steps * step_ns - wanted * SECOND) > 1e3:
            shown = iso(end) if place == "end" else wanted
            raise DataError(f"fleet: {place}", shown, f"make it a whole number of steps of {step_s:g} s")
        counts.append(steps)
    settle, every, steps = counts
    if not 0 < steps <= 40_000_000:
        raise DataError("fleet: end", iso(end), f"leave 1 to 40 million steps of {step_s:g} s to count")
    return Span(start, step_ns, settle, steps, every)
