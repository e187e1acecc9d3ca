"""What drag and sunlight push against: given areas win, the others follow from the faces and panels."""

from __future__ import annotations

import math

import pytest

from orbitalcloud.core import DataError
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.decode import loads
from orbitalcloud.mission.resolved import Bus
from orbitalcloud.mission.surface import surface_of

MISSION = """
name = "falls"
epoch = 2026-03-20T00:00:00Z
days = 1
[[satellite]]
name = "sat"
bus = "cubesat-12u-edge"
orbit = {{ altitude_km = 500, inclination = 51.6, raan_deg = 0 }}
{more}
"""


def bus_of(more: str = "") -> Bus:
    return loads(MISSION.format(more=more).encode(), "falls.toml", ".").satellites[0].bus


def test_a_cubesat_is_the_size_of_its_box_and_wings() -> None:
    surface = surface_of(catalogue().buses["cubesat-12u-edge"])
    assert surface.drag_area_m2 == pytest.approx(0.0511 + 0.24 / 2)  # the end face, and wings met on the mean by half
    skin = 2 * 0.0511 + 3 * 0.0768 + 0.0088 + 0.068
    assert surface.disposal_area_m2 == pytest.approx((skin + 2 * 0.24) / 4)  # Cauchy: a quarter of a convex surface
    assert surface.mass_kg == 20.0


def test_wings_that_face_the_sun_lie_along_the_flow_at_dawn_and_dusk() -> None:
    bus = catalogue().buses["cubesat-12u-edge"]
    assert surface_of(bus, cos_beta=0.0).drag_area_m2 == pytest.approx(0.0511)
    assert surface_of(bus, cos_beta=1.0).drag_area_m2 == pytest.approx(0.0511 + 0.24 * 2 / math.pi)


def test_a_larger_array_falls_faster() -> None:
    assert surface_of(bus_of("array = { area_m2 = 1.0 }")).drag_area_m2 == pytest.approx(0.0511 + 0.5)


def test_given_values_win() -> None:
    bus = bus_of("drag_area_m2 = 0.3\nsrp_area_m2 = 0.4\ndisposal_area_m2 = 0.5\ndrag_coefficient = 2.4")
    surface = surface_of(bus)
    assert (surface.drag_area_m2, surface.srp_area_m2, surface.disposal_area_m2) == (0.3, 0.4, 0.5)
    assert surface.drag_coefficient == 2.4
    assert surface_of(bus, cos_beta=0.0).drag_area_m2 == 0.3


def test_propulsion_is_kept() -> None:
    bus = bus_of("propulsion = { isp_s = 220, propellant_kg = 0.9 }")
    assert bus.propulsion is not None
    assert (bus.propulsion.isp_s, bus.propulsion.propellant_kg, bus.propulsion.thrust_n) == (220.0, 0.9, None)


@pytest.mark.parametrize(
    "line",
    [
        "drag_area_m2 = 0.0",
        "drag_area_m2 = -1.0",
        "drag_coefficient = nan",
        "mass_kg = 0.0",
        "srp_coefficient = 3.0",
        "propulsion = { isp_s = 0, propellant_kg = 1 }",
        "propulsion = { isp_s = 220, propellant_kg = 20.0 }",
    ],
)
def test_what_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(DataError):
        bus_of(line)
