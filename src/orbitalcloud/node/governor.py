"""The Governor: the one place on board that says no, and says why.

It sees the real readings, where the plan saw a forecast. Three questions: may this job be taken at all, may it start
now (and how fast), may it carry on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orbitalcloud.core import SECOND, Instant, Why, iso
from orbitalcloud.core.events import ALL_POWERED, Readings
from orbitalcloud.node.config import GovernorLimits

KELVIN_AT_0_C_MK = 273_150

Pace = Literal["full", "throttled", "wait"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a run may start: at full power, throttled, or not now; always with its Why."""

    pace: Pace
    why: Why


@dataclass(frozen=True, slots=True)
class Governor:
    """Holds the limits; keeps no state, so that the same readings always give the same answer."""

    limits: GovernorLimits

    def admit(self, deadline: Instant, input_bytes: int, waiting: int, now: Instant) -> Why:
        """Whether a job may wait here at all."""
        if deadline <= now:
            late_s = (now - deadline) // SECOND
            return Why(False, "deadline", f"it was due {iso(deadline)}, {late_s} s ago", late_s, 0, "s")
        if input_bytes > self.limits.max_input_bytes:
            text = f"its input has {input_bytes} bytes; at most {self.limits.max_input_bytes} are taken"
            return Why(False, "storage", text, input_bytes, self.limits.max_input_bytes, "byte")
        if waiting >= self.limits.max_waiting:
            text = f"{waiting} jobs wait already; send it elsewhere or later"
            return Why(False, "queue", text, waiting, self.limits.max_waiting, "job")
        return Why(True, "admitted", f"{waiting} jobs wait before it", waiting, self.limits.max_waiting, "job")

    def start(self, readings: Readings, cooling: bool = False) -> Decision:
        """Whether the accelerator may start now, judged by the last readings.

        `cooling` after a run was stopped by heat: the next waits until the payload is out of the throttling range, or
        runs would be started and stopped by turns and none would end.
        """
        if readings.powered < ALL_POWERED:
            text = "the bus has switched the payload off to save its battery"
            return Decision("wait", Why(False, "shed", text, readings.powered, ALL_POWERED, "class"))
        charge, reserve = readings.charge_ppm, self.limits.reserve_ppm
        if charge < reserve or charge == 0:
            text = f"the battery is at {charge / 1e4:.1f} %, the reserve is {reserve / 1e4:.1f} %"
            return Decision("wait", Why(False, "reserve", text, charge, reserve, "ppm"))
        heat_mk = readings.temperatures_mk[self.limits.payload_node]
        if heat_mk >= self.limits.hot_mk:
            text = f"the payload is at {_celsius(heat_mk)}, its limit is {_celsius(self.limits.hot_mk)}"
            return Decision("wait", Why(False, "heat", text, heat_mk, self.limits.hot_mk, "mK"))
        if cooling and heat_mk >= self.limits.throttle_mk:
            text = f"the payload cools from its limit: {_celsius(heat_mk)}, to {_celsius(self.limits.throttle_mk)}"
            return Decision("wait", Why(False, "heat", text, heat_mk, self.limits.throttle_mk, "mK"))
        if heat_mk >= self.limits.throttle_mk:
            text = (
                f"the payload is at {_celsius(heat_mk)}; above {_celsius(self.limits.throttle_mk)} runs are throttled"
            )
            return Decision("throttled", Why(True, "heat", text, heat_mk, self.limits.throttle_mk, "mK"))
        text = f"battery {charge / 1e4:.1f} %, payload {_celsius(heat_mk)}"
        return Decision("full", Why(True, "clear", text, charge, reserve, "ppm"))

    def carry_on(self, readings: Readings) -> Why:
        """Whether a running job may go on."""
        return self.start(readings).why


def _celsius(millikelvin: int) -> str:
    return f"{(millikelvin - KELVIN_AT_0_C_MK) / 1000:.1f} °C"
