"""Solar arrays: panels, how they point, and the electric power that they offer.

A panel is fixed to the body (`"body-fixed"`), turns about one axis of the body (`"one-axis"`), or faces the Sun
(`"sun-tracking"`). Body axes are those of the attitude law, nadir-pointing: +x forward along the orbit, +y against
the orbit's normal, +z to the Earth's centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from orbitalcloud.core.errors import DataError

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
    Optical properties: absorptivity of sunlight, emissivity in the infrared, of front and back.
    """

    area_m2: float
    mount: Mount = "sun-tracking"
    direction: Vector = (0.0, 1.0, 0.0)
    deployed: bool = True
    absorptivity: float = 0.92
    emissivity: float = 0.85
    back_absorptivity: float = 0.25
    back_emissivity: float = 0.88


@dataclass(frozen=True, slots=True)
class SolarArray:
    """The panels and the cells on them.

    `efficiency` is that of a new cell at 28 °C; `temperature_coefficient_per_k` its relative change (−0.0022 for
    triple junctions, −0.0045 for silicon); `packing` the share of a panel covered by cells; output falls each year
    by `degradation_per_year`, `age_years` old. `cover_index` is the refractive index of a cover glass whose
    reflection at slant angles is counted, relative to normal incidence (Fresnel, unpolarised); 1 counts none.
    """

    panels: tuple[Panel, ...]
    efficiency: float = 0.295
    temperature_coefficient_per_k: float = -0.0022
    packing: float = 0.9
    degradation_per_year: float = 0.025
    age_years: float = 0.0
    cover_index: float = 1.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("efficiency", 0.0, 1.0),
            ("packing", 0.0, 1.0),
            ("degradation_per_year", 0.0, 0.999),
            ("age_years", 0.0, 100.0),
            ("temperature_coefficient_per_k", -0.02, 0.02),
            ("cover_index", 1.0, 3.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise DataError(f"solar array: {name}", getattr(self, name), f"choose {low:g} to {high:g}")
        for panel in self.panels:
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
        return float((1.0 - self.degradation_per_year) ** self.age_years)

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
    array: SolarArray, irradiance_w_m2: float, illumination: float, sun_body: Vector, temperature_k: float
) -> float:
    """The electric power offered by all panels at one temperature: the plain form of what the kernel integrates."""
    factor = 1.0 + array.temperature_coefficient_per_k * (temperature_k - REFERENCE_TEMPERATURE_K)
    flux = irradiance_w_m2 * illumination * max(0.0, factor)
    return sum(
        flux * array.cell_area_m2(panel) * cosine * cover_transmission(cosine, array.cover_index)
        for panel in array.panels
        if (cosine := panel_cosine(panel, sun_body)) > 0.0
    )
