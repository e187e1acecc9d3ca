"""The twin's physics: where satellites are, what light, power and heat they have, and whom they can see.

Pure functions and integrators over arrays of satellites; no clock, no chance, no files but packaged tables.
The way in: `Orbits.of([...])` from two-line elements, OMMs or designs; then `contact_windows`, `shadow_events`,
`beta_angle_rad`, `subpoint` on it; then `geometry(orbits, start, end)` and `EnergyHeat(designs, geometry)`, which moves
batteries and temperatures. Frames (TEME, GCRS, ITRS) and units (SI) stand in every name. May import `core`, numpy,
numba, erfa and sgp4: no other package of this project.
"""

# isort: off
from orbitalcloud.physics import kernels  # noqa: F401 - first: it says where the kernels of the others are cached

# isort: on
from orbitalcloud.physics.access import (
    GroundSite,
    Window,
    contact_windows,
    position_itrs_m,
    range_m,
    subpoint,
)
from orbitalcloud.physics.array import Panel, SolarArray, array_power_w
from orbitalcloud.physics.battery import Battery
from orbitalcloud.physics.design import (
    Design,
    SecularRates,
    circular,
    raan_of_local_time_rad,
    secular_rates,
    sun_synchronous,
    sun_synchronous_inclination_rad,
    walker,
)
from orbitalcloud.physics.geometry import Geometry, geometry
from orbitalcloud.physics.heat import (
    Conductor,
    Environment,
    Face,
    Node,
    RadiativeLink,
    ThermalNetwork,
    absorbed_w,
    steady_state,
)
from orbitalcloud.physics.omm import Omm, parse_omm, parse_omms
from orbitalcloud.physics.orbit import Orbits, Source, TwoLine
from orbitalcloud.physics.power_heat import EMPTY, FULL, SHORT, EnergyHeat, Reading, SatelliteDesign
from orbitalcloud.physics.shadow import ShadowEvent, beta_angle_rad, illumination_at, shadow_events
from orbitalcloud.physics.sun import irradiance_w_m2, sun_gcrs_m, sun_teme_m
from orbitalcloud.physics.time import earth_rotation_span

__all__ = [
    "EMPTY",
    "FULL",
    "SHORT",
    "Battery",
    "Conductor",
    "Design",
    "EnergyHeat",
    "Environment",
    "Face",
    "Geometry",
    "GroundSite",
    "Node",
    "Omm",
    "Orbits",
    "Panel",
    "RadiativeLink",
    "Reading",
    "SatelliteDesign",
    "SecularRates",
    "ShadowEvent",
    "SolarArray",
    "Source",
    "ThermalNetwork",
    "TwoLine",
    "Window",
    "absorbed_w",
    "array_power_w",
    "beta_angle_rad",
    "circular",
    "contact_windows",
    "earth_rotation_span",
    "geometry",
    "illumination_at",
    "irradiance_w_m2",
    "parse_omm",
    "parse_omms",
    "position_itrs_m",
    "raan_of_local_time_rad",
    "range_m",
    "secular_rates",
    "shadow_events",
    "steady_state",
    "subpoint",
    "sun_gcrs_m",
    "sun_synchronous",
    "sun_synchronous_inclination_rad",
    "sun_teme_m",
    "walker",
]
