"""The twin's physics: where satellites are, what light, power and heat they have, and whom they can see.

Pure functions and integrators over arrays of satellites; no clock, no chance, no files but packaged tables.
The way in: `Orbits.of([...])` from two-line elements, OMMs, designs, tables (`parse_oem`) or integrated starts
(`numerical`); then `contact_windows`, `shadow_events`, `beta_angle_rad`, `subpoint` on it; then `geometry(orbits,
start, end)` and `EnergyHeat(designs, geometry)`, which moves batteries and temperatures; `fly_fleet` does so for ten
thousand satellites and keeps sums and extremes. `dose_rate_rad_s` and `upset_rate_s` take the places that `subpoint`
gives, `rate_bps` the angles and ranges of `pass_profile`; `visible` and `isl_windows` are of links between satellites,
`weather` of rain and cloud over stations. `density_kg_m3` is the air, `decay` and `mean_drag` what it does to an orbit.
Frames (TEME, GCRS, ITRS) and units (SI) stand in every name. May import `core`, numpy, numba, erfa and sgp4: no other
package of this project.
"""

# isort: off
from orbitalcloud.core import kernels  # noqa: F401 - first: it says where the kernels of the others are cached

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
from orbitalcloud.physics.array_radiation import remaining_power, yearly_fluence
from orbitalcloud.physics.battery import Battery
from orbitalcloud.physics.battery_ageing import Duty, Wear, worn
from orbitalcloud.physics.battery_cells import CELLS as BATTERY_CELLS
from orbitalcloud.physics.battery_cells import Cell
from orbitalcloud.physics.cluster import clohessy_wiltshire, cluster, hill_frame_m
from orbitalcloud.physics.decay import Decay, decay, drag_m2_kg, lifetime_days
from orbitalcloud.physics.density import density_at, density_kg_m3, density_profile
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
from orbitalcloud.physics.earth_light import STANDARD, EarthCase, albedo_at, infrared_w_m2_at
from orbitalcloud.physics.ephemeris import Ephemeris, Segment
from orbitalcloud.physics.fleet import FleetSummary, Traces, fly_fleet
from orbitalcloud.physics.forces import Ball, Forces
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
from orbitalcloud.physics.isl import (
    GRAZING_HEIGHT_M,
    IslLimits,
    IslWindow,
    Sight,
    grid_pairs,
    isl_windows,
    longest_chord_m,
    nearest_pairs,
    visible,
)
from orbitalcloud.physics.link import (
    RadioLink,
    carrier_to_noise_dbhz,
    doppler_hz,
    pass_profile,
    pass_volume_bytes,
    rate_bps,
)
from orbitalcloud.physics.link_atmosphere import attenuation, liquid_cloud_share
from orbitalcloud.physics.link_optical import OpticalLink, optical_rate_bps, received_w
from orbitalcloud.physics.link_radios import RADIOS
from orbitalcloud.physics.mean import frozen, osculating_teme
from orbitalcloud.physics.numerical import Numerical
from orbitalcloud.physics.oem import parse_oem
from orbitalcloud.physics.omm import Omm, parse_omm, parse_omms
from orbitalcloud.physics.orbit import Orbits, Source, TwoLine, epoch_of, mean_design
from orbitalcloud.physics.power_account import BALANCED, Account, account
from orbitalcloud.physics.power_heat import EMPTY, FULL, SHORT, EnergyHeat, Reading, SatelliteDesign, Shedding
from orbitalcloud.physics.radiation import (
    dose_rate_rad_s,
    flux_at,
    in_anomaly,
    mean_dose_rad_year,
    mean_flux_cm2_s,
)
from orbitalcloud.physics.radiation_track import rates_along
from orbitalcloud.physics.radiation_upsets import (
    Device,
    Exposure,
    cosmic_flux_at,
    devices,
    exposure,
    upset_chance_ppt,
    upset_rate_s,
)
from orbitalcloud.physics.shadow import ShadowEvent, beta_angle_rad, illumination_at, shadow_events
from orbitalcloud.physics.solar_activity import Activity, activity_of, solar_cycle
from orbitalcloud.physics.solar_cells import CELLS as SOLAR_CELLS
from orbitalcloud.physics.solar_cells import SolarCell
from orbitalcloud.physics.start import numerical
from orbitalcloud.physics.station_keeping import MeanDrag, local_time_drift, mean_drag
from orbitalcloud.physics.sun import irradiance_w_m2, sun_gcrs_m, sun_teme_m
from orbitalcloud.physics.thermal_control import (
    Control,
    Heater,
    HeatPump,
    LoopHeatPipe,
    PumpedLoop,
    VariableSurface,
)
from orbitalcloud.physics.time import earth_rotation_span
from orbitalcloud.physics.view_factor import parallel_rectangles, perpendicular_rectangles, polygons
from orbitalcloud.physics.weather import Weather, weather

