"""Time-series charts as inline SVG inside positioned HTML: no library, no fixed width.

The plot stretches to its box (strokes do not), and every word is HTML, so that a phone shows the same chart with
letters of the same size. The page's script reads values back from the paths for its crosshair: coordinates are
0–10,000 across and 0–4,000 down, `data-lo` and `data-hi` say what they mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from orbitalcloud.core.time import DAY, HOUR, MINUTE
from orbitalcloud.view.flight import Floats, LightSpan, Times
from orbitalcloud.view.page import attribute, text
from orbitalcloud.view.words import clock, day

WIDE, HIGH = 10_000, 4_000
BUCKETS = 420
"""Twice this many points a line at most: two a pixel on a wide screen."""

_STEPS = (MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A named series; `tone` is a class of the style sheet."""

    name: str
    at_ns: Times
    values: Floats
    tone: str


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The area between two series on the same times."""

    at_ns: Times
    low: Floats
    high: Floats
    tone: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line that should not be crossed."""

    name: str
    value: float
    tone: str = "limit"


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of time set apart, with its name above: the worst orbit."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What a chart shows: the time across, the unit up, how high in pixels, decimals of a read-out."""

    start: int
    end: int
    unit: str
    height: int = 200
    decimals: int = 1
    floor: float | None = None
    ceiling: float | None = None

    def x(self, at: int) -> int:
        return round(min(1.0, max(0.0, (at - self.start) / (self.end - self.start))) * WIDE)

    def percent(self, at: int) -> float:
        return round(self.x(at) * 100 / WIDE, 3)


def chart(
    frame: Frame,
    lines: Sequence[Line],
    limits: Sequence[Limit] = (),
    light: Sequence[LightSpan] = (),
    bands: Sequence[Band] = (),
    title: str = "",
    marks: Sequence[Mark] = (),
) -> str:
    """One chart as HTML: shading, marks, bands, lines, limits, ticks, direct labels at the right edge."""
    low, high, ticks = _scale(frame, lines, limits, bands)
    down = _Down(low, high)
    paths = [_shade(frame, light), *(_marked(frame, mark) for mark in marks)]
    paths += [f'<path class="band {band.tone}" d="{_area(frame, band, down)}"/>' for band in bands]
    paths += [f'<path class="grid" d="M0 {down(tick)}H{WIDE}"/>' for tick in ticks]
    paths += [f'<path class="{limit.tone}" d="M0 {down(limit.value)}H{WIDE}"/>' for limit in limits]
    for line in lines:
        name = attribute(line.name)
        paths.append(f'<path class="line {line.tone}" data-name="{name}" d="{_path(frame, line, down)}"/>')
    drawn = "".join(paths)
    named = "".join(f'<a class="badge" href="#orbits">{text(mark.name)}</a>' for mark in marks)
    heading = f"<figcaption>{text(title)}{named}{_legend(lines)}</figcaption>" if title else ""
    up = "".join(f'<span style="top:{down(tick) * 100 / HIGH:.2f}%">{text(_number(tick))}</span>' for tick in ticks)
    return (
        f'<figure class="chart">{heading}<div class="box" style="height:{frame.height}px">'
        f'<div class="up">{up}</div>'
        f'<div class="plot" data-start="{frame.start // 1_000_000}" data-end="{frame.end // 1_000_000}">'
        f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" role="img" aria-label="{attribute(title)}" '
        f'data-lo="{low:g}" data-hi="{high:g}" data-unit="{attribute(frame.unit)}" data-digits="{frame.decimals}">'
        f"{drawn}</svg></div>"
        f'<div class="ends">{_ends(frame, lines, limits, down)}</div></div>{time_axis(frame)}</figure>'
    )


def time_axis(frame: Frame) -> str:
    """Labels of the time below a plot."""
    marks = []
    for number, at in enumerate(time_ticks(frame.start, frame.end)):
        midnight = at % DAY == 0
        label = f"{clock(at)}" if not midnight else f"<b>{text(' '.join(day(at).split()[:2]))}</b>"
        odd = ' class="odd"' if number % 2 else ""
        marks.append(f'<span{odd} style="left:{frame.percent(at)}%">{label}</span>')
    return f'<div class="across">{"".join(marks)}</div>'


