"""Connectivity through the day: round-trip times, fair rates, availability, handovers, coverage of a mission's flows.

    made = connectivity(load("starlink-shell-1"))
    made.variants[0].flows[0].rtt_s          # (n_times,), not a number where there is no path

The network with the mission's topology stands beside the same without links between satellites, and, where stations
relay, without relays too. A flow takes the shortest path of each instant; what it gets there is max-min fair. A path is
that of an instant: light's way at a standing sky, both ways alike. Nothing queues, no terminal is silent while it turns
to another satellite, and nothing of the Internet beyond a station is in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, HOUR, SECOND, DataError, Instant
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.connectivity import Connectivity
from orbitalcloud.mission.physical import orbits_of
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.coverage import seen_by_latitude
from orbitalcloud.physics.frames import geodetic_of_itrs, teme_to_itrs
from orbitalcloud.study.flow_paths import Network, Step, steps
from orbitalcloud.study.flow_places import Ground, great_circle_m, ground_of, network_of
from orbitalcloud.study.flow_rates import Rates, fair_rates

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MOST_STEPS = 50_000
MOST_SEEN = 8
"""Satellites above a mask are counted up to this."""
_COVERAGE_TIMES = 96
FIBRE_INDEX = 1.468
"""Group index of standard single-mode fibre at 1550 nm (Corning SMF-28 Ultra data sheet, 2021): 1.4682."""


@dataclass(frozen=True, slots=True)
class FlowSeries:
    """One flow through the day, each (n_times,). Where it has no path its round-trip time is not a number, its rate 0,
    its satellites −1 and its path number −1; otherwise the path number tells paths apart. `why` says what bounds its
    rate."""

    name: str
    source: str
    destination: str
    rtt_s: Floats
    rate_bps: Floats
    satellites: Indices
    first: Indices
    last: Indices
    path: Indices
    why: tuple[str, ...]

    @property
    def available(self) -> float:
        """Share of the instants with a path."""
        return float(np.isfinite(self.rtt_s).mean())

    def rtt_quantiles_s(self, shares: tuple[float, ...] = (0.0, 0.5, 0.95, 1.0)) -> tuple[float, ...]:
        """Least, median, 95 % and most round-trip time of the instants with a path; not numbers where there is none."""
        there = self.rtt_s[np.isfinite(self.rtt_s)]
        return tuple(float(value) for value in np.quantile(there, shares)) if len(there) else (math.nan,) * len(shares)

    def changes(self, series: Indices) -> int:
        """How often a series changes from one instant to the next, both with a path."""
        both = (series[1:] >= 0) & (series[:-1] >= 0)
        return int((both & (np.diff(series) != 0)).sum())

    @property
    def handovers(self) -> int:
        """How often the source's terminal changed its satellite."""
        return self.changes(self.first)

    @property
    def path_changes(self) -> int:
        """How often any satellite of the path changed."""
        return self.changes(self.path)

    @property
    def bounds(self) -> dict[str, float]:
        """What bounds the rate, the commonest first, with its share of the instants with a path."""
        there = [why for why in self.why if why]
        told = {why: there.count(why) / len(there) for why in sorted(set(there))}
        return dict(sorted(told.items(), key=lambda item: -item[1]))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A flow's path at one instant, for a map: longitudes and latitudes (degrees) of its nodes, ends included."""

    flow: str
    at: Instant
    longitude_deg: Floats
    latitude_deg: Floats


@dataclass(frozen=True, slots=True)
class Variant:
    """The network with one topology; `links` between satellites stand at each instant, (n_times,), and so many of them
    are made or let go since the instant before, `link_changes`, (n_times,), 0 at the first."""

    topology: str
    flows: tuple[FlowSeries, ...]
    drawn: tuple[Drawn, ...]
    links: Indices
    link_changes: Indices


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of each latitude (degrees, n) the share of time and longitudes with at least 1, 2, … `MOST_SEEN` satellites above
    the mask, (n, MOST_SEEN)."""

    mask_deg: float
    latitude_deg: Floats
    at_least: Floats


@dataclass(frozen=True, slots=True)
class ConnectivityStudy:
    """What a mission's network does for its flows at `times_ns`."""

    mission: str
    satellites: int
    settings: Connectivity
    ground: Ground
    times_ns: Indices
    variants: tuple[Variant, ...]
    coverage: Coverage


