"""Timelines: rows of bars over the flight's time, as positioned HTML. Contacts, jobs and bundles share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orbitalcloud.view.page import attribute, text
from orbitalcloud.view.svg import Frame, time_axis


@dataclass(frozen=True, slots=True)
class Bar:
    """[start, end) drawn in `tone`; `said` shows when pointed at."""

    start: int
    end: int
    tone: str
    said: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment."""

    at: int
    tone: str
    said: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: its name, a note at the right, bars and marks."""

    name: str
    note: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()


def timeline(frame: Frame, lanes: Sequence[Lane], title: str, keys: Sequence[tuple[str, str]] = ()) -> str:
    """The rows as HTML; `keys` are (tone, meaning) of the legend."""
    legend = "".join(f'<i class="{tone}">{text(meaning)}</i>' for tone, meaning in keys)
    rows = "".join(_lane(frame, lane) for lane in lanes)
    return (
        f'<figure class="timeline"><figcaption>{text(title)}<span class="legend">{legend}</span></figcaption>'
        f"{rows}{time_axis(frame)}</figure>"
    )


def _lane(frame: Frame, lane: Lane) -> str:
    bars = "".join(_bar(frame, bar) for bar in lane.bars)
    marks = "".join(
        f'<u class="{mark.tone}" style="left:{frame.percent(mark.at)}%" title="{attribute(mark.said)}"></u>'
        for mark in lane.marks
    )
    return (
        f'<div class="lane"><span title="{attribute(lane.name)}">{text(lane.name)}</span>'
        f'<div class="bars">{bars}{marks}</div><span>{text(lane.note)}</span></div>'
    )


def _bar(frame: Frame, bar: Bar) -> str:
    left = frame.percent(bar.start)
    width = max(0.0, round(frame.percent(bar.end) - left, 3))
    return f'<i class="{bar.tone}" style="left:{left}%;width:{width}%" title="{attribute(bar.said)}"></i>'
