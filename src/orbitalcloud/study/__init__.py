"""Studies of a mission without flying it: does the design close, what binds first, what would relax it.

`check(loaded)` gives a `Sheet`; `rows(sheet)` its lines, `as_json(sheet)` the whole for machines. `orbit_life(loaded,
craft)` says how long an orbit lasts, what holding it costs and whether it is left in time. May import everything below
it: `mission`, `physics`, `compute`, `twin`.
"""

from orbitalcloud.study.check import check
from orbitalcloud.study.orbit_life import OrbitLife, orbit_life
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
    "OrbitLife",
    "Relaxer",
    "Row",
    "SatelliteSheet",
    "Section",
    "Sheet",
    "StationContact",
    "as_json",
    "check",
    "orbit_life",
    "rows",
]
