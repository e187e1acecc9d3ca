"""Radiation of a flight: dose adds up, upsets come where the protons are and as often, chance stays in its place."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest

from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant, Log, Seed, records
from orbitalcloud.core.time import parse_instant
from orbitalcloud.physics import subpoint
from orbitalcloud.physics.radiation import YEAR_S, dose_rate_rad_s, flux_at
from orbitalcloud.physics.radiation_track import rates_along
from orbitalcloud.physics.radiation_upsets import devices
from orbitalcloud.study.exposure_sheet import radiation_sheet
from orbitalcloud.twin import World
from orbitalcloud.twin.build import carrier_of
from orbitalcloud.twin.exposure import Exposure, year_of
from orbitalcloud.twin.timeline import AnomalyTurns, UpsetStrikes
from small_missions import SMALL, load_text

BARE = SMALL[: SMALL.index("[[station]]")]
SRAM = 'reserve = 0.35\ndevices = ["sram-4mbit"]'


def exposed(days=3.0, more=SRAM, activity="minimum", change=("", "")):
    text = BARE.replace("days = 0.3", f"days = {days}").replace("reserve = 0.35", more).replace(*change)
    loaded = load_text(text + f'\n[environment]\nsolar_activity = "{activity}"\n')
    return World(loaded)


def events(world, seed=1, kind=UpsetStrikes):
    return [(at, name, event) for at, name, event in world.exposure.happenings(Seed.of(seed)) if type(event) is kind]


def test_dose_is_the_integral_of_the_rate_along_the_orbit():
    world = exposed(days=1.5)
    end = Instant(world.starts + 36 * HOUR)
    times = world.starts + 10 * 10**9 * np.arange(36 * 360 + 1, dtype=np.int64)  # six times as fine
    year = year_of(world.starts)
    rate = dose_rate_rad_s(*subpoint(world.orbits, times), shield_mm=2.0, solar="min", year=year)[0]
    theirs = float(np.trapezoid(rate, dx=10.0))
    assert world.exposure.dose_urad(0, end) == pytest.approx(theirs * 1e6, rel=2e-3)
    doses = [world.exposure.dose_urad(0, Instant(world.starts + k * 7 * MINUTE)) for k in range(300)]
    assert doses[0] == 0
    assert doses == sorted(doses)
    assert all(isinstance(dose, int) for dose in doses)


def test_a_months_flight_comes_to_the_dose_of_the_sheet():
    """The flight moves the Anomaly to 2026, the sheet leaves it where the maps have it: a tenth apart at most."""
    world = exposed(days=30.0)
    loaded = world.loaded
    rad_year = world.exposure.dose_urad(0, loaded.ends) / 1e6 / ((loaded.ends - loaded.starts) / 1e9) * YEAR_S
    sheet = radiation_sheet(loaded, loaded.satellites[0])
    assert rad_year == pytest.approx(sheet.dose_min.total_rad_year, rel=0.1)


def test_readings_carry_the_dose_and_asking_out_of_order_changes_nothing():
    one, other = exposed(days=2.5), exposed(days=2.5)
    late, early = Instant(one.starts + 50 * HOUR), Instant(one.starts + 5 * HOUR)
    assert one.exposure.dose_urad(0, early) < one.exposure.dose_urad(0, late)
    assert other.exposure.dose_urad(0, late) == one.exposure.dose_urad(0, late)
    assert other.exposure.dose_urad(0, early) == one.exposure.dose_urad(0, early)
    one.draw("sat", "platform", 16_000, one.starts)
    assert one.readings("sat", early).dose_urad == other.exposure.dose_urad(0, early)


def test_a_checkpoint_keeps_the_doses_of_days_gone_by():
    world = exposed(days=2.5)
    end = Instant(world.starts + 59 * HOUR)
    dose = world.exposure.dose_urad(0, end)
    again = Exposure(world.loaded, world.orbits)
    again.restore(world.exposure.kept())
    assert again.dose_urad(0, end) == dose
    assert len(again.kept()) == 3, "not summed anew"
    thawed = pickle.loads(pickle.dumps(world))
    assert thawed.exposure.kept() == world.exposure.kept()
    assert thawed.exposure.dose_urad(0, end) == dose


def test_upsets_are_as_many_as_the_rate_says_and_where_it_says():
    """Two hundred seeds of three days: the mean within four standard errors, and so is the share in the Anomaly."""
    world = exposed()
    times = world.starts + MINUTE * np.arange(3 * 1440 + 1, dtype=np.int64)
    places = tuple(part[0] for part in subpoint(world.orbits, times))
    rates = rates_along(*places, world.exposure._exposed[0], "minimum", year=year_of(world.starts))
    mean = float(np.trapezoid(rates.upsets_s[0], dx=60.0))
    inside = float(np.trapezoid(np.where(rates.flux_cm2_s > 1.0, rates.upsets_s[0], 0.0), dx=60.0)) / mean
    assert mean > 1.0
    found = [event for seed in range(200) for _, _, event in events(world, seed)]
    assert len(found) == pytest.approx(200 * mean, abs=4 * math.sqrt(200 * mean))
    share = sum(event.in_anomaly for event in found) / len(found)
    assert share == pytest.approx(inside, abs=4 * math.sqrt(inside * (1 - inside) / len(found)) + 0.01)
    assert share > 0.8  # as UoSAT-2's, "an overwhelming concentration" (Underwood 1990)
    bits = [event.bit for event in found]
    assert min(bits) >= 0
    assert max(bits) < devices()["sram-4mbit"].bits
    assert np.mean(bits) == pytest.approx(devices()["sram-4mbit"].bits / 2, rel=0.1)


def test_an_upset_says_where_it_struck():
    world = exposed(days=6.0)
    struck = events(world)
    assert struck
    for at, name, event in struck:
        assert name == "sat"
        latitude, longitude, _ = (float(part[0, 0]) for part in subpoint(world.orbits, np.array([at])))
        assert event.latitude_udeg == pytest.approx(math.degrees(latitude) * 1e6, abs=1)
        assert event.longitude_udeg == pytest.approx(math.degrees(longitude) * 1e6, abs=1)
        assert 540_000 < event.height_m < 580_000


def test_another_satellite_or_device_moves_nobodys_draws():
    alone = events(exposed())
    crowd = BARE.replace("days = 0.3", "days = 3.0").replace("reserve = 0.35", SRAM)
    other = 'name = "a"\nbus = "cubesat-6u-observer"\norbit = { altitude_km = 600, inclination = 51.6, raan_deg = 0 }'
    crowd = crowd.replace("[[satellite]]", f"[[satellite]]\n{other}\n\n[[satellite]]")
    crowd = crowd.replace('["sram-4mbit"]', '["gpu-commercial", "sram-4mbit"]')
    world = World(load_text(crowd + '\n[environment]\nsolar_activity = "minimum"\n'))
    among = [one for one in events(world) if one[1] == "sat" and one[2].device == "sram-4mbit"]
    assert among == alone
    assert events(exposed(), seed=2) != alone


def test_two_of_a_device_are_upset_one_by_one():
    one = events(exposed(days=6.0))
    two = events(exposed(days=6.0, more='reserve = 0.35\ndevices = ["sram-4mbit", "sram-4mbit"]'))
    assert set(one) < set(two)
    assert len({at for at, _, _ in two}) == len(two) > len(one) > 0


def test_the_anomalys_edges_alternate_and_lie_on_its_flux():
    world = exposed(days=2.0)
    edges = [(at, event.inside) for at, _, event in events(world, kind=AnomalyTurns)]
    assert len(edges) > 20
    assert all(one[1] != two[1] for one, two in pairwise(edges))
    assert [at for at, _ in edges] == sorted(at for at, _ in edges)
    for at, inside in edges:  # the maps end as at a wall: two seconds to either side are here and there
        times = np.array([at - 2 * SECOND, at + 2 * SECOND])
        flux = flux_at(*subpoint(world.orbits, times), solar="min", year=year_of(world.starts))[0]
        assert (flux > 1.0).tolist() == [not inside, inside]
    minutes = sum(two[0] - one[0] for one, two in pairwise(edges) if one[1]) / MINUTE / 2.0
    assert 60 < minutes < 140  # a day


def test_solar_activity_chooses_the_maps():
    dose = {}
    for activity in ("minimum", "mean", "maximum"):
        world = exposed(days=1.0, activity=activity)
        dose[activity] = world.exposure.dose_urad(0, world.loaded.ends)
    assert dose["minimum"] < dose["mean"] < dose["maximum"]  # behind 2 mm electrons rule, and the maximum has more
    assert dose["mean"] == pytest.approx((dose["minimum"] + dose["maximum"]) / 2, abs=2)


def test_beyond_the_tables_nothing_is_made_up():
    world = exposed(days=1.0, change=("altitude_km = 547", "altitude_km = 2100"))
    assert world.exposure.dose_urad(0, Instant(world.starts + HOUR)) == -1
    assert events(world) == events(world, kind=AnomalyTurns) == []


def test_the_carrier_writes_it_down():
    text = SMALL.replace("days = 0.3", "days = 1.0").replace("reserve = 0.35", SRAM)
    loaded = load_text(text[: text.index("[[job]]")])
    carrier, _ = carrier_of(loaded, 3)
    told = []
    carrier.log, carrier.watch = Log(lambda line: None), told.append
    expected = [(at, event) for at, _, event in World(loaded).exposure.happenings(carrier.seed) if at < loaded.ends]
    while (due := carrier.next_due()) is not None and due < loaded.ends:
        carrier.step()
    crossed = [(entry.at, entry.inside) for entry in told if isinstance(entry, records.AnomalyCrossed)]
    upset = [(entry.at, entry.device, entry.bit) for entry in told if isinstance(entry, records.Upset)]
    assert crossed == sorted((at, event.inside) for at, event in expected if isinstance(event, AnomalyTurns))
    assert upset == sorted((at, event.device, event.bit) for at, event in expected if isinstance(event, UpsetStrikes))
    readings = [entry.dose_urad for entry in told if isinstance(entry, records.Telemetry)]
    assert readings == sorted(readings)
    assert readings[-1] > 1_000_000


def test_years_count_from_their_first_day():
    assert year_of(parse_instant("2026-01-01T00:00:00Z")) == 2026.0
    assert year_of(parse_instant("2026-07-02T15:00:00Z")) == pytest.approx(2026.5, abs=1e-3)
    assert year_of(Instant(parse_instant("2027-01-01T00:00:00Z") - DAY)) == pytest.approx(2026.997, abs=1e-3)
