"""The mission file: what flies, where, with what, what work, what goes wrong.

`load("genesis-1")` or `load("./my.toml")` reads a mission strictly, fills it in from the catalogue and gives a
`Loaded`; every error is a `MissionError` with file, line, key, value and remedy. `types` is what a person may write,
`resolved` what it becomes, `physical` its form for `physics`; `schema` writes the JSON Schema, `catalogue` tells
where each value comes from. May import `physics`, `compute`, `ethereum`, `network` and `core`.
"""

from orbitalcloud.mission.decode import find, load, loads, mission_error, packaged, span
from orbitalcloud.mission.resolved import Accelerator, Bus, Channel, Craft, Ground, Loaded, Task
from orbitalcloud.mission.types import Mission

__all__ = [
    "Accelerator",
    "Bus",
    "Channel",
    "Craft",
    "Ground",
    "Loaded",
    "Mission",
    "Task",
    "find",
    "load",
    "loads",
    "mission_error",
    "packaged",
    "span",
]
