"""Orbital Cloud: a cloud whose computers are satellites.

The SDK's names; each is imported when first used, so that `import orbitalcloud` costs nothing.

    from orbitalcloud import load, fly, Folder
    from orbitalcloud import job, submit, result
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orbitalcloud.core.version import VERSION as __version__

_HOMES = {
    "load": "orbitalcloud.mission",
    "fly": "orbitalcloud.sim",
    "resume": "orbitalcloud.sim",
    "Folder": "orbitalcloud.twin",
    "World": "orbitalcloud.twin",
    "Satellite": "orbitalcloud.node",
    "Station": "orbitalcloud.node",
    "job": "orbitalcloud.study.submitting",
    "submit": "orbitalcloud.study.submitting",
    "result": "orbitalcloud.study.submitting",
}

if TYPE_CHECKING:
    from orbitalcloud.mission import load
    from orbitalcloud.node import Satellite, Station
    from orbitalcloud.sim import fly, resume
    from orbitalcloud.study.submitting import job, result, submit
    from orbitalcloud.twin import Folder, World

__all__ = ["Folder", "Satellite", "Station", "World", "__version__", "fly", "job", "load", "result", "resume", "submit"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"orbitalcloud has no {name!r}; it has {', '.join(sorted(_HOMES))}")
    return getattr(import_module(_HOMES[name]), name)
