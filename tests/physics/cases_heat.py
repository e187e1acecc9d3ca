"""Heat's numeric validation cases: view factors, radiators, coatings, the Earth's light, controls."""

from __future__ import annotations

import math

import numpy as np

from orbitalcloud.core.time import SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    STANDARD,
    Battery,
    Conductor,
    EnergyHeat,
    Environment,
    Face,
    Geometry,
    HeatPump,
    Node,
    Panel,
    RadiativeLink,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    VariableSurface,
    absorbed_w,
    albedo_at,
    infrared_w_m2_at,
    parallel_rectangles,
    perpendicular_rectangles,
    polygons,
    steady_state,
)
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4 as SIGMA
from orbitalcloud.physics.heat import earth_view_factor, heat_step
from orbitalcloud.physics.thermal_control import cop
from orbitalcloud.physics.view_factor import exchange
from validation import row

DECEMBER, JUNE = parse_instant("2025-12-22T00:00:00Z"), parse_instant("2026-06-22T15:00:00Z")
_RATIO = 6921.0 / 6371.0  # 550 km over orbital-thermal's sphere


def sphere_k(absorptivity: float, emissivity: float) -> float:
    """An isothermal sphere in sunlight of 1370 W/m², no Earth, as 20,000 small faces spread evenly."""
    n = 20_000
    k = np.arange(n) + 0.5
    z, turn = 1.0 - 2.0 * k / n, math.pi * (1.0 + math.sqrt(5.0)) * k
    normals = np.stack([np.sqrt(1.0 - z * z) * np.cos(turn), np.sqrt(1.0 - z * z) * np.sin(turn), z], axis=1)
    faces = tuple(Face("s", 1.0 / n, tuple(map(float, normal)), absorptivity, emissivity) for normal in normals)
    network = ThermalNetwork((Node("s", 1.0),), faces)
    return steady_state(network, {}, Environment(1370.0, 1.0, (1.0, 0.0, 0.0), 1e13, 0.0, 0.0))["s"]


def mccalip_k(exact: bool) -> float:
    """PEERS case 7: a two-sided panel on edge to the Earth at 550 km, the Sun along one normal."""
    faces = (Face("p", 1.0, (0.0, 1.0, 0.0), 0.92, 0.85), Face("p", 1.0, (0.0, -1.0, 0.0), 0.0, 0.90))
    network = ThermalNetwork((Node("p", 1.0),), faces)
    if exact:
        return steady_state(
            network, {}, Environment(1361.0, 1.0, (0.0, 1.0, 0.0), _RATIO * EARTH_RADIUS_M, 0.3, 237.0)
        )["p"]
    floor = 0.5 * 0.05 / _RATIO**2  # his five percent of the nadir factor, on half of the orbit's points by rounding
    heat_w = 237.0 * floor * (0.85 + 0.90)
    return steady_state(network, {"p": heat_w}, Environment(1361.0, 1.0, (0.0, 1.0, 0.0), 1e13, 0.0, 0.0))["p"]


def transient_k(pick: str) -> float:
    """orbital-thermal's `transient.simulate(550, 30, 300, 8000, emissivity=0.85)`: a plate to nadir, out of the Sun."""
    period_s, steps = 5730.127089, 570
    turns = 40
    u = 2.0 * math.pi * np.arange(turns * steps + 1) * 10.0 / period_s
    light = np.zeros((1, len(u), 5), dtype=np.float32)
    down = math.cos(math.radians(30.0)) * np.cos(u)
    light[0, :, 1] = np.sqrt(1.0 - down**2)
    light[0, :, 3] = -down
    light[0, :, 4] = _RATIO * EARTH_RADIUS_M
    grid = Geometry(DECEMBER, 10 * SECOND, light, np.full(len(u), 1361.0))
    network = ThermalNetwork(
        (Node("plate", 8000.0), Node("array", 1.0)),
        (Face("plate", 1.0, (0.0, 0.0, 1.0), 0.2, 0.85),),
        (Conductor("plate", "array", 1e-9),),
    )
    design = SatelliteDesign(
        SolarArray((Panel(1e-9, deployed=False),)),
        Battery(1e12, 1.0, 1.0),
        network,
        battery_node="plate",
        albedo=0.3,
        earth_infrared_w_m2=237.0,
    )
    state = EnergyHeat([design], grid)
    seen = []
    for step in range(turns * steps):
        state.advance(0, Instant(DECEMBER + (step + 1) * 10 * SECOND), np.array([300.0, 0.0]))
        if step >= (turns - 1) * steps - 4:
            seen.append(float(state.temperature_k[0, 0]))
    return {"min": min, "max": max, "mean": lambda x: sum(x) / len(x)}[pick](seen)


