"""How large a satellite is to the air and to sunlight: what drag and radiation pressure push against.

A bus or a mission may give the areas (`drag_area_m2`, `disposal_area_m2`, `srp_area_m2`). What is not given follows
from the faces of the thermal nodes and the panels of the array, so that a larger array also falls faster. No face is
taken to shade another: an upper bound, the customary one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from orbitalcloud.mission.resolved import Bus, Panel


@dataclass(frozen=True, slots=True)
class Surface:
    """Mass and areas of a satellite. `drag_area_m2` is across the flow with the attitude held, averaged over the orbit;
    `disposal_area_m2` the mean over all attitudes, for a satellite that nobody holds; `srp_area_m2` is across the
    sunlight. The coefficients are C_D and C_R (1 all absorbed, 2 all mirrored back)."""

    mass_kg: float
    drag_area_m2: float
    disposal_area_m2: float
    drag_coefficient: float
    srp_area_m2: float
    srp_coefficient: float


def surface_of(bus: Bus, cos_beta: float | None = None) -> Surface:
    """The surface of a bus; `cos_beta` is the mean cosine of the angle between Sun and orbit, where it is known.

    A Sun-tracking panel meets the flow with a mean of 2/π cos β of its area over an orbit, and with one half where β
    may be anything (both are means of |cos|: over a circle, over a sphere).
    """
    faces = [face for node in bus.heat for face in node.faces]
    ahead = sum(face.area_m2 * max(0.0, _along(face.normal)) for face in faces)
    behind = sum(face.area_m2 * max(0.0, -_along(face.normal)) for face in faces)
    tracking = 0.5 if cos_beta is None else 2.0 / math.pi * cos_beta
    drag = max(ahead, behind) + sum(_in_flow(panel, tracking) for panel in bus.array.panels)
    skin = sum(face.area_m2 for face in faces)
    panels = sum(panel.area_m2 for panel in bus.array.panels)
    disposal = (skin + sum(panel.area_m2 * (2.0 if panel.deployed else 1.0) for panel in bus.array.panels)) / 4.0
    return Surface(
        bus.mass_kg,
        bus.drag_area_m2 or drag,
        bus.disposal_area_m2 or disposal,
        bus.drag_coefficient,
        bus.srp_area_m2 or panels + skin / 4.0,
        bus.srp_coefficient,
    )


def _along(normal: tuple[float, float, float]) -> float:
    """The part of a unit normal along the flight, body +x."""
    length = math.hypot(*normal)
    return normal[0] / length if length > 0.0 else 0.0


def _in_flow(panel: Panel, tracking: float) -> float:
    """Area of a panel across the flow; one that turns about one axis meets it as one that tracks the Sun."""
    if panel.mount == "body-fixed":
        share = abs(_along(panel.direction)) if panel.deployed else 0.0
        return panel.area_m2 * share
    return panel.area_m2 * tracking