def connectivity(loaded: Loaded, told: Callable[[float, str], None] = lambda share, what: None) -> ConnectivityStudy:
    """The study. `told` hears the share done; `DataError` for a mission without flows, or with too many instants."""
    settings, ground = network_of(loaded), ground_of(loaded)
    step_ns = round(settings.step_s * SECOND)
    times = np.arange(loaded.starts, loaded.ends, step_ns, dtype=np.int64)
    if len(times) > MOST_STEPS:
        remedy = f"take a longer step_s or fewer days: at most {MOST_STEPS} instants"
        raise DataError("connectivity", f"{len(times)} instants", remedy)
    kinds = _kinds(settings)
    variants = []
    for number, (topology, relays) in enumerate(kinds):
        network, name = Network.of(loaded, ground, settings, topology, relays), topology + ", relays" * relays

        def heard(share: float, number: int = number, name: str = name) -> None:
            told((number + share) / len(kinds), f"flows, topology {name}")

        variants.append(_flown(network, settings, name, times, heard))
    told(1.0, "coverage")
    return ConnectivityStudy(
        loaded.mission.name,
        len(loaded.satellites),
        settings,
        ground,
        times,
        tuple(variants),
        coverage(loaded, settings.mask_deg),
    )


def _kinds(settings: Connectivity) -> list[tuple[str, bool]]:
    """The mission's own topology and relays first; then without links between satellites; then without relays too."""
    kinds = [(settings.topology, settings.relays), ("none", settings.relays), ("none", False)]
    return list(dict.fromkeys(kinds))


def _flown(
    network: Network, settings: Connectivity, topology: str, times: Indices, told: Callable[[float], None]
) -> Variant:
    flows, count, n = network.ground.flows, len(times), len(network.orbits)
    rtt, rate = np.full((len(flows), count), np.nan), np.zeros((len(flows), count))
    shape = (len(flows), count)
    sats, first, last, path = (np.full(shape, -1, dtype=np.int64) for _ in range(4))
    whys: list[list[str]] = [[] for _ in flows]
    known: list[dict[tuple[int, ...], int]] = [{} for _ in flows]
    drawn: dict[int, Drawn] = {}
    rates = Rates(settings, network.ground, n)
    links, link_changes = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    before: Indices | None = None
    for k, step in enumerate(steps(network, times)):
        fair, why = fair_rates(step, rates)
        rate[:, k] = fair
        links[k] = len(step.linked)
        link_changes[k] = 0 if before is None else len(np.setxor1d(step.linked, before, assume_unique=True))
        before = step.linked
        for f, nodes in enumerate(step.paths):
            whys[f].append(why[f])
            if nodes:
                over = [node for node in nodes if node < n]
                rtt[f, k] = 2.0 * step.lengths_m[f] / SPEED_OF_LIGHT_M_S
                sats[f, k], first[f, k], last[f, k] = len(over), over[0], over[-1]
                path[f, k] = known[f].setdefault(nodes, len(known[f]))
                if f not in drawn:
                    drawn[f] = _drawn(flows[f].name, step, nodes, n)
        if k % 16 == 0:
            told(k / count)
    series = tuple(
        FlowSeries(
            flow.name,
            network.ground.places[flow.source].name,
            network.ground.places[flow.destinations[0]].name if len(flow.destinations) == 1 else "any station",
            rtt[f],
            rate[f],
            sats[f],
            first[f],
            last[f],
            path[f],
            tuple(whys[f]),
        )
        for f, flow in enumerate(flows)
    )
    return Variant(topology, series, tuple(drawn[f] for f in sorted(drawn)), links, link_changes)


def _drawn(flow: str, step: Step, nodes: tuple[int, ...], count: int) -> Drawn:
    places = [step.satellites_m[:, i] if i < count else step.places_m[i - count] for i in nodes]
    latitude, longitude, _ = geodetic_of_itrs(np.array(places) @ teme_to_itrs([step.at])[0].T)
    return Drawn(flow, step.at, np.degrees(longitude), np.degrees(latitude))


def coverage(loaded: Loaded, mask_deg: float, times: int = _COVERAGE_TIMES) -> Coverage:
    """Coverage by latitude over the mission, at most a day of it, at `times` instants, every degree."""
    span = min(loaded.ends - loaded.starts, DAY)
    # an odd share of an hour, so that instants do not keep step with the orbits
    at = loaded.starts + (np.arange(times, dtype=np.int64) * span) // times + (HOUR // 7) % max(1, span // times)
    latitude = np.arange(-90.0, 91.0)
    shares = np.zeros((len(latitude), MOST_SEEN + 1))
    orbits = orbits_of(loaded)
    for instant in at.tolist():
        position = np.ascontiguousarray(orbits.position_teme_m([instant])[:, 0].T)
        shares += seen_by_latitude(position, np.radians(latitude), math.radians(mask_deg), MOST_SEEN)
    shares /= times
    at_least = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return Coverage(mask_deg, latitude, at_least)


def fibre_rtt_s(ground: Ground, flow: int) -> float:
    """What fibre along the great circle would take there and back: no cable is so short, so no fibre so quick."""
    ends = ground.flows[flow]
    here = ground.places[ends.source]
    far = min(great_circle_m(here, ground.places[place]) for place in ends.destinations)
    return 2.0 * far * FIBRE_INDEX / SPEED_OF_LIGHT_M_S
