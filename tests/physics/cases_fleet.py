"""Numeric validation cases of the fleet's kernel: Basilisk 2.12's day of four satellites, and ours of the same.

Made by bench/peers/basilisk_day.py at 10 s (the bench's own environment), from the places of `PLACES` at `START` with a
circular orbit's speed. What differs by model, and so makes the tolerances: its Earth is a sphere of the equator's
radius, whose shadow takes up to 0.25 % more of a polar orbit (0.335 % of the radius, tan 67° times that at both
edges); it flies the Earth's point mass, so that our nodes move (by 4.5° in the day at 53°, which with its Sun at rest
is another 0.2 % of sunlight) and our satellites drift along the track by 24 s to 110 s; half a per cent of sunlight is
0.4 K of the plate, and it tells its state a step late.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from orbitalcloud.core import DAY, Instant, parse_instant
from orbitalcloud.physics import (
    Battery,
    FleetSummary,
    Node,
    Orbits,
    Panel,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    circular,
    fly_fleet,
)

START = parse_instant("2026-03-20T12:00:00Z")
SOURCE = "Basilisk 2.12.0, bench/peers/basilisk_day.py at 10 s"
PLACES = ((53.0, 0.0, 0.0), (53.0, 1.5, 1.0), (97.6, 0.5, 2.0), (63.4, 3.0, 3.0))
"""Inclination in degrees, node and argument of latitude in radians, at 550 km."""
BASILISK = (
    (0.6289775593614261, 1864433.864867711, 1.0, 28.195703689787795),
    (0.7206807327038821, 2136210.151183856, 0.9791078173619916, 35.93536776907924),
    (0.6451896363847357, 1912475.3501348032, 0.9904519926070566, 31.28984751690841),
    (0.63006932359648, 1867669.229852592, 1.0, 27.978477034032874),
)
"""Sunlit share, energy from the panel (J), charge and temperature (°C) at the day's end."""
_SIGMA = 5.76051 / 5.670374419
"""sensorThermal has a Stefan–Boltzmann constant of 5.76051e-8 W/(m² K⁴), 1.6 % too high: our plate's emissivity bears
it."""


@lru_cache(maxsize=2)
def _day(power: bool) -> FleetSummary:
    """Either panel and battery, or the plate: in ours a panel's heat is less what it delivers, in theirs not."""
    places = [
        circular(550e3, math.radians(i), START, raan_rad=node, argument_of_latitude_rad=u) for i, node, u in PLACES
    ]
    plate = Panel(0.1, deployed=False, absorptivity=0.3, emissivity=0.8 * _SIGMA)
    one = SatelliteDesign(
        SolarArray((plate,), 0.25 if power else 1e-9, 0.0, 1.0),
        Battery(277_200.0 if power else 1e9, 1.0, 1.0),
        ThermalNetwork((Node("array", 9000.0), Node("body", 9000.0))),
        initial_state_of_charge=0.8,
        albedo=0.0,
        earth_infrared_w_m2=0.0,
    )
    return fly_fleet(one, Orbits.of(places), [12.0, 0.0], START, Instant(START + DAY), 10.0)


def _ours(quantity: str, row: int) -> float:
    if quantity == "temperature":
        return float(_day(False).final_k[row, 0]) - 273.15
    day = _day(True)
    return float({"sunlit": day.sunlit_share, "energy": day.generated_j, "charge": day.final_charge}[quantity][row])


def _cases() -> list[dict[str, Any]]:
    cases = []
    for row, (incl, _, _) in enumerate(PLACES):
        late_s = {53.0: 52.0, 97.6: 110.0, 63.4: 24.0}[incl]
        share = 0.005 + late_s / 86_400.0
        sunlit, energy, charge, celsius = BASILISK[row]
        late = f"and {late_s:.0f} s along the track"
        for quantity, unit, theirs, tolerance, why in (
            ("sunlit", "1", sunlit, share, f"sphere, node at rest, {late}"),
            ("energy", "J", energy, 34.3 * 86_400.0 * share, "as the sunlit share"),
            ("charge", "1", charge, 22.3 * late_s / 277_200.0 + 0.005, f"the last orbit's sunlight, {late} at 22 W"),
            ("temperature", "°C", celsius, 27.0 * late_s / 9000.0 + 0.55, f"0.5 % of sunlight, {late} at 3 mK/s"),
        ):
            cases.append(
                {
                    "case": f"A satellite's day at 550 km, {incl:g}°, no. {row + 1}",
                    "source": SOURCE,
                    "quantity": quantity,
                    "unit": unit,
                    "theirs": theirs,
                    "tolerance": tolerance,
                    "ours": lambda quantity=quantity, row=row: _ours(quantity, row),
                    "note": why,
                }
            )
    return cases


CASES = _cases()