def two_nodes_k(seconds: float) -> float:
    """Two nodes of 500 and 1500 J/K joined by 2 W/K, 350 K and 290 K: the first after some time."""
    temperature = np.array([350.0, 290.0])
    joined = np.array([[0.0, 2.0], [2.0, 0.0]])
    nothing = np.zeros((2, 2))
    for _ in range(round(seconds / 0.5)):
        heat_step(
            temperature, 0.5, np.array([500.0, 1500.0]), np.zeros(2), joined, nothing, np.zeros(2), np.empty((9, 2))
        )
    return float(temperature[0])


def cooled_k(seconds: float) -> float:
    """A body of 1000 J/K with ε A = 0.5 m² from 400 K in the dark: 1/T³ grows by 3 ε A σ t / C."""
    temperature, nothing = np.array([400.0]), np.zeros((1, 1))
    for _ in range(round(seconds)):
        heat_step(
            temperature,
            1.0,
            np.array([1000.0]),
            np.zeros(1),
            nothing,
            nothing,
            np.array([0.5 * SIGMA]),
            np.empty((9, 1)),
        )
    return float(temperature[0])


def order() -> float:
    """Observed order of the step on the cooling body: error at 40 s over error at 20 s, as a power of two."""
    exact = (400.0**-3 + 3.0 * 0.5 * SIGMA * 2000.0 / 1000.0) ** (-1.0 / 3.0)
    errors = []
    for step in (40.0, 20.0):
        temperature, nothing = np.array([400.0]), np.zeros((1, 1))
        for _ in range(round(2000.0 / step)):
            heat_step(
                temperature,
                step,
                np.array([1000.0]),
                np.zeros(1),
                nothing,
                nothing,
                np.array([0.5 * SIGMA]),
                np.empty((9, 1)),
            )
        errors.append(abs(float(temperature[0]) - exact))
    return math.log2(errors[0] / errors[1])


def sensor_c(start_c: float) -> float:
    """Basilisk's sensor in the dark after 1 s with Basilisk's own σ, 5.76051e-8."""
    temperature, nothing = np.array([start_c + 273.15]), np.zeros((1, 1))
    heat_step(
        temperature,
        1.0,
        np.array([1780.0]),
        np.array([30.0]),
        nothing,
        nothing,
        np.array([0.34 * 5.76051e-8]),
        np.empty((6, 1)),
    )
    return float(temperature[0] - 273.15)


def station_radiator_w_m2() -> float:
    """PEERS case 9: 14 kW through 42.4 m² at the temperature that our steady state gives, both as one-sided flux."""
    network = ThermalNetwork((Node("r", 1.0),), (Face("r", 42.4, (0.0, 0.0, -1.0), 0.0, 0.92),))
    kelvin = steady_state(network, {"r": 14e3})["r"]
    return 0.92 * SIGMA * kelvin**4