def time_ticks(start: int, end: int) -> list[int]:
    """Round times, nine at most."""
    whole = end - start
    step = next((step for step in _STEPS if whole / step <= 9), 0) or DAY * math.ceil(whole / DAY / 9)
    first = -(-start // step) * step
    return list(range(first, end, step))


def thin(at_ns: Times, values: Floats, buckets: int = BUCKETS) -> tuple[Times, Floats]:
    """At most two points a bucket of equal time, its least and greatest, in order: peaks survive."""
    if len(at_ns) <= 2 * buckets:
        return at_ns, values
    edges = np.linspace(0, len(at_ns), buckets + 1).astype(np.int64)
    keep: list[int] = [0, len(at_ns) - 1]
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[begin:end]
        keep += [begin + int(part.argmin()), begin + int(part.argmax())]
    chosen = np.unique(np.array(keep))
    return at_ns[chosen], values[chosen]


# Parts --------------------------------------------------------------------------------------------------------------


def _scale(
    frame: Frame, lines: Sequence[Line], limits: Sequence[Limit], bands: Sequence[Band]
) -> tuple[float, float, list[float]]:
    values = [bound for line in lines if len(line.values) for bound in (line.values.min(), line.values.max())]
    values += [bound for band in bands if len(band.low) for bound in (band.low.min(), band.high.max())]
    values += [limit.value for limit in limits]
    low = float(min(values, default=0.0)) if frame.floor is None else frame.floor
    high = float(max(values, default=1.0)) if frame.ceiling is None else frame.ceiling
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    pad = 0.04 * (high - low)
    low = low if frame.floor is not None else low - pad
    high = high if frame.ceiling is not None else high + pad
    ticks = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return low, high, ticks


@dataclass(frozen=True, slots=True)
class _Down:
    """From a value to the coordinate downwards."""

    low: float
    high: float

    def __call__(self, value: float) -> int:
        share = (self.high - value) / (self.high - self.low)
        return round(min(1.0, max(0.0, share)) * HIGH)


def _number(value: float) -> str:
    return f"{value:,.10g}".replace("-", "−")


def _points(frame: Frame, at_ns: Times, values: Floats, down: _Down) -> list[tuple[int, int]]:
    return [(frame.x(at), down(value)) for at, value in zip(at_ns.tolist(), values.tolist(), strict=True)]


def _relative(points: list[tuple[int, int]], verb: str = "M") -> str:
    """Path data with relative steps, which are short."""
    if not points:
        return "M0 0"
    out = [f"{verb}{points[0][0]} {points[0][1]}l" if len(points) > 1 else f"{verb}{points[0][0]} {points[0][1]}"]
    out += [f"{x1 - x0} {y1 - y0}" for (x0, y0), (x1, y1) in pairwise(points)]
    return " ".join(out).replace("l ", "l").replace(" -", "-")


def _path(frame: Frame, line: Line, down: _Down) -> str:
    return _relative(_points(frame, *thin(line.at_ns, line.values), down))


def _area(frame: Frame, band: Band, down: _Down) -> str:
    top = _points(frame, band.at_ns, band.high, down)
    bottom = _points(frame, band.at_ns, band.low, down)
    return _relative([*top, *bottom[::-1]]) + "z"


def _shade(frame: Frame, light: Sequence[LightSpan]) -> str:
    """Shadow as upright bars; penumbra lasts seconds and goes with it."""
    spans = [(span.start, span.end) for span in light if span.phase != "sunlight"]
    bars = []
    for start, end in spans:
        left, right = frame.x(start), frame.x(end)
        if right > left:
            bars.append(f"M{left} 0h{right - left}v{HIGH}h{left - right}z")
    return f'<path class="shade" d="{"".join(bars)}"/>' if bars else ""


def _marked(frame: Frame, mark: Mark) -> str:
    left, right = frame.x(mark.start), frame.x(mark.end)
    return f'<path class="marked" d="M{left} 0h{right - left}v{HIGH}h{left - right}z"/>'


def _legend(lines: Sequence[Line]) -> str:
    named = [f'<i class="{line.tone}">{text(line.name)}</i>' for line in lines if line.name]
    return f'<span class="legend">{"".join(named)}</span>' if len(named) > 1 else ""


def _ends(frame: Frame, lines: Sequence[Line], limits: Sequence[Limit], down: _Down) -> str:
    """Names at the right edge, moved apart where they would touch (15 pixels)."""
    marks = [(down(float(line.values[-1])), line.tone, line.name) for line in lines if line.name and len(line.values)]
    marks += [(down(limit.value), limit.tone, limit.name) for limit in limits]
    gap = 15 * HIGH / frame.height
    placed: list[tuple[float, str, str]] = []
    for at, tone, name in sorted(marks):
        placed.append((max(float(at), placed[-1][0] + gap) if placed else float(at), tone, name))
    shifted: list[tuple[float, str, str]] = []
    floor = float(HIGH)
    for where, tone, name in reversed(placed):
        shifted.append((min(where, floor), tone, name))
        floor = shifted[-1][0] - gap
    return "".join(
        f'<span class="{tone}" style="top:{where * 100 / HIGH:.2f}%">{text(name)}</span>'
        for where, tone, name in shifted
    )
