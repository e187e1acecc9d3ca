"""Solar arrays: panels, how they point, and the electric power that they offer.

A panel is fixed to the body (`"body-fixed"`), turns about one axis of the body (`"one-axis"`), or faces the Sun
(`"sun-tracking"`, two axes). Body axes are those of the attitude law, nadir-pointing: +x forward along the orbit, +y
against the orbit's normal, +z to the Earth's centre; a satellite may instead turn as a whole to the Sun
(`power_heat.SatelliteDesign.sun_axis`). Panels with a place on the satellite are shadowed by its body and by each other
(`self_shadow`). A tracker finds the cells' best voltage, or they hang on the battery's (`"direct"`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.self_shadow import tabulated
from orbitalcloud.physics.solar_cells import AZUR_3G30C, SolarCell, iv_power_share

Tracker = Literal["peak-power", "direct"]
Mount = Literal["sun-tracking", "one-axis", "body-fixed"]
Vector = tuple[float, float, float]

REFERENCE_TEMPERATURE_K = 301.15
"""28 °C, at which cells for space are rated (AIAA S-111A-2014)."""


def unit(vector: Vector, place: str) -> Vector:
    """The vector scaled to length one; `DataError` where it has none."""
    length = math.sqrt(sum(x * x for x in vector))
    if not 0.0 < length < math.inf:
        raise DataError(place, vector, "give a direction: three numbers, not all zero")
    return (vector[0] / length, vector[1] / length, vector[2] / length)


@dataclass(frozen=True, slots=True)
class Panel:
    """A flat panel: `direction` is its normal (body-fixed), its axis of rotation (one-axis) or unused.

    A deployed panel radiates from its back as well; one that lies on the body does not.
    Optical properties: absorptivity of sunlight, emissivity in the infrared, of front and back. `centre_m` is where it
    is in body axes (None: nowhere, it casts and catches no shadow); a rectangle `aspect` times as long as wide.
    """

    area_m2: float
    mount: Mount = "sun-tracking"
    direction: Vector = (0.0, 1.0, 0.0)
    deployed: bool = True
    absorptivity: float = 0.92
    emissivity: float = 0.85
    back_absorptivity: float = 0.25
    back_emissivity: float = 0.88
    centre_m: Vector | None = None
    aspect: float = 1.0

    @property
    def sides_m(self) -> tuple[float, float]:
        """Length and width."""
        width = math.sqrt(self.area_m2 / self.aspect)
        return width * self.aspect, width


@dataclass(frozen=True, slots=True)
class SolarArray:
    """The panels and the cells on them.

    `efficiency` is that of a new cell at 28 °C; `temperature_coefficient_per_k` its relative change (−0.0020 for
    triple junctions, −0.0045 for silicon); `packing` the share of a panel covered by cells. Each year the output
    falls by `radiation_per_year` (from the orbit's fluence), by `cycling_per_year` (thermal cycling of joints and
    wires) and by `degradation_per_year` (ultraviolet, contamination, meteoroids, and whatever the others leave out);
    it is `age_years` old. `cover_index` is the refractive index of a cover glass whose reflection at slant angles is
    counted, relative to normal incidence (Fresnel, unpolarised); 1 counts none.

    Each panel has `strings` side by side of `cells` in series, with a bypass diode a cell. Under `direct` the strings
    stand at the battery's voltage; `direct_v` is the one for which shadows are tabulated. `body_m` is the box that the
    satellite is, for its shadow (None: none).
    """

    panels: tuple[Panel, ...]
    efficiency: float = 0.295
    temperature_coefficient_per_k: float = -0.0022
    packing: float = 0.9
    degradation_per_year: float = 0.025
    age_years: float = 0.0
    cover_index: float = 1.0
    radiation_per_year: float = 0.0
    cycling_per_year: float = 0.0
    cell: SolarCell = AZUR_3G30C
    tracker: Tracker = "peak-power"
    strings: int = 4
    cells: int = 8
    direct_v: float = 14.8
    body_m: Vector | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("efficiency", 0.0, 1.0),
            ("packing", 0.0, 1.0),
            ("degradation_per_year", 0.0, 0.999),
            ("age_years", 0.0, 100.0),
            ("temperature_coefficient_per_k", -0.02, 0.02),
            ("cover_index", 1.0, 3.0),
            ("radiation_per_year", 0.0, 0.999),
            ("cycling_per_year", 0.0, 0.999),
            ("strings", 1, 1000),
            ("cells", 1, 1000),
            ("direct_v", 0.1, 1000.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise DataError(f"solar array: {name}", getattr(self, name), f"choose {low:g} to {high:g}")
        if self.tracker not in get_args(Tracker):
            raise DataError("solar array: tracker", self.tracker, f"choose one of {', '.join(get_args(Tracker))}")
        if self.body_m is not None and not all(0.0 < side < 1e3 for side in self.body_m):
            raise DataError(
                "solar array: body_m", self.body_m, "give the body's three sides in metres, or leave it out"
            )
        for panel in self.panels:
            if not 0.01 <= panel.aspect <= 100.0:
                raise DataError("solar panel: aspect", panel.aspect, "choose 0.01 to 100")
            if panel.centre_m is not None and not all(abs(x) < 1e4 for x in panel.centre_m):
                raise DataError(
                    "solar panel: centre_m", panel.centre_m, "keep panels within 10 km of the body's centre"
                )
            unit(panel.direction, "solar panel: direction")
            if not 0.0 <= panel.area_m2 < 1e7:
                raise DataError("solar panel: area_m2", panel.area_m2, "choose 0 to 1e7 m²")
            for share in (panel.absorptivity, panel.emissivity, panel.back_absorptivity, panel.back_emissivity):
                if not 0.0 <= share <= 1.0:
                    raise DataError("solar panel: absorptivity or emissivity", share, "choose 0 to 1")

    @property
    def area_m2(self) -> float:
        """Of all panels."""
        return sum(panel.area_m2 for panel in self.panels)

    @property
    def health(self) -> float:
        """Share of the output as new that is left at `age_years`."""
        yearly = (1.0 - self.radiation_per_year) * (1.0 - self.cycling_per_year) * (1.0 - self.degradation_per_year)
        return float(yearly**self.age_years)

    def cell_area_m2(self, panel: Panel) -> float:
        """The panel's area × packing × efficiency × health: watts at 28 °C, head on, per W/m² of sunlight."""
        return panel.area_m2 * self.packing * self.efficiency * self.health


