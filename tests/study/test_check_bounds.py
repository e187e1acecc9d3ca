"""What the sheet says must bound what flies: charge, temperatures, bytes, of small missions that are really flown."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from orbitalcloud.mission import Loaded
from orbitalcloud.sim.flight import fly
from orbitalcloud.study import SatelliteSheet, check
from orbitalcloud.twin import Folder
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.fold import fold
from small_missions import SMALL, load_text

BURSTS = (
    SMALL
    + """
[[job]]
name = "burst"
modelled = { operations = 3_000_000_000_000_000, precision = "int8", input_bytes = 0, output_bytes = 200_000 }
every = "orbit"
start_h = 0.4
submit_at = "on-board"
deadline_min = 300
"""
)
HEAVY = BURSTS.replace("3_000_000_000_000_000", "9_000_000_000_000_000").replace('ltan = "10:30"', 'ltan = "06:00"')
KELVIN = 273.15


@lru_cache(maxsize=4)
def flown(text: str) -> tuple[SatelliteSheet, Flight]:
    loaded: Loaded = load_text(text)
    with TemporaryDirectory() as place:
        folder = Folder.create(Path(place) / "flight")
        fly(loaded, folder, 7)
        flight = fold(folder.entries())
    return check(loaded, later=False, relax=False).satellites[0], flight


@pytest.mark.parametrize("text", [BURSTS, HEAVY], ids=["bursts", "heavy-dawn-dusk"])
def test_the_sheet_bounds_what_flies(text: str) -> None:
    sheet, flight = flown(text)
    (satellite,) = flight.satellites.values()
    series = satellite.series
    assert sheet.lowest_charge_jobs <= float(series.charge.min())
    for node in sheet.nodes:
        heat = series.temperature_k[:, satellite.thermal_nodes.index(node.node)] - KELVIN
        assert node.hottest_c >= float(heat.max()) - 0.02, node.node
        assert node.coldest_c <= float(heat.min()) + 0.02, node.node
    # a bound that says something: within 4 K and 4 % of what flew
    payload = next(node for node in sheet.nodes if node.node == "payload")
    column = satellite.thermal_nodes.index("payload")
    assert payload.hottest_c < float(series.temperature_k[:, column].max()) - KELVIN + 4.0
    assert sheet.lowest_charge_jobs > float(series.charge.min()) - 0.04


def test_bytes_asked_cover_what_jobs_sent_and_brought() -> None:
    sheet, flight = flown(BURSTS)
    up = down = 0
    for bundle in flight.bundles.values():
        if bundle.purpose.startswith("job "):
            up += bundle.size_bytes
        elif bundle.purpose.startswith("result "):
            down += bundle.size_bytes
    days = 0.3
    assert sheet.value("work.up_asked_mb_per_day") * days == pytest.approx(up / 1e6, rel=0.01)
    assert sheet.value("work.down_asked_mb_per_day") * days == pytest.approx(down / 1e6, rel=0.05)


@pytest.mark.parametrize("capacity_wh", [0.001, 6.0])
def test_a_battery_too_weak_for_the_night_does_not_close(capacity_wh: float) -> None:
    """A brown-out spares the charge: the lowest charge alone would say that all is well."""
    text = SMALL.replace("reserve = 0.35", f"reserve = 0.35\nbattery = {{ capacity_wh = {capacity_wh} }}")
    made = check(load_text(text), later=False, relax=False).satellites[0]
    served = next(one for one in made.margins if one.key == "served_pct")
    assert not made.closes
    assert served.share < -0.1, "a third of each orbit is night"
    well = check(load_text(SMALL), later=False, relax=False).satellites[0]
    assert next(one for one in well.margins if one.key == "served_pct").share == 1.0


def test_past_the_table_of_the_earths_rotation_the_sheet_says_so() -> None:
    later = SMALL.replace("2026-03-20", "2060-03-20")
    assert any("Earth's rotation" in note for note in check(load_text(later), later=False, relax=False).notes)
    today = check(load_text(SMALL), later=False, relax=False).notes
    assert not any("Earth's rotation" in note for note in today)
