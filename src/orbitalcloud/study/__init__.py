"""Studies of a mission without flying it: does the design close, what binds first, what would relax it.

`check(loaded)` gives a `Sheet`; `rows(sheet)` its lines, `as_json(sheet)` the whole for machines. May import everything
below it: `mission`, `physics`, `compute`, `twin`.
"""

from orbitalcloud.study.check import check
from orbitalcloud.study.sheet import (
    Entry,
    Margin,
    NodeRange,
    Relaxer,
    Row,
    SatelliteSheet,
    Section,
    Sheet,
    StationContact,
    as_json,
    rows,
)

__all__ = [
    "Entry",
    "Margin",
    "NodeRange",
    "Relaxer",
    "Row",
    "SatelliteSheet",
    "Section",
    "Sheet",
    "StationContact",
    "as_json",
    "check",
    "rows",
]