def louvre_w(kelvin: float) -> float:
    """Watts from a square metre of louvres held at a temperature by a node beside it (Gilmore's 0.14 to 0.74)."""
    surface = VariableSurface("r", 283.15, 297.15, 0.14, 0.74)
    network = ThermalNetwork(
        (Node("array", 1.0), Node("body", 1e9), Node("r", 10.0)),
        (Face("r", 1.0, (0.0, 0.0, -1.0), 0.1, 0.8), Face("array", 0.01, (0.0, 0.0, -1.0), 0.0, 0.8)),
        (Conductor("body", "r", 1e5),),
    )
    design = SatelliteDesign(
        SolarArray((Panel(1e-9, deployed=False),)),
        Battery(1e9, 1.0, 1.0),
        network,
        controls=(surface,),
        earth_infrared_w_m2=0.0,
        initial_temperature_k=kelvin,
    )
    light = np.zeros((1, 101, 5), dtype=np.float32)
    light[:] = (0.0, 0.0, 1.0, 0.0, 6.9e6)
    state = EnergyHeat([design], Geometry(DECEMBER, 10 * SECOND, light, np.zeros(101)))
    state.advance(0, Instant(DECEMBER + 1000 * SECOND), np.zeros(3))
    return (kelvin - float(state.temperature_k[0, 1])) * 1e9 / 1000.0


def heat_pump_ratio() -> float:
    """orbital-thermal's anchor, by our network: radiator area for 1 W of payload with a pump over area without."""
    share = 1.15 * (520.0 - 353.0) / 353.0
    lifted = cop(353.0, 520.0, share, 50.0)
    direct = 1.0 / (SIGMA * (353.0**4 - 220.0**4))
    return (1.0 + 1.0 / lifted) / (SIGMA * (520.0**4 - 220.0**4)) / direct


def pumped_radiator_k() -> float:
    """A heat pump flown until nothing changes: the radiator at which 30 W and the pump's own power leave 0.07 m²."""
    network = ThermalNetwork(
        (Node("array", 10.0), Node("payload", 200.0), Node("r", 200.0)),
        (Face("r", 0.07, (0.0, 0.0, -1.0), 0.0, 0.8), Face("array", 0.01, (0.0, 0.0, -1.0), 0.0, 0.8)),
    )
    pump = HeatPump("payload", "r", 20.0, 0.4, 299.999, 300.001)
    design = SatelliteDesign(
        SolarArray((Panel(1e-9, deployed=False),)),
        Battery(1e9, 1.0, 1.0),
        network,
        battery_node="payload",
        controls=(pump,),
        earth_infrared_w_m2=0.0,
    )
    light = np.zeros((1, 4001, 5), dtype=np.float32)
    light[:] = (0.0, 0.0, 1.0, 0.0, 6.9e6)
    state = EnergyHeat([design], Geometry(DECEMBER, 10 * SECOND, light, np.zeros(4001)))
    state.advance(0, Instant(DECEMBER + 40_000 * SECOND), np.array([0.0, 30.0, 0.0]))
    return float(state.temperature_k[0, 2])


def pumped_by_hand_k() -> float:
    """The root of ε A σ T⁴ = 30 W (1 + (T − 300 K) / (0.4 · 300 K)), by bisection: the closed form of the case."""
    low, high = 300.0, 450.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        leaves = 0.056 * SIGMA * middle**4 - 30.0 * (1.0 + (middle - 300.0) / 120.0)
        low, high = (middle, high) if leaves < 0.0 else (low, middle)
    return low


def gebhart_factor() -> float:
    """Gebhart's factor between two squares of ε 0.5 that see each other with 0.4 and space with the rest."""
    pairs, _ = exchange(np.ones(2), np.array([0.5, 0.5]), np.array([[0.0, 0.4], [0.4, 0.0]]))
    return float(pairs[0, 1] / 0.5)


def linked_w() -> float:
    """Two black spheres' exchange, 0.2 m² between 300 K and 250 K, through the steady state."""
    network = ThermalNetwork(
        (Node("hot", 1.0), Node("cold", 1.0)),
        (Face("cold", 1.0, (0.0, 0.0, -1.0), 0.0, 1.0),),
        (),
        (RadiativeLink("hot", "cold", 0.2),),
    )
    made = steady_state(network, {"hot": 100.0})
    return 0.2 * SIGMA * (made["hot"] ** 4 - made["cold"] ** 4)


def hot_plate_w_m2() -> float:
    """What a black nadir plate at the Station's height absorbs of the standard's hot infrared."""
    network = ThermalNetwork((Node("p", 1.0),), (Face("p", 1.0, (0.0, 0.0, 1.0), 1.0, 1.0),))
    radius = EARTH_RADIUS_M + 400e3
    case = STANDARD["hot"]
    return float(
        absorbed_w(network, Environment(case.sunlight_w_m2, 0.0, (0.0, 0.0, 1.0), radius, 0.0, case.infrared_w_m2))[0]
    )


