"""Earliest deadline first: each request at the first time at which the battery stays above its reserve.

Candidates for a start are the end of the request before it and the sunrises to come. A start is feasible if the
forecast charge stays at or above the reserve until the end of the first whole eclipse after the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orbitalcloud.core import SECOND, Instant, Why, iso
from orbitalcloud.planning.forecast import Forecast

MAX_SUNRISES = 16
"""How many sunrises ahead a start is looked for: a day of a low orbit."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that wants the accelerator: `power_mw` above idle for `duration_ns`, before `deadline`."""

    job: str
    power_mw: int
    duration_ns: int
    deadline: Instant
    value: int = 0


@dataclass(frozen=True, slots=True)
class Placement:
    """The plan's answer for one request: `start` is None where `why` says no."""

    job: str
    start: Instant | None
    finish: Instant | None
    why: Why


def plan(requests: Sequence[Request], forecast: Forecast, free_at: Instant) -> tuple[Placement, ...]:
    """Place `requests` one after the other on one accelerator that is free from `free_at`.

    Ordered by deadline, then by value (higher first), then by name, so that equal inputs give equal plans.
    """
    placements: list[Placement] = []
    begin = max(free_at, forecast.now)
    spent_mj = 0
    for request in sorted(requests, key=lambda item: (item.deadline, -item.value, item.job)):
        placement = _place(request, forecast, begin, spent_mj)
        placements.append(placement)
        if placement.finish is not None:
            begin = placement.finish
            spent_mj += request.power_mw * request.duration_ns // SECOND
    return tuple(placements)


def _place(request: Request, forecast: Forecast, begin: int, spent_mj: int) -> Placement:
    charge_mj = forecast.charge_mj - spent_mj
    start: int | None = begin
    lowest = charge_mj
    for _ in range(MAX_SUNRISES):
        if start is None or start + request.duration_ns > request.deadline:
            break
        finish = start + request.duration_ns
        dawn = forecast.next_sunrise(finish)
        until = max(finish, dawn if dawn is not None else finish)
        lowest = forecast.lowest_charge_mj(request.power_mw, start, finish, until, charge_mj, forecast.now)
        if lowest >= forecast.reserve_mj:
            return Placement(request.job, Instant(start), Instant(finish), _yes(forecast, start, lowest))
        start = forecast.next_sunrise(start)
    return Placement(request.job, None, None, _no(request, forecast, begin, lowest))


def _ppm(forecast: Forecast, charge_mj: int) -> int:
    return max(0, charge_mj) * 1_000_000 // max(1, forecast.battery_mj)


def _yes(forecast: Forecast, start: int, lowest: int) -> Why:
    charge, reserve = _ppm(forecast, lowest), _ppm(forecast, forecast.reserve_mj)
    text = f"starts {iso(Instant(start))}; forecast charge stays at {charge / 1e4:.1f} %, reserve {reserve / 1e4:.1f} %"
    return Why(True, "plan", text, charge, reserve, "ppm")


def _no(request: Request, forecast: Forecast, begin: int, lowest: int) -> Why:
    if begin + request.duration_ns > request.deadline:
        late_s = (begin + request.duration_ns - request.deadline) // SECOND
        return Why(
            False, "deadline", f"would end {late_s} s after its deadline even if started at once", late_s, 0, "s"
        )
    charge, reserve = _ppm(forecast, lowest), _ppm(forecast, forecast.reserve_mj)
    text = f"at no sunrise before its deadline does the forecast charge stay above the reserve: {charge / 1e4:.1f} %"
    return Why(False, "reserve", text, charge, reserve, "ppm")
