"""`export --as omm` and `--as tle`, the elements by which other tools' SGP4 finds a mission's satellites; `--as ion`.

They are of the orbit that was flown, not of the Log: satellites that fly two-line elements or an OMM give their own,
the others are fitted over the mission's first day. The mission is read again as it lies in the flight's folder.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orbitalcloud.cli import output
from orbitalcloud.core import DAY, SECOND, DataError
from orbitalcloud.twin.folder import MISSION_FILE, Folder

if TYPE_CHECKING:
    from orbitalcloud.mission.resolved import Loaded


def elements(folder: Folder, form: str, satellite: str, as_json: bool) -> str:
    """The text; `DataError` where the mission's files are no longer what was flown."""
    from orbitalcloud.physics.sgp4_fit import fitted, omm_fields, omm_json, omm_kvn, two_lines

    loaded = flown(folder)
    chosen = [(number, craft) for number, craft in enumerate(loaded.satellites, 1) if satellite in ("", craft.name)]
    if not chosen:
        raise output.choose("--satellite", satellite, [craft.name for craft in loaded.satellites])
    span = max(min(DAY, loaded.ends - loaded.starts), DAY // 4)
    made = [(craft.name, fitted(craft.orbit, loaded.starts, craft.name, number, span)) for number, craft in chosen]
    if form == "omm":
        fields = [omm_fields(one, name) for name, one in made]
        return omm_json(fields) if as_json else "\n".join(omm_kvn(each) for each in fields)
    return "".join(f"{name}\n" + "\n".join(two_lines(one)) + "\n" for name, one in made)


def contact_plan(folder: Folder) -> str:
    """The mission's contacts as planned, as ION's text: seconds from the mission's start, nodes from 1 by name."""
    from orbitalcloud.network.plan_files import write_ion
    from orbitalcloud.twin.world import World

    loaded = flown(folder)
    contacts = World(loaded).contacts()
    names = sorted({name for contact in contacts for name in (contact.sender, contact.receiver)})
    numbers = {name: number for number, name in enumerate(names, 1)}
    head = [f"# {number} is {name}" for name, number in numbers.items()]
    start = datetime.fromtimestamp(loaded.starts // SECOND, UTC)
    return "\n".join([*head, f"@ {start:%Y/%m/%d-%H:%M:%S}", write_ion(contacts, numbers.__getitem__, loaded.starts)])


def flown(folder: Folder) -> Loaded:
    """The mission of a flight, read again."""
    from orbitalcloud.mission.decode import loads

    status = folder.status()
    place = Path(status.mission_path)
    data = (folder.path / MISSION_FILE).read_bytes()
    loaded = loads(data, str(folder.path / MISSION_FILE), str(place.parent))
    if loaded.digest != status.mission_digest:
        raise DataError(str(folder.path), loaded.digest[:23], "the mission's files were changed since it was flown")
    return loaded