SQUARE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)]
_OT = "orbital-thermal 1.1.0 (PyPI)"
_HOWELL = "Howell, A Catalog of Radiation Configuration Factors"
_MARTINEZ = "I. Martínez, ETSIAE, problem 13.36: T = (α E / 4 ε σ)^¼ with E = 1370 W/m²"
_KNOCKE = "Knocke, Ries & Tapley 1988, as in CNES's PATRIUS (KnockeRiesModel)"


CASES = [
    row(
        "unit squares opposed at unit distance",
        _HOWELL + ", C-11",
        "view factor",
        "",
        0.19982,
        5e-6,
        lambda: parallel_rectangles(1.0, 1.0, 1.0),
    ),
    row(
        "unit squares along an edge",
        _HOWELL + ", C-14",
        "view factor",
        "",
        0.20004,
        5e-6,
        lambda: perpendicular_rectangles(1.0, 1.0, 1.0),
    ),
    row(
        "unit squares opposed, by contours",
        _HOWELL + ", C-11",
        "view factor",
        "",
        0.19982,
        5e-6,
        lambda: polygons(SQUARE, [(x, y, 1.0) for x, y, _ in SQUARE]),
    ),
    row(
        "unit squares along an edge, by contours",
        _HOWELL + ", C-14",
        "view factor",
        "",
        0.20004,
        1e-5,
        lambda: polygons(SQUARE, [(0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)]),
    ),
    *(
        row(
            "tilted plate at 550 km",
            _OT,
            f"view factor of the Earth at {tilt}°",
            "",
            theirs,
            2e-6,
            lambda tilt=tilt: float(earth_view_factor(math.cos(math.radians(tilt)), _RATIO)),
            "theirs by integration, ours in closed form",
        )
        for tilt, theirs in (
            (0, 0.8473786384),
            (30, 0.7355531191),
            (60, 0.5001466961),
            (80, 0.3348222438),
            (100, 0.1876764875),
            (120, 0.0764573769),
        )
    ),
    row(
        "McCalip's panel, his view factor",
        "McCalip, doi 10.5281/zenodo.20695720, by " + _OT,
        "temperature",
        "K",
        335.7495,
        0.02,
        lambda: mccalip_k(False),
        "theirs has σ = 5.67e-8 and space at 3 K",
    ),
    row(
        "McCalip's panel, exact view factor",
        _OT,
        "temperature",
        "K",
        342.0992,
        0.02,
        lambda: mccalip_k(True),
        "theirs has σ = 5.67e-8 and space at 3 K",
    ),
    row(
        "plate through the orbit",
        _OT,
        "coldest",
        "K",
        314.93976,
        0.02,
        lambda: transient_k("min"),
        "theirs by Runge–Kutta, 2000 steps an orbit; ours 10 s",
    ),
    row(
        "plate through the orbit",
        _OT,
        "hottest",
        "K",
        320.87259,
        0.02,
        lambda: transient_k("max"),
        "theirs by Runge–Kutta, 2000 steps an orbit; ours 10 s",
    ),
    row(
        "plate through the orbit",
        _OT,
        "mean",
        "K",
        317.48049,
        0.05,
        lambda: transient_k("mean"),
        "our orbit is cut to whole steps",
    ),
    row("heat pump 353 K to 520 K, COP 1.15, sink 220 K", _OT, "area over direct", "", 0.34829, 1e-5, heat_pump_ratio),
    row(
        "heat pump in flight",
        "closed form of the same balance",
        "radiator",
        "K",
        pumped_by_hand_k(),
        0.02,
        pumped_radiator_k,
        "ours regulates within 2 mK",
    ),
    row("black sphere", _MARTINEZ, "temperature", "K", 278.78, 0.02, lambda: sphere_k(1.0, 1.0)),
    row("white sphere, 0.20/0.85", _MARTINEZ, "temperature", "K", 194.16, 0.02, lambda: sphere_k(0.20, 0.85)),
    row(
        "second-surface mirror sphere, 0.08/0.80",
        _MARTINEZ,
        "temperature",
        "K",
        156.77,
        0.02,
        lambda: sphere_k(0.08, 0.80),
    ),
    row(
        "two nodes after 100 s",
        "exponential of the difference, closed form",
        "first node",
        "K",
        305.0 + 45.0 * math.exp(-100.0 * 2.0 * (1 / 500.0 + 1 / 1500.0)),
        1e-4,
        lambda: two_nodes_k(100.0),
    ),
    row(
        "body cooling in the dark for 1000 s",
        "1/T³ = 1/T₀³ + 3 ε A σ t / C",
        "temperature",
        "K",
        (400.0**-3 + 1.5 * SIGMA) ** (-1.0 / 3.0),
        1e-4,
        lambda: cooled_k(1000.0),
    ),
    row("ROS2", "Verwer et al. 1999: second order", "observed order", "", 2.0, 0.1, order),
    row("exchange of 100 W over 0.2 m²", "conservation", "heat", "W", 100.0, 1e-6, linked_w),
    row(
        "two grey squares in space, F 0.4",
        "series of reflections: ε F / (1 − (1 − ε)² F²)",
        "Gebhart factor",
        "",
        0.5 * 0.4 / (1.0 - 0.25 * 0.16),
        1e-12,
        gebhart_factor,
    ),
    row(
        "sensor in the dark, 0 °C",
        "Basilisk unit test, its own σ",
        "after 1 s",
        "°C",
        -0.0443986873,
        2e-5,
        lambda: sensor_c(0.0),
        "its σ is 5.76051e-8, two digits of 5.67051e-8 changed places: 1.6 % too high",
    ),
    row(
        "sensor in the dark, 97.961 °C",
        "Basilisk unit test, its own σ",
        "after 1 s",
        "°C",
        97.7691478,
        3e-4,
        lambda: sensor_c(97.961),
        "as above; theirs is one Euler step",
    ),
    row(
        "Station's photovoltaic radiator",
        "NASA, ATCS overview (second-hand): 14 kW, 42.4 m²",
        "flux",
        "W/m²",
        330.0,
        0.5,
        station_radiator_w_m2,
    ),
    row(
        "louvres shut, 280 K",
        "Gilmore ch. 9: 0.14 · σ T⁴",
        "heat",
        "W/m²",
        0.14 * SIGMA * 280.0**4,
        0.05,
        lambda: louvre_w(280.0),
    ),
    row(
        "louvres open, 300 K",
        "Gilmore ch. 9: 0.74 · σ T⁴",
        "heat",
        "W/m²",
        0.74 * SIGMA * 300.0**4,
        0.5,
        lambda: louvre_w(300.0),
    ),
    row(
        "Earth's season at 60° north",
        _KNOCKE,
        "albedo, December less June",
        "",
        0.1732,
        5e-4,
        lambda: float(albedo_at(math.radians(60.0), DECEMBER) - albedo_at(math.radians(60.0), JUNE)),
    ),
    row(
        "Earth's season at 60° north",
        _KNOCKE,
        "infrared, June less December",
        "W/m²",
        41.25,
        0.1,
        lambda: float(infrared_w_m2_at(math.radians(60.0), JUNE) - infrared_w_m2_at(math.radians(60.0), DECEMBER)),
        "theirs × 340.25 W/m²",
    ),
    row(
        "Earth's albedo, 30–35° south",
        "CERES 2018, all sky, 5° band",
        "albedo",
        "",
        0.2594,
        0.02,
        lambda: float(albedo_at(math.radians(-32.5), DECEMBER + 91.3 * 86_400 * SECOND)),
        "series of degree 8",
    ),
    row(
        "nadir plate at 400 km, hot",
        "SSP 41000's 286 W/m² × (R/r)²",
        "infrared",
        "W/m²",
        286.0 * (EARTH_RADIUS_M / (EARTH_RADIUS_M + 400e3)) ** 2,
        1e-6,
        hot_plate_w_m2,
    ),
]
