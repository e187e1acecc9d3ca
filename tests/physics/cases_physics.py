"""Physics' numeric validation cases: somebody else's number, ours, and how far apart they may be."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import erfa
import numpy as np

from orbitalcloud.core.time import DAY, MINUTE, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Battery,
    Design,
    EnergyHeat,
    Environment,
    Face,
    GroundSite,
    Node,
    Orbits,
    Panel,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    TwoLine,
    Window,
    absorbed_w,
    beta_angle_rad,
    contact_windows,
    geometry,
    secular_rates,
    shadow_events,
    steady_state,
    sun_gcrs_m,
    sun_synchronous,
    sun_teme_m,
)
from orbitalcloud.physics.constants import ASTRONOMICAL_UNIT_M, STEFAN_BOLTZMANN_W_M2_K4
from orbitalcloud.physics.heat import heat_step
from orbitalcloud.physics.shadow import disc_seen, illumination, limb_separation
from validation import row

DATA = Path(__file__).parents[1] / "data" / "physics"
SOLSTICE = parse_instant("2026-06-21T00:00:00Z")
YEAR = parse_instant("2026-01-01T00:00:00Z")
AMAZONIA = Design(
    7130.982e3,
    0.001111,
    np.radians(98.405),
    np.radians(78.4021),
    np.radians(90.0),
    0.0,
    parse_instant("2021-01-01T00:00:00Z"),
)


def sgp4_cases() -> list[tuple[TwoLine, list[list[float]]]]:
    """(elements, rows of minutes, x, y, z in km) of Vallado's verification set."""
    lines = [line for line in (DATA / "SGP4-VER.TLE").read_text().splitlines() if line[:2] in ("1 ", "2 ")]
    blocks: list[list[list[float]]] = []
    for line in (DATA / "tcppver.out").read_text().splitlines():
        if line.endswith("xx"):
            blocks.append([])
        else:
            blocks[-1].append([float(word) for word in line.split()[:4]])
    return [(lenient(a, b), block) for a, b, block in zip(lines[::2], lines[1::2], blocks, strict=True)]


def lenient(line1: str, line2: str) -> TwoLine:
    """Elements whose checksum is put right: some of the set are damaged on purpose."""

    def mended(line: str) -> str:
        body = line[:68]
        return body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)

    return TwoLine(mended(line1), mended(line2))


