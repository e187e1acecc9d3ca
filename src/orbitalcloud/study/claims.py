"""The programme's claims, answered for this orbit and satellite: is sunlight constant, does space cool for nothing.

"Sunlight is constant": the share of the year that is lit, the longest eclipse, the days that have one. "Naturally
cold": heat leaves by radiation alone, from a surface that the Sun and the Earth warm; what one kilowatt costs in area
and mass, and how cold the radiator is, come from the trial whose accelerator never stops.
"""

from __future__ import annotations

import numpy as np

from orbitalcloud.mission import Craft
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, node_index, satellite_design
from orbitalcloud.mission.thermal import network_of
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4
from orbitalcloud.study.sheet import Entry, Section
from orbitalcloud.study.trial import Seen
from orbitalcloud.study.year import Year

PUBLISHED_M2_PER_KW = (0.95, 4.3)
"""What others publish for a radiator in orbit: Turyshev 1.9 (arXiv 2604.27197), Starcloud 1.58, ISS 3.0 among them."""

KG_PER_M2 = 5.0
"""Radiator with its share of loops, Turyshev (arXiv 2604.27197)."""

ALUMINIUM_J_PER_KG_K = 900.0
"""By which the catalogue makes heat capacities of masses."""

SPACE_C = 2.725 - ZERO_CELSIUS_K
"""The cosmic background (Fixsen 2009, doi 10.1088/0004-637X/707/2/916)."""


def claims_section(craft: Craft, full: Seen, year: Year) -> Section:
    """Both claims with their numbers; `full` is the trial that never stops."""
    entries = (*_sunlight(year), *_cooling(craft, full))
    return Section("claims", "the programme's claims", entries, "cooling: computing nonstop, over the mission")


def _sunlight(year: Year) -> tuple[Entry, ...]:
    longest, _ = year.longest
    lit = 100.0 * year.lit_share
    word = "of the year: constant" if longest == 0.0 else f"of the year; dark {100.0 - lit:.1f} %: not constant"
    return (
        Entry("sunlit_year_pct", "“sunlight is constant”", "%", year=lit, note=word),
        Entry("sunlit_worst_day_pct", "  on its darkest day", "%", year=100.0 * float(year.lit.min())),
        Entry("longest_dark_min", "  longest darkness", "min", year=longest),
        Entry("days_with_eclipse", "  days of the year with eclipses", "", year=year.eclipse_days, digits=0),
    )


def _cooling(craft: Craft, full: Seen) -> tuple[Entry, ...]:
    """What the radiator does: net heat a square metre, the sink that it sees, and area and mass for a kilowatt."""
    here = node_index(craft, "radiator")
    node = craft.bus.heat[here]
    area_m2 = sum(face.area_m2 for face in node.faces)
    mean_c = float(full.mean_k[here]) - ZERO_CELSIUS_K
    runs = Entry("radiator_mean_c", "“naturally cold”: the radiator runs at", "°C", mean_c,
                 note=f"space is {SPACE_C:.0f} °C".replace("-", "−"))  # fmt: skip
    if area_m2 <= 0.0:
        return (runs,)
    faces = [face for face in network_of(craft.bus).faces if face.node == node.name]
    emitted_w = sum(face.area_m2 * face.emissivity for face in faces) * STEFAN_BOLTZMANN_W_M2_K4
    net_w = _taken_w(craft, full, here)
    sink_k4 = max(0.0, float(full.mean_t4_k4[here]) - net_w / emitted_w) if emitted_w > 0.0 else 0.0
    mass_kg = node.heat_capacity_j_per_k / ALUMINIUM_J_PER_KG_K
    low, high = PUBLISHED_M2_PER_KW
    entries = [
        runs,
        Entry("sink_mean_c", "  and sees, with Sun and Earth, a sink at", "°C", sink_k4**0.25 - ZERO_CELSIUS_K),
        Entry("radiator_net_w_m2", "  net heat it sheds", "W/m²", net_w / area_m2),
        Entry("radiator_w", "  in all, of payload and platform", "W", net_w),
    ]
    if net_w > 0.0:
        m2_per_kw = 1e3 * area_m2 / net_w
        words = f"others publish {low:g} to {high:g}"
        entries += [
            Entry("radiator_m2_per_kw", "  area for a kilowatt", "m²/kW", m2_per_kw, note=words, digits=2),
            Entry("radiator_kg_per_kw", "  mass for a kilowatt", "kg/kW", m2_per_kw * KG_PER_M2,
                  note=f"at {KG_PER_M2:g} kg/m² (Turyshev); this bus's own: {1e3 * mass_kg / net_w:.0f}"),
        ]  # fmt: skip
    return tuple(entries)


def _taken_w(craft: Craft, full: Seen, here: int) -> float:
    """Net heat into the radiator from the other nodes, a mean: by conduction and by exchange of radiation."""
    network = satellite_design(craft).thermal
    count = len(craft.bus.heat)
    mean, fourth = full.mean_k[:count], full.mean_t4_k4[:count]
    conducted = network.conduction_w_k()[here] @ (mean - mean[here])
    exchanged = network.radiation_w_k4()[here] @ (fourth - fourth[here])
    return float(np.sum(conducted) + np.sum(exchanged))
