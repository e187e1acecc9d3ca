"""Everything at once: integrated orbits, weather, budgets, links between satellites, controls, shedding, radiation.

One mission that asks for all that the World can do; it flies the same twice, live, and when it was broken off.
"""

from __future__ import annotations

import asyncio

import pytest

from orbitalcloud.core import Interrupted, records
from orbitalcloud.live import serve
from orbitalcloud.mission import load
from orbitalcloud.sim import fly, resume
from orbitalcloud.twin import Flight, Folder
from small_missions import load_text

EVERYTHING = """
name = "everything"
epoch = 2026-03-20T12:00:00Z
days = 1.05
seed = 7
telemetry_s = 600

[environment]
weather = "statistical"
earth_light = "seasonal"
solar_activity = "maximum"

[[satellite]]
name = "pair"
bus = "cubesat-12u-edge"
orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30" }
cluster = { satellites = 2, spacing_m = 500 }
propagation = "numerical"
reserve = 0.5
safe_w = 15
shed = { payload = 0.2, radio = 0.15, heating = 0.1, restart = 0.06 }
age_years = 2
devices = ["sram-4mbit", "lpddr-16gb", "gpu-commercial", "tpu-v6e-system", "sram-4mbit", "sram-4mbit", "gpu-commercial"]
array = { wings = "x", tracker = "direct", strings = 6, cells = 8 }
battery = { capacity_wh = 9, series = 2, lock_out_c = 0 }
propulsion = { isp_s = 220, propellant_kg = 0.9 }
roles = { battery = "cells" }
heat.cells = { heat_capacity_j_per_k = 900, hot_limit_c = 45, cold_limit_c = 0, initial_c = 5 }
heat.fin = { heat_capacity_j_per_k = 50, hot_limit_c = 80, cold_limit_c = -80, faces = [
  { area_m2 = 0.02, normal = [0, -1, 0], coating = "white-paint-z93", sees = [{ node = "array", view_factor = 0.1 }] },
] }

[[satellite.coupling]]
between = ["cells", "body"]
conductance_w_per_k = 0.1

[[satellite.coupling]]
between = ["fin", "body"]
conductance_w_per_k = 0.2

[[satellite.control]]
kind = "heater"
node = "cells"
power_w = 3
on_below_c = 8
off_above_c = 12

[[satellite.control]]
kind = "louvre"
node = "radiator"
closed_below_c = -5
open_above_c = 15

[[satellite.control]]
kind = "heat-pump"
between = ["payload", "radiator"]
power_w = 4
carnot_share = 0.4
starts_at_c = 5
full_at_c = 25

[[satellite]]
name = "station-orbit"
bus = "cubesat-6u-observer"
tle = [
  "1 25544U 98067A   26079.45000000  .00007716  00000+0  14485-3 0  9998",
  "2 25544  51.6329 316.2335 0007673  83.1052 277.0809 15.49625410582525",
]
sun_axis = [0, 0, -1]

[[station]]
name = "svalbard"
site = "svalbard"

[[station]]
name = "singapore"
site = "singapore"

[[link]]
between = ["satellite", "station"]
radio = "s-band-cubesat"

[[link]]
between = ["satellite", "station"]
radio = "ka-band-smallsat"

[[link]]
between = ["satellite", "satellite"]
radio = "isl-optical"
topology = "all"

[[link]]
between = ["station", "station"]
radio = "fibre"

[[job]]
name = "protein"
artefact = "workload:protein-fitness"
every = "orbit"
submit_at = "on-board"
deadline_min = 120

[[job]]
name = "heavy"
modelled = { operations = 9_000_000_000_000_000, precision = "int8", output_bytes = 2_000_000 }
every_min = 90
submit_at = "on-board"
deadline_min = 200

[[fault]]
kind = "array-string-loss"
at_h = 3
target = "pair-001"
strings = 5

[[fault]]
kind = "reboot"
at_h = 3.5
target = "station-orbit"
"""

SEED = 5
"""In which it rains, and particles strike: found by trying."""


class Clock:
    """A clock that is where it is told to sleep to."""

    at = 0.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder.create(tmp_path_factory.mktemp("everything") / "whole")
    fly(load_text(EVERYTHING), folder, SEED)
    return folder


def test_everything_happens_in_it(whole: Folder) -> None:
    """The other tests would show little of a flight in which nothing was asked of its models."""
    entries = list(whole.entries())
    kinds = {type(entry) for entry in entries}
    for kind in (
        records.SafeMode,
        records.LoadsShed,
        records.BrownOut,
        records.EnergyAccount,
        records.WeatherOutage,
        records.AnomalyCrossed,
        records.Upset,
        records.ContactOpened,
        records.JobFinished,
    ):
        assert kind in kinds, kind
    across = [e for e in entries if isinstance(e, records.ContactOpened) and e.peer.startswith("pair")]
    assert across, "satellites see each other"


def test_it_flies_the_same_twice_and_live(whole: Folder, tmp_path) -> None:
    again = Folder.create(tmp_path / "again")
    fly(load_text(EVERYTHING), again, SEED)
    assert again.log_path.read_bytes() == whole.log_path.read_bytes()
    served = asyncio.run(serve(load_text(EVERYTHING), Folder.create(tmp_path / "live"), SEED, 1000.0, Clock()))
    assert served.status.digest == whole.status().digest


@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
def test_broken_off_it_goes_on_as_if_nothing_had_been(whole: Folder, tmp_path, share: float) -> None:
    path = tmp_path / "everything.toml"
    path.write_text(EVERYTHING)
    loaded = load(str(path))
    folder = Folder.create(tmp_path / "broken")
    stop = loaded.starts + round(share * (loaded.ends - loaded.starts))
    with Flight.begin(loaded, folder, SEED) as flight:
        while (due := flight.due()) is not None and due <= stop:
            flight.step()
        assert isinstance(flight.stop(), Interrupted)
    assert resume(folder).status == "complete"
    begun = records.FlightStarted

    def rest(flown: Folder) -> list[records.Entry]:
        return [entry for entry in flown.entries() if not isinstance(entry, begun)]

    assert rest(folder) == rest(whole)