def epoch_of(elements: TwoLine) -> Instant:
    """A TLE's epoch to the 1e-8 day that it is written with."""
    year = int(elements.line1[18:20])
    start = parse_instant(f"{year + (1900 if year > 56 else 2000)}-01-01T00:00:00Z")
    day, fraction = elements.line1[20:32].split(".")
    return Instant(start + (int(day) - 1) * DAY + int(fraction) * DAY // 10**8)


@lru_cache(maxsize=1)
def sgp4_worst_mm() -> float:
    worst = 0.0
    for elements, rows in sgp4_cases():
        if elements.line1[2:7] == "33334":
            continue  # the reference itself answers error 3 (eccentricity) and prints what it had before
        orbits = Orbits.of([elements])
        epoch = epoch_of(elements)
        for minutes, *expected in rows:
            at = epoch + round(minutes * MINUTE)
            ours = orbits.position_teme_m(at)[0, 0]
            worst = max(worst, float(np.linalg.norm(ours - 1e3 * np.array(expected))))
    return worst * 1e3


@lru_cache(maxsize=1)
def sun_worst_arcsec() -> float:
    rows = np.loadtxt(DATA / "sun_geocentric_icrf_de421.csv", delimiter=",", comments="#")
    heliocentric, _ = erfa.epv00(rows[:, 0], 0.0)
    ours = -heliocentric["p"] * ASTRONOMICAL_UNIT_M
    theirs = rows[:, 1:] * 1e3
    cross = np.linalg.norm(np.cross(ours, theirs), axis=1)
    return float(np.degrees(np.max(cross / (ours * theirs).sum(axis=1))) * 3600.0)


@lru_cache(maxsize=1)
def amazonia() -> tuple[float, float, float]:
    """Case 1 as its test defines it: one orbit at the start of each of five days, the Sun held at midnight, sphere."""
    orbits = Orbits.of([AMAZONIA])
    period = secular_rates(AMAZONIA.semi_major_axis_m, AMAZONIA.eccentricity, AMAZONIA.inclination_rad).nodal_period_s
    parts = 300_000
    umbra = penumbra = 0.0
    for day in range(5):
        start = AMAZONIA.epoch + day * DAY
        times = start + ((np.arange(parts) + 0.5) * (period / parts) * SECOND).astype(np.int64)
        sun = np.broadcast_to(sun_teme_m(start), (parts, 3))
        lit = illumination(orbits.position_teme_m(times), sun, oblate=False)[0]
        umbra += float(np.mean(lit == 0.0)) * period / 5.0
        penumbra += float(np.mean((lit > 0.0) & (lit < 1.0))) * period / 5.0
    return period - umbra - penumbra, penumbra, umbra


@lru_cache(maxsize=1)
def dawn_dusk() -> tuple[int, float]:
    """Case 2: (eclipses, mean seconds an eclipse, its edges at half light) in a day at the solstice."""
    orbits = Orbits.of([sun_synchronous(550e3, 18.0, SOLSTICE)])
    events = shadow_events(orbits, SOLSTICE, Instant(SOLSTICE + DAY), oblate=False)
    out = sum((1 if event.kind.endswith("out") else -1) * (event.at - SOLSTICE) for event in events)
    count = sum(event.kind == "umbra-in" for event in events)
    return count, out / SECOND / count / 2.0


def solstice_beta_deg() -> float:
    orbits = Orbits.of([sun_synchronous(550e3, 18.0, SOLSTICE)])
    return float(np.degrees(beta_angle_rad(orbits, SOLSTICE)[0, 0]))


def solstice_flux_w_m2() -> float:
    orbits = Orbits.of([sun_synchronous(550e3, 18.0, SOLSTICE)])
    return float(geometry(orbits, SOLSTICE, Instant(SOLSTICE + MINUTE)).irradiance_w_m2[0])


@lru_cache(maxsize=1)
def solstice_power_w() -> float:
    """Case 3 through the whole kernel: 2 m² of 30 % cells facing the Sun, temperature left out, a day."""
    orbits = Orbits.of([sun_synchronous(550e3, 18.0, SOLSTICE)])
    array = SolarArray((Panel(2.0),), efficiency=0.30, temperature_coefficient_per_k=0.0, packing=1.0)
    network = ThermalNetwork((Node("array", 1e4), Node("body", 1e4)))
    fleet = EnergyHeat(
        [SatelliteDesign(array, Battery(1e9), network)], geometry(orbits, SOLSTICE, Instant(SOLSTICE + DAY))
    )
    fleet.advance(0, Instant(SOLSTICE + DAY), np.zeros(2))
    return float(fleet.generated_j[0]) / 86400.0


@lru_cache(maxsize=1)
def maspalomas() -> Window:
    orbits = Orbits.of(
        [
            TwoLine(
                "1 42063U 17013A   22300.18652110  .00000099  00000+0  54271-4 0  9998",
                "2 42063  98.5693  13.0364 0001083 104.3232 255.8080 14.30819357294601",
            )
        ]
    )
    site = GroundSite(np.radians(27.7629), np.radians(-15.6338), 205.1, np.radians(5.0), "maspalomas")
    start = parse_instant("2022-10-27T20:00:00Z")
    return contact_windows(orbits, [site], start, Instant(start + DAY // 6))[0]


@lru_cache(maxsize=1)
def orekit_passes_worst_s() -> float:
    truth = json.loads((DATA / "access_orekit_5x20.json").read_text())
    start = parse_instant(truth["t0_utc"] + "Z")
    sites = [GroundSite(np.radians(a), np.radians(b), h, np.radians(10.0)) for a, b, h in truth["stations"]]
    end = Instant(start + DAY)
    windows = contact_windows(Orbits.of([TwoLine(*pair) for pair in truth["tles"]]), sites, start, end)
    worst = 0.0
    for event in truth["events"]:
        mine = [w for w in windows if (w.satellite, w.site) == (event["sat"], event["station"])]
        edges = [(t, up) for w in mine for t, up in ((w.opens, True), (w.closes, False)) if start < t < end]
        if [up for _, up in edges] != [up for _, up in event["events"]]:
            return float("inf")  # a pass too many, or one missed
        for (ours, _), (theirs, _) in zip(edges, event["events"], strict=True):
            worst = max(worst, abs((ours - start) / SECOND - theirs))
    return worst


@lru_cache(maxsize=8)
def year_of(altitude_km: float, ltan_h: float) -> tuple[float, int]:
    """Case 5: (% of the year outside the shadow, days on which an eclipse begins)."""
    end = Instant(YEAR + 365 * DAY)
    orbits = Orbits.of([sun_synchronous(altitude_km * 1e3, ltan_h, YEAR)])
    events = shadow_events(orbits, YEAR, end)
    into = [event.at for event in events if event.kind == "penumbra-in"]
    out = [event.at for event in events if event.kind == "penumbra-out"]
    if out[0] < into[0]:
        into.insert(0, YEAR)
    if len(out) < len(into):
        out.append(end)
    dark = sum(out) - sum(into)
    return 100.0 * (1.0 - dark / (end - YEAR)), len({(at - YEAR) // DAY for at in into})


def radiator_w_m2(kirchhoff: bool) -> float:
    """Case 6: 1 m² of two-sided plate at 20 °C, one side to the Sun, view factor 0.25 to an Earth of −20 °C.

    Starcloud takes the Earth's infrared with the solar absorptivity; by Kirchhoff it is the emissivity.
    """
    emissivity, absorptivity, view, sunlight, albedo = 0.92, 0.09, 0.25, 1366.0, 0.30
    out = 2.0 * emissivity * STEFAN_BOLTZMANN_W_M2_K4 * 293.15**4
    infrared = STEFAN_BOLTZMANN_W_M2_K4 * 253.15**4
    if not kirchhoff:
        reflected = albedo * sunlight
        return out - absorptivity * (sunlight + view * (reflected + infrared))
    # through the package: the plate stands on edge to the Earth, high enough to see it with 0.25 on that side
    network = ThermalNetwork((Node("plate", 1.0),), (Face("plate", 1.0, (0.0, 0.0, 1.0), absorptivity, emissivity),))
    earth = absorbed_w(
        network,
        Environment(sunlight, 0.0, (0.0, 0.0, -1.0), 2.0 * 6378137.0, albedo, infrared),
    )[0]
    return out - absorptivity * sunlight - float(earth)


def plate_k(heat_w: float, area_m2: float, emissivity: float, sink_k: float) -> float:
    """Case 8: a radiator against a sink, the sink being heat absorbed."""
    network = ThermalNetwork((Node("r", 1.0),), (Face("r", area_m2, (0.0, 0.0, -1.0), 0.0, emissivity),))
    sink_w = area_m2 * emissivity * STEFAN_BOLTZMANN_W_M2_K4 * sink_k**4
    return steady_state(network, {"r": heat_w + sink_w})["r"]


def partial_illumination() -> float:
    """Case 10: Basilisk's satellite in penumbra (spherical Earth of 6378.1366 km, Sun of 695,000 km)."""
    at = parse_instant("2021-05-04T07:47:48.965Z")
    node, anomaly, tilt = np.radians([48.2, 107.5, 5.0])
    p = np.array([np.cos(node), np.sin(node), 0.0])
    q = np.array([-np.sin(node) * np.cos(tilt), np.cos(node) * np.cos(tilt), np.sin(tilt)])
    axis, e, earth_m = 6878136.6, 1e-5, 6378136.6
    r = axis * (1 - e * e) / (1 + e * np.cos(anomaly)) * (np.cos(anomaly) * p + np.sin(anomaly) * q)
    sun = sun_gcrs_m(at)[0]
    separation, limb, _ = limb_separation(*r, *sun, 1.0, earth_m)
    return float(disc_seen(separation, limb, np.arcsin(695e6 / np.linalg.norm(sun - r))))


def sensor_c(start_c: float) -> float:
    """Case 10: Basilisk's sensor in the dark after 1 s, with the right σ (2 kg of 890 J/kg/K, ε 0.34, 30 W)."""
    temperature = np.array([start_c + 273.15])
    none = np.zeros((1, 1))
    emission = np.array([0.34 * STEFAN_BOLTZMANN_W_M2_K4])
    heat_step(temperature, 1.0, np.array([1780.0]), np.array([30.0]), none, none, emission, np.empty((6, 1)))
    return float(temperature[0] - 273.15)


_AMAZONIA = "SatelliteAnalysis.jl test"
_QUICKSAT = "quicksat 0.5.0"
_YEAR = "independent sketch, spherical Earth and mean Sun (the planners of this project, 2026-11)"
CASES = [
    row(
        "SGP4, 665 of 666 states",
        "Vallado et al. 2006",
        "worst position difference",
        "mm",
        0.0,
        0.2,
        sgp4_worst_mm,
        "satellite 33334 is refused, as by the reference",
    ),
    row("Sun, 100 dates 2022–2031", "DE421 by Skyfield", "worst angle", "arcsec", 0.0, 0.02, sun_worst_arcsec),
    row("Amazonia-1", _AMAZONIA, "sunlight an orbit", "s", 3974.785, 0.1, lambda: amazonia()[0]),
    row("Amazonia-1", _AMAZONIA, "penumbra an orbit", "s", 20.457, 0.05, lambda: amazonia()[1]),
    row("Amazonia-1", _AMAZONIA, "umbra an orbit", "s", 2004.757, 0.1, lambda: amazonia()[2]),
    row(
        "dawn-dusk at the solstice",
        _QUICKSAT,
        "beta angle",
        "deg",
        58.965,
        0.02,
        solstice_beta_deg,
        "our inclination has J4: 97.617°",
    ),
    row("dawn-dusk at the solstice", _QUICKSAT, "eclipses a day", "", 15, 0, lambda: dawn_dusk()[0]),
    row(
        "dawn-dusk at the solstice",
        _QUICKSAT,
        "eclipse, sphere",
        "s",
        1301.0,
        3.0,
        lambda: dawn_dusk()[1],
        "edges at half light; on WGS 84 ours is 1286.0 s",
    ),
    row("dawn-dusk at the solstice", _QUICKSAT, "sunlight", "W/m²", 1318.19, 0.3, solstice_flux_w_m2),
    row("2 m², 30 %, Sun-pointing", _QUICKSAT, "mean power over a day", "W", 615.49, 2.0, solstice_power_w),
    row(
        "Sentinel-2B over Maspalomas",
        "Skyfield",
        "rise after 22:58:00",
        "s",
        3.0,
        0.5,
        lambda: (maspalomas().opens - parse_instant("2022-10-27T22:58:00Z")) / SECOND,
    ),
    row(
        "Sentinel-2B over Maspalomas",
        "Skyfield",
        "duration",
        "s",
        745.0,
        0.5,
        lambda: maspalomas().duration_ns / SECOND,
    ),
    row("passes, 5 × 20, a day", "Orekit 13.1.9", "worst of 934 rises and sets", "s", 0.0, 0.02, orekit_passes_worst_s),
    *(
        row("dawn-dusk through 2026", _YEAR, f"{what} at {altitude} km", unit, theirs, tolerance, ours)
        for altitude, share, days in ((500, 94.4, 106), (550, 95.0, 101), (650, 96.0, 91), (800, 97.2, 76))
        for what, unit, theirs, tolerance, ours in (
            ("sunlit", "%", share, 0.06, lambda a=altitude: year_of(a, 18.0)[0]),
            ("eclipse days", "", days, 1, lambda a=altitude: year_of(a, 18.0)[1]),
        )
    ),
    row("LTAN 10:30, 547 km, 2026", _YEAR, "sunlit", "%", 63.8, 0.1, lambda: year_of(547, 10.5)[0]),
    row(
        "Starcloud's radiator",
        "Starcloud white paper",
        "net",
        "W/m²",
        633.08,
        0.06,
        lambda: radiator_w_m2(False),
        "theirs has σ = 5.67e-8",
    ),
    row(
        "Starcloud's radiator, Kirchhoff",
        "the same with Kirchhoff, by hand (the planners of this project, 2026-11)",
        "net",
        "W/m²",
        584.76,
        0.06,
        lambda: radiator_w_m2(True),
        "theirs has σ = 5.67e-8",
    ),
    row(
        "120 kW from 220 m², sink 220 K",
        "σ ε A (T⁴ − T_sink⁴) by hand (the planners of this project, 2026-11)",
        "temperature",
        "K",
        337.10,
        0.01,
        lambda: plate_k(120e3, 220, 0.91, 220),
    ),
    row(
        "150 kW from 220 m², sink 220 K",
        "σ ε A (T⁴ − T_sink⁴) by hand (the planners of this project, 2026-11)",
        "temperature",
        "K",
        353.16,
        0.01,
        lambda: plate_k(150e3, 220, 0.91, 220),
    ),
    row(
        "partial eclipse",
        "Basilisk unit test",
        "illumination",
        "",
        0.62310760206735,
        1e-4,
        partial_illumination,
    ),
    row(
        "sensor in the dark, 0 °C",
        "Basilisk unit test, σ put right",
        "after 1 s",
        "°C",
        -0.0434402582,
        2e-5,
        lambda: sensor_c(0.0),
    ),
    row(
        "sensor in the dark, 97.961 °C",
        "Basilisk unit test, σ put right",
        "after 1 s",
        "°C",
        97.7724135,
        3e-4,
        lambda: sensor_c(97.961),
        "theirs is one Euler step; ours is of second order",
    ),
]
