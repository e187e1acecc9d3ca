"""The World of a mission: energy that adds up, light and contacts that agree with physics, over more than a day."""

import numpy as np
import pytest

from orbitalcloud import physics
from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant
from orbitalcloud.mission import physical
from orbitalcloud.twin import World
from small_missions import SMALL, load_text

LONG = SMALL.replace("days = 0.3", "days = 2.5")


def world(text=SMALL):
    made = World(load_text(text))
    made.draw("sat", "platform", 16_000, made.starts)
    return made


def test_past_a_day_the_world_goes_on_as_if_its_light_were_one_piece():
    stepped, loaded = world(LONG), load_text(LONG)
    for hour in range(1, 60):
        readings = stepped.readings("sat", Instant(loaded.starts + hour * HOUR))
    whole = physical.energy_heat(
        loaded, physics.geometry(physical.orbits_of(loaded), loaded.starts, Instant(loaded.ends), 10.0)
    )
    loads = np.zeros((1, whole.n_nodes))
    loads[0, physical.node_index(loaded.satellites[0], "body")] = 16.0
    for hour in range(1, 60):
        whole.advance_all(Instant(loaded.starts + hour * HOUR), loads)
        if hour % 24 == 0:  # the World counts its batteries' wear at the edges of its light
            whole = whole.aged()
    assert readings.charge_ppm == round(float(whole.state_of_charge[0]) * 1e6)
    assert readings.temperatures_mk == tuple(round(k * 1000) for k in whole.temperature_k[0].tolist())


def test_reading_more_often_changes_only_rounding():
    """Energy is integrated, not sampled: more readings, the same battery."""
    seldom, often = world(), world()
    for minute in range(1, 301):
        often.readings("sat", Instant(often.starts + minute * MINUTE))
    end = Instant(seldom.starts + 300 * MINUTE)
    one, other = seldom.readings("sat", end), often.readings("sat", end)
    assert one.charge_ppm == pytest.approx(other.charge_ppm, abs=2)
    assert one.temperatures_mk == pytest.approx(other.temperatures_mk, abs=5)


def test_a_load_is_heat_where_it_is_drawn_and_leaves_the_battery():
    idle, busy = world(), world()
    busy.draw("sat", "payload", 10_000, busy.starts)
    end = Instant(idle.starts + HOUR)
    calm, hot = idle.readings("sat", end), busy.readings("sat", end)
    assert hot.load_mw - calm.load_mw == 10_000
    payload = physical.node_index(load_text(SMALL).satellites[0], "payload")
    assert hot.temperatures_mk[payload] - calm.temperatures_mk[payload] > 3000
    idle, busy = world(), world()
    busy.draw("sat", "payload", 10_000, busy.starts)
    dark = Instant(idle.starts + 55 * MINUTE)  # in the shadow, where no sun makes up for it
    assert busy.readings("sat", dark).charge_ppm < idle.readings("sat", dark).charge_ppm - 10_000


def test_light_turns_alternate_and_agree_with_the_sunlight_that_is_forecast():
    made = world()
    turns = [(at, phase) for at, _, phase in made.light_turns()]
    assert [phase for _, phase in turns] == (["penumbra", "umbra", "penumbra", "sunlight"] * 9)[: len(turns)]
    darkness = [at for at, phase in turns if phase == "umbra"]
    ends = [end for _, end in made.sunlight()["sat"]]
    assert set(darkness) <= set(ends)


def test_contacts_come_in_both_directions_with_their_light_time():
    made = world()
    contacts = made.contacts()
    passes = [contact for contact in contacts if "sat" in (contact.sender, contact.receiver)]
    assert len(passes) >= 8
    assert len([c for c in passes if c.sender == "sat"]) == len([c for c in passes if c.receiver == "sat"])
    for contact in passes:
        assert 1_500_000 < contact.light_time_ns < 9_000_000, "547 km overhead to 2,600 km at the mask"
        middle = Instant((contact.opens + contact.closes) // 2)
        assert made.light_time_ns(contact.sender, contact.receiver, middle) == pytest.approx(
            contact.light_time_ns, rel=0.02
        )
    fibre = [contact for contact in contacts if contact.band == "fibre"]
    assert {(c.sender, c.receiver) for c in fibre} == {("svalbard", "inuvik"), ("inuvik", "svalbard")}


def test_lost_strings_give_less_power_and_leave_the_state_alone():
    whole, broken = world(), world()
    at = Instant(whole.starts + HOUR)
    before = broken.readings("sat", at)
    whole.readings("sat", at)
    broken.lose_strings("sat", 500_000, at)
    assert broken.readings("sat", at).charge_ppm == before.charge_ppm
    for made in (whole, broken):
        made.draw("sat", "payload", 12_000, at)
    later = Instant(at + 4 * HOUR)
    assert broken.readings("sat", later).charge_ppm < whole.readings("sat", later).charge_ppm


def test_an_empty_battery_is_a_brown_out_that_is_told_and_ends():
    text = SMALL.replace("reserve = 0.35", "reserve = 0.1\nbattery = { initial_charge = 0.05, capacity_wh = 15 }")
    made = World(load_text(text))
    made.draw("sat", "platform", 60_000, made.starts)
    changes = []
    for minute in range(0, 240):
        made.readings("sat", Instant(made.starts + minute * MINUTE))
        changes += made.brown_outs("sat")
    assert [down for down, _ in changes][:2] == [True, False]
    assert all(unserved > 0 for down, unserved in changes if down)


@pytest.mark.parametrize("telemetry_s", [7, 45, 600])
def test_the_place_told_is_the_subpoint_on_and_off_the_grid(telemetry_s):
    made = World(load_text(SMALL.replace("telemetry_s = 60", f"telemetry_s = {telemetry_s}")))
    for offset in (0, telemetry_s * SECOND, 10 * telemetry_s * SECOND, 12_345_678_901):
        at = Instant(made.starts + offset)
        readings = made.readings("sat", at)
        latitude, longitude, height = physics.subpoint(made.orbits, [at])
        assert readings.latitude_udeg == round(float(np.degrees(latitude[0, 0])) * 1e6)
        assert readings.longitude_udeg == round(float(np.degrees(longitude[0, 0])) * 1e6)
        assert readings.height_m == round(float(height[0, 0]))


def test_the_period_is_nodal_and_close_to_keplers():
    made = world()
    a = 6378.137e3 + 547e3
    kepler_s = 2 * np.pi * np.sqrt(a**3 / 3.986004418e14)
    nodal_s = made.period_ns("sat") / 1e9
    assert 0 < nodal_s - kepler_s < 10, "J2 lengthens a retrograde orbit's nodal period by some seconds"
    rises = [c.opens for c in made.contacts() if (c.sender, c.receiver) == ("sat", "svalbard")]
    gaps_s = np.diff(rises) / 1e9
    assert np.median(gaps_s) == pytest.approx(nodal_s, rel=0.02)
    assert 97_000 < made.inclination_mdeg("sat") < 98_500
    assert made.ends - made.starts == round(0.3 * DAY)


def test_the_first_reading_tells_the_light_that_there_is():
    lit = world().readings("sat", load_text(SMALL).starts)
    dark_text = SMALL.replace('ltan = "10:30"', 'ltan = "10:30", phase_deg = 180')  # over 22:30 local time
    made = world(dark_text)
    dark = made.readings("sat", made.starts)
    assert (lit.sunlit_ppm, dark.sunlit_ppm) == (1_000_000, 0)
    assert lit.generated_mw > 15_000
    assert dark.generated_mw == 0
    assert made.readings("sat", made.starts).charge_ppm == 900_000, "looking changes nothing"
