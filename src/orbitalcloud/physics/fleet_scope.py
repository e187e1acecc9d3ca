"""What of a design the fleet's kernel does not compute, and the simpler design that it can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orbitalcloud.physics.battery import Battery, cells_at
from orbitalcloud.physics.battery_ageing import Wear
from orbitalcloud.physics.battery_cells import IDEAL
from orbitalcloud.physics.power_heat import SatelliteDesign, Shedding
from orbitalcloud.physics.self_shadow import casts_shadow

CELLS = "battery cells (ideal ones of the same energy, losing what theirs do at C/5 and 25 °C)"
LOCK_OUT = "the battery's cold lock-out"
SHADOW = "shadows of body and panels on the array"
TRACKER = "direct energy transfer (a peak-power tracker instead)"
SHEDDING = "shedding of loads and brown-out"
CONTROLS = "thermal controls"
SUN_POINTING = "a body that turns to the Sun"
EARTH = "an Earth by latitude and season (its mean instead)"
_HOURS = 5.0
"""The discharge, in hours to empty, at which the resistance's loss is taken: a tenth of the charge in half an hour of
eclipse."""


def unmodelled(design: SatelliteDesign) -> tuple[str, ...]:
    """What the kernel would leave out of a design; where there is something, `EnergyHeat` flies it."""
    rules = design.shedding
    found = (
        (SUN_POINTING, design.sun_axis is not None),
        (CELLS, design.battery.cell is not IDEAL),
        (LOCK_OUT, design.battery.cell is IDEAL and bool(design.battery.lock_out_k)),
        (SHADOW, casts_shadow(design.array)),
        (TRACKER, design.array.tracker == "direct"),
        (SHEDDING, max(rules.heating, rules.radio, rules.payload, rules.restart) > 0.0),
        (CONTROLS, bool(design.controls)),
    )
    return tuple(name for name, holds in found if holds)


def simpler(design: SatelliteDesign) -> SatelliteDesign:
    """The design less what `unmodelled` names, but for a body that turns to the Sun: that has no simpler likeness."""
    array = replace(design.array, tracker="peak-power", body_m=None)
    array = replace(array, panels=tuple(replace(panel, centre_m=None) for panel in array.panels))
    return replace(design, array=array, battery=_ideal(design.battery), shedding=Shedding(), controls=())


def _ideal(battery: Battery) -> Battery:
    """A battery of ideal cells with the same energy, whose efficiencies hold the cells' loss as well."""
    if battery.cell is IDEAL:
        return replace(battery, lock_out_k=None)
    volts, ohms = cells_at(0.5, 298.15, battery.tables(), np.array(battery.row()))
    amperes = battery.cell.capacity_ah * battery.cells / battery.series / _HOURS
    loss = amperes * ohms / volts
    return Battery(
        battery.usable_j,
        max(0.01, battery.charge_efficiency / (1.0 + loss)),
        max(0.01, battery.discharge_efficiency * (1.0 - loss)),
        battery.max_charge_w,
        battery.max_discharge_w,
        battery.min_state_of_charge,
        battery.max_state_of_charge,
        series=battery.series,
        wear=Wear(),
    )
