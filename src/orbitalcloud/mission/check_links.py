"""What a `[[link]]` cannot know by itself: which kind its ends make it, and which keys and radios that kind has."""

from __future__ import annotations

from collections.abc import Sequence

from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems, did_you_mean
from orbitalcloud.mission.resolved import Radio
from orbitalcloud.mission.types import Link, Mission

CLASSES = ("satellite", "station")
_GROUND_KEYS = ("up_kbps", "down_kbps", "up", "down")
_SPACE_KEYS = ("across_kbps", "across", "topology", "range_km", "slew_deg_s", "grazing_height_km")


def between_satellites(link: Link, satellites: Sequence[str]) -> bool:
    """Whether both ends are satellites."""
    return all(end == "satellite" or end in satellites for end in link.between)


def check_link(one: Link, path: Path, satellites: Sequence[str], nodes: Sequence[str], problems: Problems) -> None:
    """Note what cannot be of one link."""
    for index, end in enumerate(one.between):
        if end not in CLASSES and end not in nodes:
            problems.add((*path, "between", index), end, did_you_mean(end, [*CLASSES, *nodes]))
    if one.between[0] == one.between[1] and one.between[0] not in CLASSES:
        problems.add((*path, "between"), list(one.between), "name two different nodes")
    radio: Radio | None = None
    if one.radio is not None:
        radio = catalogue().links.get(one.radio)
        if radio is None:
            problems.add((*path, "radio"), one.radio, did_you_mean(one.radio, catalogue().links))
            return
    across = between_satellites(one, satellites)
    kind = "between satellites" if across else "to the ground"
    for key in _GROUND_KEYS if across else _SPACE_KEYS:
        if getattr(one, key) is not None:
            problems.add((*path, key), getattr(one, key), f"leave it out: a link {kind} has no such key")
    if across:
        _check_across(one, radio, path, problems)
    else:
        _check_ground(one, radio, path, problems)
    for key in ("up", "down", "across"):
        change = getattr(one, key)
        if change is not None and (radio is None or getattr(radio, key) is None):
            having = [name for name, item in catalogue().links.items() if getattr(item, key) is not None]
            problems.add(
                (*path, key), one.radio or "no radio", f"choose a radio with a budget {key}: {', '.join(having)}"
            )


def _check_across(one: Link, radio: Radio | None, path: Path, problems: Problems) -> None:
    crossing = [name for name, item in catalogue().links.items() if item.crosses]
    if radio is not None and not radio.crosses and not one.across_kbps:
        remedy = f"this radio talks to the ground: between satellites choose {', '.join(crossing)}, or give across_kbps"
        problems.add((*path, "radio"), one.radio, remedy)
    elif radio is None and (one.band is None or not one.across_kbps):
        remedy = f"between satellites give a radio ({', '.join(crossing)}), or band and across_kbps above zero"
        problems.add(path, "no radio", remedy)
    if one.topology is not None and one.between != ("satellite", "satellite"):
        problems.add((*path, "topology"), one.topology, 'needs between = ["satellite", "satellite"]')


def _check_ground(one: Link, radio: Radio | None, path: Path, problems: Problems) -> None:
    if radio is not None and radio.crosses:
        grounded = [name for name, item in catalogue().links.items() if not item.crosses]
        remedy = f"this terminal is for links between satellites: to the ground choose {', '.join(grounded)}"
        problems.add((*path, "radio"), one.radio, remedy)
    elif radio is None and (one.band is None or one.up_kbps is None or one.down_kbps is None):
        problems.add(path, "no radio", "give a catalogue radio, or all of band, up_kbps and down_kbps")


def check_air(mission: Mission, satellites: Sequence[str], problems: Problems) -> None:
    """A budget through the air, and weather, need to know which air: the station's site, or `air`."""
    book = catalogue()
    sites = ", ".join(book.stations)
    budgeted = {end for link in mission.link if _through_air(link, satellites) for end in link.between}
    for index, station in enumerate(mission.station):
        path: Path = ("station", index)
        if station.air is not None and station.air not in book.stations:
            problems.add((*path, "air"), station.air, did_you_mean(station.air, book.stations))
        if (station.air or station.site) is not None:
            continue
        if mission.environment.weather == "statistical" or budgeted & {"station", station.name}:
            why = "weather" if mission.environment.weather == "statistical" else "a link's budget"
            remedy = f"{why} needs to know the air over it: give air = the site with the most similar climate ({sites})"
            problems.add(path, station.name, remedy)


def _through_air(link: Link, satellites: Sequence[str]) -> bool:
    radio = catalogue().links.get(link.radio or "")
    fixed = link.up_kbps is not None and link.down_kbps is not None
    return radio is not None and not fixed and (radio.up or radio.down) is not None
