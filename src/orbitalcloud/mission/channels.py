"""From links to directed channels: who with whom, at which rate or by which budget, within which limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from orbitalcloud.core import DataError, Instant
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.check_links import CLASSES, between_satellites
from orbitalcloud.mission.check_values import Names
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems
from orbitalcloud.mission.resolved import Budget, Channel, Craft, RadioBudget
from orbitalcloud.mission.types import BudgetChange, Link, Mission, Satellite
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.isl import IslLimits, grid_pairs, nearest_pairs
from orbitalcloud.physics.link import RadioLink
from orbitalcloud.physics.link_coding import TABLES
from orbitalcloud.physics.link_optical import OpticalLink
from orbitalcloud.physics.orbit import Orbits

MOST_CROSSINGS = 20_000
"""Pairs of satellites with a link: each pair's windows cost some milliseconds a day."""


def channels(mission: Mission, crafts: tuple[Craft, ...], starts: Instant, problems: Problems) -> tuple[Channel, ...]:
    """Every directed channel, sorted by (sender, receiver): the most specific link, then the fastest, wins."""
    names = Names(mission)
    satellites = set(names.satellites)
    power_w = {craft.name: craft.bus.radio_tx_w for craft in crafts}
    best: dict[tuple[str, str], tuple[int, Channel]] = {}
    for index, link in enumerate(mission.link):
        path: Path = ("link", index)
        specific = sum(end not in CLASSES for end in link.between)
        try:
            if between_satellites(link, names.satellites):
                make = _across(link, path, power_w)
                pairs = _crossings(link, mission, crafts, names, starts)
            else:
                make = _grounded(link, path, power_w, satellites)
                pairs = _pairs(link, names)
        except DataError as error:
            problems.add(path, error.value, f"{error.remedy} ({error.place})")
            continue
        for pair in pairs:
            for channel in make(*pair):
                key = (channel.sender, channel.receiver)
                known = best.get(key)
                if known is None or (specific, channel.rate_bps) > (known[0], known[1].rate_bps):
                    best[key] = (specific, channel)
    return tuple(best[key][1] for key in sorted(best))


# To the ground and over it --------------------------------------------------------------------------------------------


def _pairs(link: Link, names: Names) -> list[tuple[str, str]]:
    """Pairs of names, a satellite before a station; two different nodes each."""
    ends = [_expand(end, names) for end in link.between]
    satellites = set(names.satellites)
    made: list[tuple[str, str]] = []
    for one in ends[0]:
        for other in ends[1]:
            if one == other or (one in satellites and other in satellites):
                continue
            made.append((other, one) if other in satellites else (one, other))
    return made


def _expand(end: str, names: Names) -> list[str]:
    return {"satellite": names.satellites, "station": names.stations}.get(end, [end])


def _grounded(
    link: Link, path: Path, power_w: dict[str, float], satellites: set[str]
) -> Callable[[str, str], list[Channel]]:
    """What makes the two channels of a pair (satellite, station) or (station, station)."""
    radio = catalogue().links.get(link.radio or "")
    band = link.band or (radio.band if radio else "")
    loss = link.frame_loss_ppm or 0

    def way(key: str) -> tuple[int, RadioLink | OpticalLink | None, float]:
        """(most bit/s, budget, frequency) of one direction: a rate by hand beats the radio's budget."""
        fixed = getattr(link, f"{key}_kbps")
        budget = _changed(getattr(radio, key) if radio else None, getattr(link, key))
        if fixed is None and budget is not None:
            made = built(budget, f"{link.radio} {key}", band)
            return most_bps(made), made, frequency_hz(made)
        rate = fixed if fixed is not None else getattr(radio, f"{key}_kbps") if radio else 0.0
        hz = (getattr(radio, f"{key}_mhz") or 0.0) * 1e6 if radio else 0.0
        return round(rate * 1000), None, hz

    up, down = way("up"), way("down")

    def make(first: str, second: str) -> list[Channel]:
        ground = first not in satellites
        transmit_w = 0.0 if ground else radio.transmit_w if radio else power_w.get(first, 0.0)
        both = [
            Channel(second, first, band, up[0], 0.0, loss, ground, up[1], link.availability, None, up[2]),
            Channel(first, second, band, down[0], transmit_w, loss, ground, down[1], link.availability, None, down[2]),
        ]
        return [channel for channel in both if channel.rate_bps > 0]

    return make


# Between satellites ---------------------------------------------------------------------------------------------------


def _across(link: Link, path: Path, power_w: dict[str, float]) -> Callable[[str, str], list[Channel]]:
    """What makes the two channels of a pair of satellites, alike both ways."""
    radio = catalogue().links.get(link.radio or "")
    band = link.band or (radio.band if radio else "")
    budget = _changed(radio.across if radio else None, link.across)
    made = built(budget, f"{link.radio} across", band) if budget is not None and link.across_kbps is None else None
    fixed = link.across_kbps if link.across_kbps is not None else radio.across_kbps if radio else 0.0
    rate_bps = most_bps(made) if made is not None else round(fixed * 1000)
    if rate_bps <= 0:
        raise DataError("across_kbps", fixed, "give a rate above zero, or a radio with a budget across")
    hz = frequency_hz(made) if made is not None else 0.0
    range_km = link.range_km if link.range_km is not None else radio.range_km if radio else None
    slew = link.slew_deg_s if link.slew_deg_s is not None else radio.slew_deg_s if radio else None
    graze = link.grazing_height_km if link.grazing_height_km is not None else radio.grazing_height_km if radio else 80.0
    limits = IslLimits(
        range_km * 1e3 if range_km is not None else math.inf,
        graze * 1e3,
        math.radians(slew) if slew is not None else math.inf,
    )
    loss = link.frame_loss_ppm or 0

    def make(first: str, second: str) -> list[Channel]:
        return [
            Channel(
                one,
                other,
                band,
                rate_bps,
                radio.transmit_w if radio else power_w.get(one, 0.0),
                loss,
                False,
                made,
                link.availability,
                limits,
                hz,
            )
            for one, other in ((first, second), (second, first))
        ]

    return make


