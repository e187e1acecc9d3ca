"""The worst orbit of a flight: found by hand in made-up telemetry, and named, marked and linked in the report."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise

import numpy as np
import pytest

from orbitalcloud.core.time import SECOND
from orbitalcloud.view.flight import Flight, Header, Satellite
from orbitalcloud.view.orbits import Revolution, all_revolutions, revolutions, worst_of
from orbitalcloud.view.report import report_html
from orbitalcloud.view.sections_orbits import orbits_section
from orbitalcloud.view.tables import table


def only(flight: Flight) -> Satellite:
    return next(iter(flight.satellites.values()))


def with_dip(flight: Flight, number: int) -> tuple[Flight, Satellite]:
    """The same flight whose charge is one reading lower in revolution `number`, far below every other."""
    satellite = only(flight)
    series = satellite.series
    at = int(series.at_ns[0]) + round((number - 0.5) * satellite.period_s * SECOND)
    charge = series.charge.copy()
    charge[int(np.searchsorted(series.at_ns, at))] = satellite.reserve + 0.01
    changed = dataclasses.replace(satellite, series=dataclasses.replace(series, charge=charge))
    return dataclasses.replace(flight, satellites={**flight.satellites, satellite.name: changed}), changed


def test_revolutions_follow_one_another_and_keep_the_energy(flight: Flight) -> None:
    satellite = only(flight)
    found = revolutions(satellite)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(a.end == b.start for a, b in pairwise(found))
    times, watts = satellite.series.at_ns / 1e9, satellite.series.generated_w
    assert sum(one.made_j for one in found) == pytest.approx(float(np.trapezoid(watts, times)), rel=0.02)
    assert min(one.lowest for one in found) == float(satellite.series.charge.min())


def test_the_worst_orbit_is_the_one_that_was_made_so(flight: Flight) -> None:
    changed, satellite = with_dip(flight, 2)
    found = revolutions(satellite)
    worst = worst_of(found)
    assert worst is not None
    assert worst.charge.number == 2
    assert worst.charge.charge_margin == pytest.approx(0.01 / (1.0 - satellite.reserve))
    assert worst.tightest is worst.charge
    rows = table(changed, "orbits").rows
    assert [row["orbit"] for row in rows if "charge" in str(row["worst"])] == [2]
    assert {"made_j", "used_j", "charge_minimum_share", "heat_node", "heat_margin_share"} <= set(rows[0])


def test_the_report_leads_to_it_and_back(flight: Flight) -> None:
    changed, _ = with_dip(flight, 2)
    html = report_html(changed, "sha256:00", "orbital fly x")
    assert "Worst for charge: orbit 2 " in html
    row = re.search(r'<tr class="worst">.*?</tr>', html)
    assert row is not None
    assert 'href="#power"' in html
    assert html.count('href="#orbits"') >= 3  # the contents, the charge, the node that came nearest
    assert html.count('class="marked"') == 2
    assert "orbit 2, the worst" in html


def test_without_telemetry_there_is_no_worst_orbit() -> None:
    assert worst_of([]) is None
    assert "No telemetry" in orbits_section(Flight(Header()))
    assert list(all_revolutions(Flight(Header()))) == []


def test_of_many_satellites_the_worst_is_named(flight: Flight) -> None:
    changed, satellite = with_dip(flight, 2)
    twin = dataclasses.replace(only(flight), name="twin")
    both = dataclasses.replace(changed, satellites={"twin": twin, satellite.name: satellite})
    html = orbits_section(both)
    assert f"Worst for charge: {satellite.name}, orbit 2" in html
    assert f"Every orbit of {satellite.name}" in html
    tightest: list[Revolution] = sorted(all_revolutions(both), key=lambda one: one.margin)
    assert tightest[0].satellite == satellite.name
