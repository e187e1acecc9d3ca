"""The twin: the physics World of one mission, and the in-process carrier that turns nodes' effects into events.

`sim` and `live` both stand on it and differ only in how they wait. `World` answers what a node is told; `Carrier` is
the heap of due events; `carrier_of(loaded, seed)` builds both from a mission; `Flight` is one in progress and `Folder`
one on disk; `cells` are the processes in which jobs run; `chain` is the Ethereum node that a station speaks to. Imports
mission, view, node and all below.
"""

from orbitalcloud.twin.build import Fleet, carrier_of, describe, fleet_of
from orbitalcloud.twin.carrier import Carrier
from orbitalcloud.twin.cells import Bounds, Cell, Cells, own_cells
from orbitalcloud.twin.checkpoint import freeze, thaw
from orbitalcloud.twin.flight import Flight, Watch, file_name
from orbitalcloud.twin.folder import Folder, Status, disk_error, free_name
from orbitalcloud.twin.world import World

__all__ = [
    "Bounds",
    "Carrier",
    "Cell",
    "Cells",
    "Fleet",
    "Flight",
    "Folder",
    "Status",
    "Watch",
    "World",
    "carrier_of",
    "describe",
    "disk_error",
    "file_name",
    "fleet_of",
    "free_name",
    "freeze",
    "own_cells",
    "thaw",
]