def cover_transmission(cosine: float, index: float) -> float:
    """What an uncoated cover glass lets in at an angle of incidence, relative to normal incidence (Fresnel)."""
    if index <= 1.0 or cosine <= 0.0:
        return 1.0 if cosine > 0.0 else 0.0
    inner = math.sqrt(1.0 - (1.0 - cosine * cosine) / (index * index))
    across = ((cosine - index * inner) / (cosine + index * inner)) ** 2
    along = ((index * cosine - inner) / (index * cosine + inner)) ** 2
    head_on = ((index - 1.0) / (index + 1.0)) ** 2
    return (1.0 - 0.5 * (across + along)) / (1.0 - head_on)


def panel_cosine(panel: Panel, sun_body: Vector) -> float:
    """Cosine between the panel's normal and the Sun (0 when it shines on the back), for a unit vector to the Sun."""
    if panel.mount == "sun-tracking":
        return 1.0
    along = sum(a * b for a, b in zip(unit(panel.direction, "panel"), sun_body, strict=True))
    return max(0.0, along) if panel.mount == "body-fixed" else math.sqrt(max(0.0, 1.0 - along * along))


def array_power_w(
    array: SolarArray,
    irradiance_w_m2: float,
    illumination: float,
    sun_body: Vector,
    temperature_k: float,
    bus_v: float | None = None,
) -> float:
    """The electric power offered by all panels at one temperature: the plain form of what the kernel integrates.

    `bus_v` is the battery's voltage for direct energy transfer (`array.direct_v` where it is not given).
    """
    warmer = temperature_k - REFERENCE_TEMPERATURE_K
    if array.tracker == "direct":
        volts = array.direct_v if bus_v is None else bus_v
        factor = float(iv_power_share(volts / array.cells, warmer, np.array(array.cell.row())))
    else:
        factor = max(0.0, 1.0 + array.temperature_coefficient_per_k * warmer)
    flux = irradiance_w_m2 * illumination * factor
    power = tabulated(array, sun_body)[:, 1]
    return sum(
        flux * array.cell_area_m2(panel) * cosine * cover_transmission(cosine, array.cover_index) * float(power[p])
        for p, panel in enumerate(array.panels)
        if (cosine := panel_cosine(panel, sun_body)) > 0.0
    )
