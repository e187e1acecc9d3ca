"""Hot and cold cases and the comparison of coolings: what binds, what would relax it, and that it repeats."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import lru_cache

import msgspec
import numpy as np
import pytest

from orbitalcloud.cli import cooling as page
from orbitalcloud.core import DAY, Instant
from orbitalcloud.mission import Craft, load
from orbitalcloud.physics import Orbits, geometry
from orbitalcloud.physics.earth_light import STANDARD
from orbitalcloud.study.cooling import KINDS, Comparison, compare_cooling
from orbitalcloud.study.hot_cold import beta_dates, hot_cold_cases, radiator_m2, repeated_day, resized, year_orbit

LOADED = load("genesis-1")
(CRAFT,) = LOADED.satellites


@lru_cache(maxsize=1)
def compared() -> tuple[Comparison, ...]:
    return compare_cooling(LOADED)


def changed(**bus: object) -> Craft:
    return dataclasses.replace(CRAFT, bus=msgspec.structs.replace(CRAFT.bus, **bus))


def test_the_cases_bracket_a_flight_and_name_what_binds() -> None:
    cases = hot_cold_cases(CRAFT, LOADED.starts)
    assert [node.node for node in cases.nodes] == ["array", "body", "payload", "radiator"]
    least = min(min(node.hot_margin_k, node.cold_margin_k) for node in cases.nodes)
    assert cases.margin_k == least
    assert cases.binds in cases.text
    assert "beta" in cases.text
    light = geometry(Orbits.of([CRAFT.orbit], ["g"]), LOADED.starts, Instant(LOADED.starts + DAY), 30.0)
    day = repeated_day(CRAFT.bus, light, STANDARD["mean"], 8.0)
    assert day.settled
    for i, node in enumerate(cases.nodes):
        assert node.cold_k < day.coldest_k[i] <= day.hottest_k[i] < node.hot_k


def test_what_would_relax_it_does() -> None:
    """The derivative, taken at the design, foretells a radiator of 5 % more within a fifth."""
    before = hot_cold_cases(CRAFT, LOADED.starts)
    assert before.side == "hot"
    assert before.k_per_radiator_m2 < 0.0 < before.k_per_payload_w
    bigger = resized(CRAFT.bus, 1.05)
    after = hot_cold_cases(dataclasses.replace(CRAFT, bus=bigger), LOADED.starts)
    foretold = before.k_per_radiator_m2 * (radiator_m2(bigger) - radiator_m2(CRAFT.bus))
    assert before.margin_k - after.margin_k == pytest.approx(foretold, rel=0.2)
    warmer = hot_cold_cases(CRAFT, LOADED.starts, payload_hot_w=CRAFT.accelerator.active_w + 2.0)
    assert before.margin_k - warmer.margin_k == pytest.approx(2.0 * before.k_per_payload_w, rel=0.05)


def test_a_year_of_betas_is_looked_at() -> None:
    orbits = Orbits.of([year_orbit(CRAFT)], ["g"])
    betas = [beta for beta, _ in beta_dates(orbits, LOADED.starts)]
    assert len(betas) == 7
    # LTAN 10:30 stands 22.5° before noon; the Sun's declination and the equation of time move it by some degrees
    assert -30.0 < min(betas) < max(betas) < -10.0


def test_age_darkens_the_hot_case_only() -> None:
    painted = tuple(
        msgspec.structs.replace(
            node,
            faces=tuple(
                msgspec.structs.replace(face, absorptivity=None, emissivity=None, coating="white-paint-s13g-lo")
                for face in node.faces
            ),
        )
        if node.name == "radiator"
        else node
        for node in CRAFT.bus.heat
    )
    from orbitalcloud.mission.catalogue import catalogue
    from orbitalcloud.mission.thermal import finished

    bus = finished(msgspec.structs.replace(CRAFT.bus, heat=painted), catalogue().coatings, "test")
    craft = dataclasses.replace(CRAFT, bus=bus)
    young, old = (hot_cold_cases(craft, LOADED.starts, end_of_life_years=years) for years in (0.0, 10.0))
    assert [node.cold_k for node in young.nodes] == [node.cold_k for node in old.nodes]
    assert old.nodes[3].hot_k > young.nodes[3].hot_k + 0.1  # it sees albedo, hardly the Sun


def test_a_node_that_takes_days_is_waited_for() -> None:
    heavy = tuple(
        msgspec.structs.replace(node, heat_capacity_j_per_k=node.heat_capacity_j_per_k * 30.0)
        if node.name == "body"
        else node
        for node in CRAFT.bus.heat
    )
    light = geometry(Orbits.of([CRAFT.orbit], ["g"]), LOADED.starts, Instant(LOADED.starts + DAY), 30.0)
    slow = repeated_day(changed(heat=heavy).bus, light, STANDARD["hot"], 10.0)
    quick = repeated_day(CRAFT.bus, light, STANDARD["hot"], 10.0)
    assert slow.settled
    middle = [0.5 * float(day.coldest_k[1] + day.hottest_k[1]) for day in (slow, quick)]
    assert middle[0] == pytest.approx(middle[1], abs=1.5)


def test_every_kind_of_cooling_is_compared(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = compared()
    kinds = {one.kind: one for one in made.kinds}
    assert tuple(kinds) == KINDS
    fixed, louvres, pump = kinds["fixed"], kinds["louvres"], kinds["heat-pump"]
    # the radiator that was found holds, and a tenth less does not
    assert fixed.radiator_m2 < made.own_m2
    assert fixed.closes
    # louvres keep the idle payload warmer, and need more radiator: open they radiate 0.74 where paint does 0.9
    assert louvres.payload_coldest_c > fixed.payload_coldest_c + 5.0
    assert louvres.radiator_m2 > fixed.radiator_m2
    assert kinds["loop-heat-pipe"].payload_coldest_c > fixed.payload_coldest_c + 5.0
    assert pump.hot_j_per_day > kinds["pumped-loop"].hot_j_per_day > 0.0
    assert kinds["heaters"].added_kg == pytest.approx(fixed.added_kg + 0.1)
    monkeypatch.setattr(page, "compare_cooling", lambda loaded: compared())
    assert page.cooling("genesis-1", True) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["satellites"][0]["kinds"][0]["radiator_m2"] == pytest.approx(fixed.radiator_m2)
    assert page.cooling("genesis-1", False) == 0
    assert "heat-pump" in capsys.readouterr().out


def test_the_least_radiator_is_the_least() -> None:
    (made,) = compared()
    fixed = made.kinds[0]
    bus = changed(control=()).bus
    light = geometry(Orbits.of([CRAFT.orbit], ["g"]), LOADED.starts, Instant(LOADED.starts + DAY), 30.0)
    at = fixed.radiator_m2 / made.own_m2
    limits = np.array([node.hot_limit_c for node in bus.heat])[[1, 2]] + 273.15
    for scale, holds in ((at, True), (0.95 * at, False)):
        day = repeated_day(resized(bus, scale), light, STANDARD["hot"], made.payload_w)
        assert bool((day.hottest_k[[1, 2]] <= limits).all()) is holds
    assert math.isfinite(fixed.added_kg)
