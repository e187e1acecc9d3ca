"""Studies of a mission without flying it: does the design close, and what binds first.

`check(loaded)` gives a `Sheet`; `rows(sheet)` its lines; `orbit_life(loaded, craft)` how long an orbit lasts and costs. May import `mission`, `physics`, `compute` and `twin`.
"""

from orbitalcloud.study.check import check
from orbitalcloud.study.orbit_life import OrbitLife, orbit_life
from orbitalcloud.study.sheet import Margin, NodeRange, Row, SatelliteSheet, Sheet, StationContact, rows

__all__ = [
    "Margin",
    "NodeRange",
    "OrbitLife",
    "Row",
    "SatelliteSheet",
    "Sheet",
    "StationContact",
    "check",
    "orbit_life",
    "rows",
]
