"""Numeric validation cases of arrays, cells, batteries and their ageing: somebody else's number, ours, the
tolerance.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from orbitalcloud.core.time import SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    BATTERY_CELLS,
    Battery,
    Duty,
    EnergyHeat,
    Geometry,
    Node,
    Panel,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    Wear,
    array_power_w,
    worn,
)
from orbitalcloud.physics.self_shadow import shares
from orbitalcloud.physics.solar_cells import AZUR_3G30C, AZUR_3G30C_AFTER, SolarCell, iv_current
from validation import row

EPOCH = parse_instant("2026-03-20T12:00:00Z")


def peak(cell: SolarCell, warmer_k: float = 0.0) -> tuple[float, float]:
    """(volts, watts) of the best point of a cell's curve, searched finely."""
    row = np.array(cell.row())
    volts = np.linspace(0.0, cell.open_v, 27001)
    watts = [v * iv_current(v, warmer_k, row) * cell.short_a for v in volts.tolist()]
    best = int(np.argmax(watts))
    return float(volts[best]), watts[best]


def amperes(volts: float) -> float:
    return float(iv_current(volts, 0.0, np.array(AZUR_3G30C.row()))) * AZUR_3G30C.short_a


def warm_power_change(kelvin: float) -> float:
    """Relative power of an array at the peak, `kelvin` above 28 °C, by its temperature coefficient."""
    array = SolarArray((Panel(1.0),), temperature_coefficient_per_k=AZUR_3G30C.power_coefficient_per_k)
    warm, cool = (array_power_w(array, 1367.0, 1.0, (0, 0, 1), 301.15 + dt) for dt in (kelvin, 0.0))
    return warm / cool


# The battery: a cell discharged through the kernel at a constant current ----------------------------------------------