def _crossings(
    link: Link, mission: Mission, crafts: tuple[Craft, ...], names: Names, starts: Instant
) -> list[tuple[str, str]]:
    """The pairs of satellites that a link means, by its topology."""
    if link.topology == "+grid":
        found = [pair for one in mission.satellite for pair in _grid(one, names, mission)]
    elif link.topology is not None and link.topology.startswith("nearest:"):
        orbits = Orbits.of([craft.orbit for craft in crafts], [craft.name for craft in crafts])
        near = nearest_pairs(orbits.position_teme_m([starts])[:, 0], int(link.topology.partition(":")[2]))
        found = [(crafts[i].name, crafts[j].name) for i, j in near]
    else:
        ends = [_expand(end, names) for end in link.between]
        if len(ends[0]) * len(ends[1]) > 4 * MOST_CROSSINGS:
            raise _too_many(len(ends[0]) * len(ends[1]) // 2)
        found = sorted({(min(a, b), max(a, b)) for a in ends[0] for b in ends[1] if a != b})
    if len(found) > MOST_CROSSINGS:
        raise _too_many(len(found))
    return found


def _too_many(pairs: int) -> DataError:
    remedy = f'have at most {MOST_CROSSINGS} pairs: topology = "+grid" or "nearest:4" makes fewer'
    return DataError("links between satellites", f"{pairs} pairs", remedy)


def _grid(one: Satellite, names: Names, mission: Mission) -> list[tuple[str, str]]:
    walker = one.walker
    if walker is None:
        if any(other.walker is not None for other in mission.satellite):
            return []
        raise DataError("topology", "+grid", 'needs a satellite with walker = { … }; "all" and "nearest:N" do not')
    members = [name for name in names.satellites if name.startswith(f"{one.name}-")][: walker.total]
    return [
        (members[i], members[j]) for i, j in grid_pairs(walker.total, walker.planes, walker.phasing, walker.pattern)
    ]


# Budgets --------------------------------------------------------------------------------------------------------------


def _changed(budget: Budget | None, change: BudgetChange | None) -> Budget | None:
    """The radio's budget with the mission's values in place of its own."""
    if budget is None or change is None:
        return budget
    given = {key: value for key, value in msgspec.to_builtins(change).items() if value is not None}
    known = type(budget).__struct_fields__
    for key in given:
        if key not in known:
            raise DataError(key, given[key], f"this budget has {', '.join(known)}")
    plain: dict[str, Any] = {**msgspec.to_builtins(budget), **given}
    return msgspec.convert(plain, type(budget))


def built(budget: Budget, name: str, band: str) -> RadioLink | OpticalLink:
    """A budget as physics takes it; `DataError` where the values make no link."""
    if isinstance(budget, RadioBudget):
        return RadioLink(
            name=name,
            band=band,
            frequency_hz=budget.frequency_mhz * 1e6,
            transmit_w=budget.radiated_w,
            transmit_gain_dbi=budget.transmit_gain_dbi,
            receive_gain_dbi=budget.receive_gain_dbi,
            system_temperature_k=budget.system_temperature_k,
            symbol_rates_baud=tuple(rate * 1e3 for rate in budget.symbol_rates_kbaud),
            coding=budget.coding,
            transmit_loss_db=budget.transmit_loss_db,
            pointing_loss_db=budget.pointing_loss_db,
            polarisation_loss_db=budget.polarisation_loss_db,
            implementation_loss_db=budget.implementation_loss_db,
            margin_db=budget.margin_db,
        )
    return OpticalLink(
        transmit_w=budget.radiated_w,
        wavelength_m=budget.wavelength_nm * 1e-9,
        transmit_aperture_m=budget.transmit_aperture_mm * 1e-3,
        receive_aperture_m=budget.receive_aperture_mm * 1e-3,
        transmit_efficiency=budget.transmit_efficiency,
        receive_efficiency=budget.receive_efficiency,
        pointing_loss_db=budget.pointing_loss_db,
        margin_db=budget.margin_db,
        photons_per_bit=budget.photons_per_bit,
        most_bps=budget.most_kbps * 1e3,
        clear_zenith_db=budget.clear_zenith_db,
    )


def most_bps(link: RadioLink | OpticalLink) -> int:
    """The most that a budget can give, in whole bits a second."""
    if isinstance(link, OpticalLink):
        return round(link.most_bps)
    return math.floor(max(link.symbol_rates_baud) * max(code.bits_per_symbol for code in TABLES[link.coding]))


def frequency_hz(link: RadioLink | OpticalLink) -> float:
    """The carrier's."""
    return SPEED_OF_LIGHT_M_S / link.wavelength_m if isinstance(link, OpticalLink) else link.frequency_hz
