"""The planner that flies: each request, in an order, at a time at which the battery stays above its reserve.

The order is the planner's: `earliest-deadline`; `greedy`, the most value for accelerator time first; `look-ahead`, by
deadline, but each where the battery is discharged least (the idea of PHOENIX, arXiv:2407.07337); `best`, the plan of
the three that is worth most.

A start is looked for when the accelerator becomes free, at the ends of what is already placed, at the sunrises to come
and when the charge comes back to the reserve. It is feasible if the accelerator is free for the whole run and the
forecast charge stays at or above the reserve from then until the end of the eclipse after it, with everything else
that is placed counted at its own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from orbitalcloud.core import SECOND, Instant, Why, iso
from orbitalcloud.planning.forecast import Forecast, Load

MAX_SUNRISES = 16
"""How many sunrises ahead a start is looked for: a day of a low orbit."""

Flying = Literal["earliest-deadline", "greedy", "look-ahead", "best"]
FLYING: tuple[Flying, ...] = get_args(Flying)


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


def plan(
    requests: Sequence[Request],
    forecast: Forecast,
    running: Load | None = None,
    planner: Flying = "earliest-deadline",
) -> tuple[Placement, ...]:
    """Place `requests` on one accelerator, one at a time, after what is `running` on it.

    By deadline: then of value (higher first), then of name, so that equal inputs give equal plans.
    """
    if planner == "best":
        made = [plan(requests, forecast, running, name) for name in FLYING if name != "best"]
        value = {request.job: request.value for request in requests}
        return max(made, key=lambda found: sum(value[one.job] for one in found if one.start is not None))
    placements: list[Placement] = []
    loads = [running] if running is not None else []
    for request in sorted(requests, key=_by_density if planner == "greedy" else _by_deadline):
        placement = _place(request, forecast, loads, sparing=planner == "look-ahead")
        placements.append(placement)
        if placement.start is not None and placement.finish is not None:
            loads.append(Load(request.power_mw, placement.start, placement.finish))
    return tuple(placements)


def _by_deadline(request: Request) -> tuple[int, int, str]:
    return request.deadline, -request.value, request.job


def _by_density(request: Request) -> tuple[int, int, str]:
    return -request.value * 10**24 // max(1, request.duration_ns), request.deadline, request.job


def _place(request: Request, forecast: Forecast, loads: Sequence[Load], sparing: bool = False) -> Placement:
    free = _free(request, loads, forecast.now)
    if free + request.duration_ns > request.deadline:
        return Placement(request.job, None, None, _too_late(request, forecast, free))
    best = 0
    starts: list[tuple[int, int]] = []
    for start in _candidates(request, forecast, loads, free):
        finish = start + request.duration_ns
        lowest = _lowest(forecast, [*loads, Load(request.power_mw, start, finish)], start)
        if lowest >= forecast.reserve_mj:
            starts.append((lowest, start))
            if not sparing:
                break
        best = max(best, lowest)
    if starts:
        lowest, start = max(starts, key=lambda item: (item[0], -item[1]))
        return Placement(
            request.job, Instant(start), Instant(start + request.duration_ns), _yes(forecast, start, lowest)
        )
    return Placement(request.job, None, None, _no(forecast, best))


def _candidates(request: Request, forecast: Forecast, loads: Sequence[Load], free: int) -> list[int]:
    """Starts worth trying, in order: each with the accelerator free for the whole run and its end in time."""
    marks = {free, *(load.end for load in loads)}
    dawn = forecast.next_sunrise(free)
    for _ in range(MAX_SUNRISES):
        if dawn is None:
            break
        marks.add(dawn)
        dawn = forecast.next_sunrise(dawn)
    charged = forecast.first_at_reserve(loads, free, request.deadline)
    if charged is not None:
        marks.add(charged)
    starts = {_free(request, loads, mark) for mark in marks if mark >= free}
    return sorted(start for start in starts if start + request.duration_ns <= request.deadline)


def _free(request: Request, loads: Sequence[Load], since: int) -> int:
    """The first instant from `since` on at which the accelerator is free for the whole run."""
    start = since
    for load in sorted(loads, key=lambda item: item.begin):
        if load.begin < start + request.duration_ns and start < load.end:
            start = load.end
    return start


def _lowest(forecast: Forecast, loads: Sequence[Load], start: int) -> int:
    """The lowest charge from `start` to the end of the eclipse after the last of the loads."""
    last = max(load.end for load in loads)
    dawn = forecast.next_sunrise(last)
    return forecast.lowest_charge_mj(loads, start, dawn if dawn is not None else last)


def _ppm(forecast: Forecast, charge_mj: int) -> int:
    return charge_mj * 1_000_000 // max(1, forecast.battery_mj)


def _yes(forecast: Forecast, start: int, lowest: int) -> Why:
    charge, reserve = _ppm(forecast, lowest), _ppm(forecast, forecast.reserve_mj)
    text = f"starts {iso(Instant(start))}; forecast charge stays at {charge / 1e4:.1f} %, reserve {reserve / 1e4:.1f} %"
    return Why(True, "plan", text, charge, reserve, "ppm")


def _too_late(request: Request, forecast: Forecast, free: int) -> Why:
    late_s = -(-(free + request.duration_ns - request.deadline) // SECOND)
    when = "at once" if free <= forecast.now else f"when the accelerator is free, {iso(Instant(free))}"
    return Why(False, "deadline", f"started {when}, it would end {late_s} s after its deadline", late_s, 0, "s")


def _no(forecast: Forecast, best: int) -> Why:
    charge, reserve = _ppm(forecast, best), _ppm(forecast, forecast.reserve_mj)
    text = f"no start before its deadline keeps the forecast charge above the reserve: at best {charge / 1e4:.1f} %"
    return Why(False, "reserve", text, charge, reserve, "ppm")