@lru_cache(maxsize=16)
def discharge(rate: float, celsius: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(Ah out, volts) of an LG M50 at 5 A × rate, in steps of 10 mAh."""
    cell = BATTERY_CELLS["nmc-21700"]
    battery = Battery(cell.energy_j, 1.0, 1.0, cell=cell, series=1)
    out = np.arange(0.0, 4.9, 0.01)
    volts = [battery.voltage(cell.energy_share(1.0 - q / cell.capacity_ah), -5.0 * rate, celsius + 273.15) for q in out]
    return tuple(out.tolist()), tuple(volts)


def volts_at(amp_hours: float, rate: float, celsius: float) -> float:
    return float(np.interp(amp_hours, *discharge(rate, celsius)))


def amp_hours_to(volts: float, rate: float, celsius: float) -> float:
    out, falling = discharge(rate, celsius)
    return float(np.interp(-volts, -np.array(falling), out))


def basilisk_battery_j() -> float:
    """simpleBattery: 5 of 10 W·s, 10 W net for 5 s: clamped at its capacity."""
    light = np.zeros((1, 3, 5), dtype=np.float32)
    light[:] = (1.0, 0.0, 1.0, 0.0, 6.9e6)
    array = SolarArray((Panel(1.0),), efficiency=1.0, packing=1.0, temperature_coefficient_per_k=0.0)
    network = ThermalNetwork((Node("array", 1e9), Node("body", 1e9)))
    design = SatelliteDesign(array, Battery(10.0, 1.0, 1.0), network, initial_state_of_charge=0.5)
    fleet = EnergyHeat([design], Geometry(EPOCH, 10 * SECOND, light, np.full(3, 10.0)))
    fleet.advance(0, Instant(EPOCH + 5 * SECOND), np.zeros(2))
    return float(fleet.energy_j[0])


# Ageing ---------------------------------------------------------------------------------------------------------------


def stood(cell_v: float, kelvin: float, days: float) -> Wear:
    """A battery that stood, counted in ten pieces."""
    wear = Wear()
    for _ in range(10):
        wear = worn(wear, Duty(days / 10, kelvin, cell_v, 0.0, 0.0))
    return wear


def cycled(cell_v: float, full_cycles: float, depth: float) -> Wear:
    """A battery cycled, out and in counted both, in ten pieces that take no time."""
    wear = Wear()
    for _ in range(10):
        wear = worn(wear, Duty(0.0, 308.15, cell_v, 0.2 * full_cycles, depth))
    return wear


def open_v(charge: float) -> float:
    """Of the UR18650E at a share of its ampere-hours."""
    cell = BATTERY_CELLS["nmc-18650"]
    return float(cell.curves(np.array([cell.energy_share(charge)]))[0][0])


# Shadows --------------------------------------------------------------------------------------------------------------


def beside_a_wall(elevation_deg: float) -> float:
    """Share lit of a panel of 2 × 1 m that lies level and begins at the foot of a cube's wall, 1 m high above it and
    4 m wide; the Sun stands over the wall. In the closed form the shadow is 1 m / tan(elevation) long.
    """
    body, panel = (2.0, 4.0, 4.0), Panel(2.0, "body-fixed", (0, 0, -1), centre_m=(2.0, 0.0, -1.0), aspect=2.0)
    sun = (-math.cos(math.radians(elevation_deg)), 0.0, -math.sin(math.radians(elevation_deg)))
    return float(shares(SolarArray((panel,), body_m=body), sun)[0, 0])


def behind_a_twin(offset_m: float) -> float:
    """Share lit of a square metre straight behind another, shifted sideways: the overlap is 1 − offset."""
    panels = tuple(
        Panel(1.0, "body-fixed", (0, 0, -1), centre_m=(x, 0.0, z)) for x, z in ((0.0, 1.0), (offset_m, -1.0))
    )
    return float(shares(SolarArray(panels), (0.0, 0.0, -1.0))[0, 0])


_AZUR = "AZUR SPACE, data sheet of the 3G30C-Advanced"
_PVLIB = "pvlib 0.16.1, single diode with its peak at the data sheet's point"
_DFN = "PyBaMM 26.10, DFN, O'Regan et al. 2022"
_BLAST = "BLAST-Lite 1.1.1 (NREL), Schmalstieg et al. 2014, in one stretch"
CASES = [
    row("triple-junction cell", _AZUR, "efficiency", "%", 29.5, 0.05, lambda: 100 * AZUR_3G30C.efficiency),
    row("triple-junction cell", _AZUR, "peak power", "mW", 1216.1, 0.3, lambda: 1000 * peak(AZUR_3G30C)[1]),
    row(
        "triple-junction cell, 1e15 e⁻/cm²",
        _AZUR,
        "efficiency",
        "%",
        26.5,
        0.05,
        lambda: 100 * peak(AZUR_3G30C_AFTER[1e15])[1] / (30.18e-4 * 1367.0),
    ),
    row(
        "triple-junction cell at 68 °C",
        f"{_AZUR}: −6.1 mV/K and +0.28 mA/K at the peak",
        "power against 28 °C",
        "",
        (2.411 - 0.0061 * 40) * (0.5044 + 0.00028 * 40) / (2.411 * 0.5044),
        0.003,
        lambda: warm_power_change(40.0),
        "ours is linear; theirs is the product of two lines",
    ),
    *(
        row("I–V curve", _PVLIB, f"current at {volts:g} V", "A", theirs, 0.0015 * 0.5202, lambda v=volts: amperes(v))
        for volts, theirs in ((1.0, 0.52020), (1.8, 0.52020), (2.2, 0.51925), (2.3, 0.51660), (2.411, 0.50440))
    ),
    row(
        "I–V curve, past its peak",
        _PVLIB,
        "current at 2.5 V",
        "A",
        0.46948,
        0.05 * 0.5202,
        lambda: amperes(2.5),
        "four points without a series resistance: the stated difference of the two models",
    ),
    row(
        "LG M50",
        "LG, product specification of the INR21700 M50: 18.20 Wh",
        "energy",
        "Wh",
        18.20,
        0.18,
        lambda: BATTERY_CELLS["nmc-21700"].energy_j / 3600,
        "theirs nominal at C/5, ours ∫U dq",
    ),
    *(
        row(
            f"LG M50, C/{round(1 / rate)}, {celsius:g} °C",
            _DFN,
            f"voltage after {out:g} Ah",
            "V",
            theirs,
            limit,
            lambda q=out, r=rate, c=celsius: volts_at(q, r, c),
            "resistance against diffusion: 20 mV at C/5, 50 mV at C/2 above 20 % of charge",
        )
        for rate, celsius, limit, points in (
            (0.2, 25.0, 0.02, ((0.5, 4.057), (1, 3.961), (2, 3.746), (3, 3.56), (3.5, 3.476))),
            (0.2, 0.0, 0.02, ((0.5, 4.003), (1, 3.904), (2, 3.69), (3, 3.498), (3.5, 3.407))),
            (0.5, 25.0, 0.05, ((0.5, 3.989), (1, 3.887), (2, 3.671), (3, 3.483))),
            (0.5, 10.0, 0.05, ((0.5, 3.93), (1, 3.811), (2, 3.587), (3, 3.398))),
        )
        for out, theirs in points
    ),
    row(
        "LG M50, 1 C, 25 °C",
        _DFN,
        "ampere-hours to 2.944 V",
        "Ah",
        4.00,
        0.15,
        lambda: amp_hours_to(2.944, 1.0, 25.0),
        "the knee is diffusion's; ours has a resistance",
    ),
    row("battery clamps", "Basilisk simpleBattery unit test", "energy", "J", 10.0, 1e-9, basilisk_battery_j),
    *(
        row(
            f"stood {days:g} days at {charge:.0%}, {kelvin - 273.15:g} °C",
            _BLAST,
            what,
            "%",
            100 * theirs,
            0.1,
            lambda c=charge, k=kelvin, d=days, w=what: (
                100
                * (
                    stood(open_v(c), k, d).calendar_loss
                    if w == "capacity lost"
                    else stood(open_v(c), k, d).calendar_gain
                )
            ),
        )
        for charge, kelvin, days, lost, gained in (
            (0.5, 323.15, 420.0, 0.1618325, 0.2648708),
            (0.8, 293.15, 1826.25, 0.0795765, 0.1731619),
            (1.0, 308.15, 1000.0, 0.2002714, 0.3654429),
        )
        for what, theirs in (("capacity lost", lost), ("resistance gained", gained))
    ),
    *(
        row(
            f"cycled {cycles:g} full cycles of {depth:.0%}",
            _BLAST,
            what,
            "%",
            100 * theirs,
            0.1,
            lambda v=volts, n=cycles, d=depth, w=what: (
                100 * (cycled(v, n, d).cycle_loss if w == "capacity lost" else cycled(v, n, d).cycle_gain)
            ),
        )
        for volts, cycles, depth, lost, gained in (
            (3.968054, 5500.0, 0.2, 0.3448143, 1.2645402),
            (3.754600, 500.0, 1.0, 0.2270825, 0.5692741),
            (3.703941, 2000.0, 0.2, 0.1471007, 0.3512711),
        )
        for what, theirs in (("capacity lost", lost), ("resistance gained", gained))
    ),
    *(
        row(
            f"a wall's shadow, Sun {elevation:g}° high",
            "closed form: its height / tan(elevation)",
            "share lit",
            "",
            1.0 - min(2.0, 1.0 / math.tan(math.radians(elevation))) / 2.0,
            0.5 / 24,
            lambda e=elevation: beside_a_wall(e),
            "half a row of rays",
        )
        for elevation in (30.0, 45.0, 60.0, 80.0)
    ),
    *(
        row(
            f"a panel behind its twin, {offset:g} m aside",
            "closed form: overlap of two squares",
            "share lit",
            "",
            offset,
            0.5 / 24,
            lambda o=offset: behind_a_twin(o),
            "half a row of rays",
        )
        for offset in (0.0, 0.25, 0.6, 1.0)
    ),
]
