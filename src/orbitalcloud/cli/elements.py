"""`export --as omm` and `--as tle`: the elements by which other tools' SGP4 finds a mission's satellites.

They are of the orbit that was flown, not of the Log: satellites that fly two-line elements or an OMM give their own,
the others are fitted over the mission's first day. The mission is read again as it lies in the flight's folder.
"""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.cli import output
from orbitalcloud.core import DAY, DataError
from orbitalcloud.twin.folder import MISSION_FILE, Folder


def elements(folder: Folder, form: str, satellite: str, as_json: bool) -> str:
    """The text; `DataError` where the mission's files are no longer what was flown."""
    from orbitalcloud.mission.decode import loads
    from orbitalcloud.physics.sgp4_fit import fitted, omm_fields, omm_json, omm_kvn, two_lines

    status = folder.status()
    place = Path(status.mission_path)
    data = (folder.path / MISSION_FILE).read_bytes()
    loaded = loads(data, str(folder.path / MISSION_FILE), str(place.parent))
    if loaded.digest != status.mission_digest:
        raise DataError(str(folder.path), loaded.digest[:23], "the mission's files were changed since it was flown")
    chosen = [(number, craft) for number, craft in enumerate(loaded.satellites, 1) if satellite in ("", craft.name)]
    if not chosen:
        raise output.choose("--satellite", satellite, [craft.name for craft in loaded.satellites])
    span = max(min(DAY, loaded.ends - loaded.starts), DAY // 4)
    made = [(craft.name, fitted(craft.orbit, loaded.starts, craft.name, number, span)) for number, craft in chosen]
    if form == "omm":
        fields = [omm_fields(one, name) for name, one in made]
        return omm_json(fields) if as_json else "\n".join(omm_kvn(each) for each in fields)
    return "".join(f"{name}\n" + "\n".join(two_lines(one)) + "\n" for name, one in made)
