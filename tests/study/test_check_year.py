"""A year of light against other people's: published eclipse seasons, and Orekit's days of 2026."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from orbitalcloud.core import DAY, Instant
from orbitalcloud.mission import load
from orbitalcloud.physics import circular, sun_synchronous
from orbitalcloud.physics.orbit import mean_design
from orbitalcloud.study.year import EVERY_ECLIPSE_OF, Year, local_time_h, years

DATA = Path(__file__).parents[1] / "data" / "physics"
NEW_YEAR_2026 = Instant(1_767_225_600 * 10**9)
TRUTH = json.loads((DATA / "eclipse_orekit_2026.json").read_text())


def of_orekit(name: str) -> Year:
    one = TRUTH[name]
    orbit = circular(
        one["alt"] * 1e3, math.radians(one["inc_deg"]), NEW_YEAR_2026, raan_rad=one["raan0_rad"] % math.tau
    )
    return years([orbit], NEW_YEAR_2026)[0]


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_day_of_2026_is_as_dark_as_orekit_says(name: str) -> None:
    year, one = of_orekit(name), TRUTH[name]
    umbra, penumbra = np.array(one["umbra_frac_day"]), np.array(one["penumbra_frac_day"])
    half = (umbra + penumbra) / 2.0  # penumbra in to out, and umbra in to out: the disc is half hidden between
    # Orekit's orbit has periodic terms, ours the secular drift: as in test_a_year_of_eclipses_against_orekit
    assert np.abs(1.0 - year.lit - half).max() < 0.023
    assert year.lit_share == pytest.approx(1.0 - half.mean(), abs=0.002)
    assert year.eclipse_days == pytest.approx(float((penumbra > 0.0).sum()), abs=1.0)


def test_seasons_are_whole_and_in_order() -> None:
    year = of_orekit("SSO550_18h")
    (season,) = year.seasons
    assert season.days == year.eclipse_days
    assert NEW_YEAR_2026 < season.first < season.last < NEW_YEAR_2026 + 365 * DAY
    assert set(year.design_days().values()) <= {Instant(int(at)) for at in year.at}


def test_samples_agree_with_every_eclipse() -> None:
    orbits = [circular(550e3, math.radians(53), NEW_YEAR_2026, raan_rad=raan) for raan in np.linspace(0.0, 6.0, 7)]
    assert len(orbits) > EVERY_ECLIPSE_OF
    sampled, whole = years(orbits, NEW_YEAR_2026)[2], years(orbits[2:3], NEW_YEAR_2026)[0]
    assert not sampled.every_day
    assert whole.every_day
    assert sampled.lit_share == pytest.approx(whole.lit_share, abs=0.003)
    assert sampled.longest[0] == pytest.approx(whole.longest[0], abs=0.1)


@pytest.mark.parametrize("hours", [0.0, 6.0, 10.5, 18.0, 22.75])
def test_the_nodes_local_time_is_what_it_was_designed_for(hours: float) -> None:
    assert local_time_h(sun_synchronous(547e3, hours, NEW_YEAR_2026), NEW_YEAR_2026) == pytest.approx(hours, abs=1e-6)


def test_two_line_elements_have_a_year_too() -> None:
    loaded = load("iss-orbit")
    year = years([mean_design(loaded.satellites[0].orbit, "edge-1")], loaded.starts)[0]
    # beta of an orbit of inclination i reaches i + 23.44° and no more
    assert -75.1 < year.beta_deg.min() < -70.0
    assert 70.0 < year.beta_deg.max() < 75.1
    assert 0.60 < year.lit_share < 0.70
