"""The Governor says no at the reserve, at the heat limit, past the deadline and with a full queue, and says why."""

import pytest

from orbitalcloud.core import HOUR, MINUTE
from orbitalcloud.core.events import Readings
from orbitalcloud.node import Governor, GovernorLimits

LIMITS = GovernorLimits(
    reserve_ppm=350_000, payload_node=2, hot_mk=333_150, throttle_mk=323_150, max_waiting=2, max_input_bytes=1000
)


def readings(charge_ppm=900_000, payload_mk=290_000):
    return Readings(charge_ppm, 0, 0, 1_000_000, (300_000, 290_000, payload_mk, 280_000), 0, 0, 547_000)


@pytest.mark.parametrize(
    ("charge_ppm", "payload_mk", "pace", "rule"),
    [
        (350_000, 323_149, "full", "clear"),
        (349_999, 290_000, "wait", "reserve"),
        (900_000, 323_150, "throttled", "heat"),
        (900_000, 333_149, "throttled", "heat"),
        (900_000, 333_150, "wait", "heat"),
        (100_000, 400_000, "wait", "reserve"),
    ],
)
def test_the_edges_of_starting(charge_ppm, payload_mk, pace, rule):
    decision = Governor(LIMITS).start(readings(charge_ppm, payload_mk))
    assert (decision.pace, decision.why.rule) == (pace, rule)
    assert decision.why.ok == (pace != "wait")


def test_a_no_carries_value_limit_and_unit():
    why = Governor(LIMITS).start(readings(charge_ppm=200_000)).why
    assert (why.value, why.limit, why.unit) == (200_000, 350_000, "ppm")
    assert "20.0 %" in why.text
    assert "35.0 %" in why.text


@pytest.mark.parametrize(
    ("deadline", "size", "waiting", "rule"),
    [(HOUR, 1000, 1, "admitted"), (MINUTE, 10, 0, "deadline"), (HOUR, 1001, 0, "storage"), (HOUR, 10, 2, "queue")],
)
def test_the_edges_of_admitting(deadline, size, waiting, rule):
    why = Governor(LIMITS).admit(deadline, size, waiting, MINUTE)
    assert (why.rule, why.ok) == (rule, rule == "admitted")