__all__ = [
    "BALANCED",
    "BATTERY_CELLS",
    "EMPTY",
    "FULL",
    "GRAZING_HEIGHT_M",
    "RADIOS",
    "SHORT",
    "SOLAR_CELLS",
    "STANDARD",
    "Account",
    "Activity",
    "Ball",
    "Battery",
    "Cell",
    "Conductor",
    "Control",
    "Decay",
    "Design",
    "Device",
    "Duty",
    "EarthCase",
    "EnergyHeat",
    "Environment",
    "Ephemeris",
    "Exposure",
    "Face",
    "FleetSummary",
    "Forces",
    "Geometry",
    "GroundSite",
    "HeatPump",
    "Heater",
    "IslLimits",
    "IslWindow",
    "LoopHeatPipe",
    "MeanDrag",
    "Node",
    "Numerical",
    "Omm",
    "OpticalLink",
    "Orbits",
    "Panel",
    "PumpedLoop",
    "RadiativeLink",
    "RadioLink",
    "Reading",
    "SatelliteDesign",
    "SecularRates",
    "Segment",
    "ShadowEvent",
    "Shedding",
    "Sight",
    "SolarArray",
    "SolarCell",
    "Source",
    "ThermalNetwork",
    "Traces",
    "TwoLine",
    "VariableSurface",
    "Wear",
    "Weather",
    "Window",
    "absorbed_w",
    "account",
    "activity_of",
    "albedo_at",
    "array_power_w",
    "attenuation",
    "beta_angle_rad",
    "carrier_to_noise_dbhz",
    "circular",
    "clohessy_wiltshire",
    "cluster",
    "contact_windows",
    "cosmic_flux_at",
    "decay",
    "density_at",
    "density_kg_m3",
    "density_profile",
    "devices",
    "doppler_hz",
    "dose_rate_rad_s",
    "drag_m2_kg",
    "earth_rotation_span",
    "epoch_of",
    "exposure",
    "flux_at",
    "fly_fleet",
    "frozen",
    "geometry",
    "grid_pairs",
    "hill_frame_m",
    "illumination_at",
    "in_anomaly",
    "infrared_w_m2_at",
    "irradiance_w_m2",
    "isl_windows",
    "lifetime_days",
    "liquid_cloud_share",
    "local_time_drift",
    "longest_chord_m",
    "mean_design",
    "mean_dose_rad_year",
    "mean_drag",
    "mean_flux_cm2_s",
    "nearest_pairs",
    "numerical",
    "optical_rate_bps",
    "osculating_teme",
    "parallel_rectangles",
    "parse_oem",
    "parse_omm",
    "parse_omms",
    "pass_profile",
    "pass_volume_bytes",
    "perpendicular_rectangles",
    "polygons",
    "position_itrs_m",
    "raan_of_local_time_rad",
    "range_m",
    "rate_bps",
    "rates_along",
    "received_w",
    "remaining_power",
    "secular_rates",
    "shadow_events",
    "solar_cycle",
    "steady_state",
    "subpoint",
    "sun_gcrs_m",
    "sun_synchronous",
    "sun_synchronous_inclination_rad",
    "sun_teme_m",
    "upset_chance_ppt",
    "upset_rate_s",
    "visible",
    "walker",
    "weather",
    "worn",
    "yearly_fluence",
]
