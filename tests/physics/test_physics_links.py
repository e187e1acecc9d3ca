"""Link budgets: the air against ITU's examples and itur, codes against Shannon, Doppler against Skyfield, limits."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import erfc
from skyfield.api import EarthSatellite, load, wgs84

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, SECOND, parse_instant
from orbitalcloud.physics import GroundSite, Orbits, TwoLine, contact_windows, sun_synchronous
from orbitalcloud.physics.link import (
    RadioLink,
    carrier_to_noise_dbhz,
    dish_gain_dbi,
    doppler_hz,
    free_space_loss_db,
    pass_profile,
    pass_volume_bytes,
    rate_bps,
    rate_of_carrier_bps,
)
from orbitalcloud.physics.link_atmosphere import attenuation, liquid_cloud_share, sky_noise_k, stations
from orbitalcloud.physics.link_coding import CCSDS, DVB_S2, FSK, TABLES, UNCODED
from orbitalcloud.physics.link_optical import OpticalLink, optical_rate_bps, pointing_loss_db, received_w
from orbitalcloud.physics.link_radios import RADIOS
from physics import cases_radiation_links

HERE = Path(__file__)
DATA = HERE.parents[1] / "data" / "physics"
EPOCH = parse_instant("2026-03-20T00:00:00Z")
SVALBARD = GroundSite(math.radians(78.2298), math.radians(15.4078), 450.0, math.radians(5.0), "svalbard")
X = RADIOS["x-band-cubesat"]
LASER = OpticalLink(5.0, 1.55e-6, 0.1, 0.1)
ISS = TwoLine(
    "1 25544U 98067A   26079.50000000  .00016717  00000-0  10270-3 0  9006",
    "2 25544  51.6400 208.9163 0006317  69.9862  25.2906 15.54225995000016",
)


def test_all_of_the_itus_examples() -> None:
    module = cases_radiation_links
    rows = module.itu_rows()
    assert len(rows) == 48
    for row in rows:
        for part, ours in module.itu_attenuation(row).items():
            rain = part in ("A_rain", "A_total")
            assert ours == pytest.approx(float(row[part]), rel=0.02 if rain else 0.001, abs=5e-4), (part, row)


def test_the_air_between_the_nodes_is_iturs() -> None:
    rows = json.loads((DATA / "atmosphere_offgrid.json").read_text())
    apart = []
    for station, ghz, elevation, percent, *theirs in rows:
        air = attenuation(station, math.radians(elevation), ghz * 1e9, 1.0 - percent / 100.0)
        parts = (air.gas_db, air.cloud_db, air.rain_db, air.scintillation_db, air.total_db)
        for ours, their in zip(parts, theirs, strict=True):
            assert float(ours) == pytest.approx(their, rel=0.075, abs=0.025)
        apart.append(abs(float(air.total_db) / theirs[-1] - 1.0))
    assert np.median(apart) < 0.005


def test_air_takes_more_when_lower_wetter_and_more_often() -> None:
    elevation = np.radians(np.arange(5.0, 66.0))
    for station in ("svalbard", "singapore"):
        assert (np.diff(attenuation(station, elevation, 26.25e9).total_db) < 0.0).all()
        often = [float(attenuation(station, 0.3, 26.25e9, a).total_db) for a in (0.95, 0.99, 0.999, 0.9999)]
        assert often == sorted(often)
    assert attenuation("singapore", 0.5, 26.25e9).rain_db > 5.0 * attenuation("svalbard", 0.5, 26.25e9).rain_db
    assert 0.0 < liquid_cloud_share("troll") < liquid_cloud_share("singapore") < 1.0
    assert float(sky_noise_k(0.0)) == 0.0
    assert float(sky_noise_k(60.0)) == pytest.approx(275.0, rel=1e-5)


def test_every_station_of_the_catalogue_has_its_air() -> None:
    import tomllib

    text = (HERE.parents[2] / "src/orbitalcloud/data/catalogue/stations.toml").read_text()
    assert set(tomllib.loads(text)) <= set(stations())


def test_no_code_beats_shannon_and_better_ones_cost_more() -> None:
    for table in TABLES.values():
        for code in table:
            assert code.required_es_n0_db > 10.0 * math.log10(2.0**code.bits_per_symbol - 1.0)
    for family in ("QPSK", "8PSK", "16APSK", "32APSK"):
        rows = [code for code in DVB_S2 if code.name.split()[0] == family]
        assert [c.bits_per_symbol for c in rows] == sorted(c.bits_per_symbol for c in rows)
        assert [c.required_es_n0_db for c in rows] == sorted(c.required_es_n0_db for c in rows)


def test_uncoded_needs_are_theory() -> None:
    for code in UNCODED:
        ratio = 10.0 ** (code.required_eb_n0_db / 10.0)
        assert 0.5 * erfc(math.sqrt(ratio)) == pytest.approx(1e-5, rel=0.03)
    assert 0.5 * math.exp(-0.5 * 10.0 ** (FSK[0].required_eb_n0_db / 10.0)) == pytest.approx(1e-5, rel=0.03)
    assert CCSDS[2].required_eb_n0_db == pytest.approx(4.2)


def test_a_budget_by_hand() -> None:
    """1 W, 11 − 1 dBi, 1,000 km, no air: −92.45 − 18.2763 − 60 + … as on paper."""
    expected = 10.0 - 1.5 + (X.receive_gain_dbi - 10.0 * math.log10(120.0)) + 228.599 - (92.4478 + 18.2763 + 60.0)
    assert float(carrier_to_noise_dbhz(0.5, 1e6, None, X)) == pytest.approx(expected, abs=0.001)
    assert dish_gain_dbi(5.0, 8.2e9, 0.6) == pytest.approx(50.444, abs=0.001)
    assert float(free_space_loss_db(2e6, 8.2e9) - free_space_loss_db(1e6, 8.2e9)) == pytest.approx(
        20.0 * math.log10(2.0)
    )


def test_rates_step_where_the_codes_do() -> None:
    link = replace(X, symbol_rates_baud=(1e6,), margin_db=0.0, implementation_loss_db=0.0)
    for code in DVB_S2:
        just = rate_of_carrier_bps([60.0 + code.required_es_n0_db - 1e-9, 60.0 + code.required_es_n0_db + 1e-9], link)
        assert just[1] >= max(just[0], 1e6 * code.bits_per_symbol)
    assert rate_of_carrier_bps(60.0 - 2.36, link) == 0.0
    assert rate_of_carrier_bps(200.0, link) == pytest.approx(4.453027e6)


def test_the_rate_varies_through_the_pass_and_the_volume_adds_up() -> None:
    orbits = Orbits.of([sun_synchronous(547e3, 10.5, EPOCH)])
    windows = contact_windows(orbits, [SVALBARD], EPOCH, EPOCH + 12 * HOUR)
    window = max(windows, key=lambda w: w.max_elevation_rad)
    profile = pass_profile(orbits, window, SVALBARD)
    assert math.fsum(profile.duration_s) == pytest.approx(window.duration_ns / SECOND)
    rate = rate_bps(profile.elevation_rad, profile.range_m, "svalbard", X)
    assert len(set(rate.tolist())) > 4
    assert rate[len(rate) // 2] == rate.max()
    whole = pass_volume_bytes(orbits, window, SVALBARD, X)
    fine = pass_volume_bytes(orbits, window, SVALBARD, X, step_s=0.2)
    assert whole == pytest.approx(fine, rel=2e-3)
    assert 0 < whole <= rate.max() * window.duration_ns / SECOND / 8.0
    stormy = pass_volume_bytes(orbits, window, SVALBARD, X, station="singapore", availability=0.9999)
    assert stormy < whole
    rising = profile.range_rate_m_s
    assert rising[0] < -5e3
    assert rising[-1] > 5e3


def test_doppler_is_skyfields() -> None:
    orbits = Orbits.of([ISS])
    site = GroundSite(math.radians(41.9), math.radians(12.49), 50.0, math.radians(5.0), "rome")
    window = contact_windows(orbits, [site], EPOCH, EPOCH + DAY)[0]
    profile = pass_profile(orbits, window, site, step_s=20.0)
    scale = load.timescale(builtin=True)
    satellite = EarthSatellite(ISS.line1, ISS.line2, ts=scale) - wgs84.latlon(41.9, 12.49, elevation_m=50.0)
    times = scale.utc(2026, 3, 20, 0, 0, (profile.times_ns - EPOCH) / SECOND)
    _, _, distance, _, _, rate = satellite.at(times).frame_latlon_and_rates(wgs84.latlon(41.9, 12.49, elevation_m=50.0))
    assert np.abs(distance.m - profile.range_m).max() < 15.0  # its built-in table has another UT1, and no pole
    assert np.abs(rate.m_per_s - profile.range_rate_m_s).max() < 0.05
    shift = doppler_hz(profile.range_rate_m_s, 437.5e6)
    assert shift[0] > 0.0 > shift[-1]  # high when it comes
    assert np.abs(shift + rate.m_per_s * 437.5e6 / 299792458.0).max() < 0.1
    assert float(doppler_hz(-7000.0, 1e9)) == pytest.approx(23349.5, abs=0.1)


def test_below_five_degrees_nothing_is_budgeted_but_space_has_no_horizon() -> None:
    assert rate_bps(np.radians([-10.0, 4.9, 5.0]), 1e6, "svalbard", X)[:2].tolist() == [0.0, 0.0]
    assert (rate_bps(np.radians([-10.0, 0.0]), 1e6, None, X) > 0.0).all()
    assert rate_bps(np.full((2, 1), 0.5), np.full((1, 3), 1e6), "svalbard", X).shape == (2, 3)


def test_every_packaged_radio_closes_overhead() -> None:
    for link in RADIOS.values():
        assert link.source
        assert float(rate_bps(math.pi / 2, 550e3, "svalbard", link)) > 0.0
    assert float(rate_bps(0.4, 1.2e6, "singapore", RADIOS["ka-band-smallsat"], 0.9999)) == 0.0  # rained out


def test_light_falls_with_the_square_and_never_exceeds_what_was_sent() -> None:
    far = received_w(LASER, [1e6, 2e6, 4e6])
    assert far[0] / far[1] == pytest.approx(4.0)
    assert far[1] / far[2] == pytest.approx(4.0)
    assert float(received_w(LASER, 10.0)) == pytest.approx(5.0 * 0.64)
    assert float(optical_rate_bps(LASER, 5e6)) == pytest.approx(
        float(received_w(LASER, 5e6)) / (100.0 * 1.28159e-19), rel=1e-4
    )
    assert float(optical_rate_bps(replace(LASER, most_bps=1e9), 5e5)) == 1e9
    clear = received_w(LASER, 1e6, np.radians([90.0, 30.0]), zenith_db=0.5)
    assert clear[0] / clear[1] == pytest.approx(10.0**0.05)
    assert float(pointing_loss_db(5e-6, 1e-5)) == pytest.approx(3.0)
    assert float(pointing_loss_db(1.0, 1e-5)) == 40.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: attenuation("atlantis", 0.5, 8e9),
        lambda: attenuation("svalbard", 0.01, 8e9),
        lambda: attenuation("svalbard", float("nan"), 8e9),
        lambda: attenuation("svalbard", 0.5, 60e9),
        lambda: attenuation("svalbard", 0.5, 8e9, 1.0),
        lambda: attenuation("svalbard", 0.5, 8e9, 0.5),
        lambda: rate_bps(2.0, 1e6, "svalbard", X),
        lambda: rate_bps(0.5, -1.0, "svalbard", X),
        lambda: rate_bps(0.5, float("inf"), "svalbard", X),
        lambda: free_space_loss_db(0.0, 8e9),
        lambda: doppler_hz(3e8, 8e9),
        lambda: dish_gain_dbi(0.0, 8e9),
        lambda: replace(X, band="q"),
        lambda: replace(X, frequency_hz=2e9),
        lambda: replace(X, transmit_w=0.0),
        lambda: replace(X, system_temperature_k=0.0),
        lambda: replace(X, symbol_rates_baud=()),
        lambda: replace(X, symbol_rates_baud=(0.0,)),
        lambda: replace(X, coding="magic"),
        lambda: replace(X, margin_db=-1.0),
        lambda: replace(LASER, wavelength_m=1.55),
        lambda: replace(LASER, receive_efficiency=1.2),
        lambda: received_w(LASER, 0.0),
        lambda: received_w(LASER, 1e6, 0.01),
        lambda: pointing_loss_db(0.1, 0.0),
        lambda: liquid_cloud_share("atlantis"),
        lambda: RadioLink("x", "x", float("nan"), 1.0, 0.0, 0.0, 100.0, (1e6,), "ccsds"),
    ],
)
def test_nonsense_is_refused(call: Any) -> None:
    with pytest.raises(DataError):
        call()
