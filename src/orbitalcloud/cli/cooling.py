"""`orbital check MISSION --cooling`: the same satellite under each kind of thermal control."""

from __future__ import annotations

import math

from rich.table import Table

from orbitalcloud.cli import output
from orbitalcloud.mission import load
from orbitalcloud.study.cooling import Comparison, Cooled, compare_cooling

_HEADS = ("control", "payload °C", "battery °C", "kJ/day cold", "hot", "m²", "added kg", "duty", "")


def cooling(mission: str, as_json: bool) -> int:
    """Print the comparison; exit 1 where no kind of control closes."""
    made = compare_cooling(load(mission))
    closes = all(any(kind.closes for kind in one.kinds) for one in made)
    if as_json:
        output.data({"closes": closes, "satellites": [_plain(one) for one in made]})
        return 0 if closes else 1
    console = output.console(100)
    with output.tidy(console):
        for one in made:
            console.print(_table(one))
        console.print(
            "Coldest in the cold environment with the payload idle, hottest in the hot one with it always at work "
            "(SSP 41000). kJ/day: the controls' electricity. m²: the least radiator that holds the hot limits. Added: "
            "hardware and the radiator's change. Duty: the share of full payload power that holds."
        )
    return 0 if closes else 1


def _table(one: Comparison) -> Table:
    table = Table(title=f"{one.satellite}: {one.payload_w:g} W, radiator of {one.own_m2:g} m²", title_justify="left")
    for place, head in enumerate(_HEADS):
        table.add_column(head, justify="left" if place in (0, len(_HEADS) - 1) else "right", no_wrap=place < 3)
    for kind in one.kinds:
        table.add_row(*_cells(kind))
    return table


def _cells(kind: Cooled) -> tuple[str, ...]:
    area, added = kind.radiator_m2, kind.added_kg
    return (
        kind.kind,
        f"{kind.payload_coldest_c:.1f}…{kind.payload_hottest_c:.1f}",
        f"{kind.battery_coldest_c:.1f}…{kind.battery_hottest_c:.1f}",
        f"{kind.cold_j_per_day / 1e3:,.1f}",
        f"{kind.hot_j_per_day / 1e3:,.1f}",
        "none" if math.isinf(area) else f"{area:.3f}",
        "none" if math.isinf(added) else f"{added:+.2f}",
        f"{100 * kind.payload_share:.0f} %",
        "holds" if kind.closes else "fails",
    )


def _plain(one: Comparison) -> dict[str, object]:
    """For JSON: what has no number is null."""
    kinds = [
        {
            key: None if isinstance(value, float) and math.isinf(value) else value
            for key, value in ((name, getattr(kind, name)) for name in Cooled.__dataclass_fields__)
        }
        for kind in one.kinds
    ]
    return {"satellite": one.satellite, "own_m2": one.own_m2, "payload_w": one.payload_w, "kinds": kinds}
