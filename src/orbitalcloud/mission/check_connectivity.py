"""What `[connectivity]`, `[[terminal]]` and `[[flow]]` cannot know by themselves: places, references, rates."""

from __future__ import annotations

from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.cities import cities
from orbitalcloud.mission.connectivity import ANY_STATION, Connectivity, Flow, Terminal
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems, did_you_mean
from orbitalcloud.mission.types import Mission

_WAYS = {"isl": ("isl_mbps",), "user": ("user_up_mbps", "user_down_mbps")}
_WAYS["gateway"] = ("gateway_up_mbps", "gateway_down_mbps")
_SIMILAR = 'air = the site with the most similar climate, such as "singapore"'


def check_connectivity(mission: Mission, problems: Problems) -> None:
    """Note what cannot be of a mission's flows."""
    taken = {one.name for one in mission.station}
    for index, terminal in enumerate(mission.terminal):
        _terminal(terminal, ("terminal", index), taken, problems)
        taken.add(terminal.name)
    names: set[str] = set()
    for index, flow in enumerate(mission.flow):
        path: Path = ("flow", index)
        if mission.connectivity is None:
            problems.add(path, "no [connectivity]", "add a [connectivity] table: it says what carries the flows")
        _flow(flow, path, mission, taken, problems)
        if name_of(flow) in names:
            problems.add(path, name_of(flow), "name it otherwise: another flow has this name")
        names.add(name_of(flow))
    if mission.connectivity is not None:
        _network(mission.connectivity, mission, problems)
        _air(mission.connectivity, mission, problems)


def name_of(flow: Flow) -> str:
    """A flow's own name, or its ends."""
    return flow.name or f"{flow.source}-{flow.destination}"


def _terminal(one: Terminal, path: Path, taken: set[str], problems: Problems) -> None:
    if one.name in taken or one.name == ANY_STATION:
        problems.add((*path, "name"), one.name, "choose another name: it is taken")
    by_place = one.latitude_deg is not None and one.longitude_deg is not None
    half = (one.latitude_deg is None) != (one.longitude_deg is None)
    if half or by_place == (one.city is not None):
        problems.add(path, one.name, "give either a city, or latitude_deg and longitude_deg")
    if one.city is not None and one.city not in cities():
        problems.add((*path, "city"), one.city, did_you_mean(one.city, cities()))
    if one.air is not None and one.air not in catalogue().stations:
        problems.add((*path, "air"), one.air, did_you_mean(one.air, catalogue().stations))


def _flow(one: Flow, path: Path, mission: Mission, places: set[str], problems: Problems) -> None:
    for key in ("source", "destination"):
        end = getattr(one, key)
        if key == "destination" and end == ANY_STATION:
            if not mission.station:
                problems.add((*path, key), end, "add a [[station]]: there is none that could be any")
        elif end not in places and end not in cities():
            known = [*sorted(places), *([ANY_STATION] if key == "destination" else []), *cities()]
            problems.add((*path, key), end, did_you_mean(end, known))
    if one.source == one.destination:
        problems.add((*path, "destination"), one.destination, "choose another place than the source")


def _network(one: Connectivity, mission: Mission, problems: Problems) -> None:
    path: Path = ("connectivity",)
    if one.topology == "+grid" and all(satellite.walker is None for satellite in mission.satellite):
        problems.add((*path, "topology"), "+grid", 'needs a satellite with walker = { … }; "free" does not')
    for kind, keys in _WAYS.items():
        _rates(one, kind, keys, mission, problems)


def _rates(one: Connectivity, kind: str, keys: tuple[str, ...], mission: Mission, problems: Problems) -> None:
    """A rate by hand for each way, or a radio of the catalogue that has one."""
    name: str | None = getattr(one, f"{kind}_radio")
    missing = [key for key in keys if getattr(one, key) is None]
    path: Path = ("connectivity",)
    if name is None:
        idle = kind == "isl" and one.topology == "none"
        if missing and not idle and (kind != "gateway" or mission.station):
            problems.add(path, f"no {missing[0]}", f"give {' and '.join(missing)}, or {kind}_radio")
        return
    radio = catalogue().links.get(name)
    if radio is None:
        problems.add((*path, f"{kind}_radio"), name, did_you_mean(name, catalogue().links))
        return
    for key in missing:
        way = _way(kind, key)
        if getattr(radio, way) is None and getattr(radio, f"{way}_kbps") <= 0:
            problems.add((*path, f"{kind}_radio"), name, f"this radio has no way {way}: give {key} beside it")


def _way(kind: str, key: str) -> str:
    """A rate's direction as the catalogue's radios name it."""
    return {"isl_mbps": "across"}.get(key, key.removeprefix(f"{kind}_").removesuffix("_mbps"))


def _budgeted(one: Connectivity, kind: str) -> bool:
    """Whether a rate of these places is a budget's, and so depends on the air over them."""
    radio = catalogue().links.get(getattr(one, f"{kind}_radio") or "")
    missing = [key for key in _WAYS[kind] if getattr(one, key) is None]
    return radio is not None and any(getattr(radio, _way(kind, key)) is not None for key in missing)


def _air(one: Connectivity, mission: Mission, problems: Problems) -> None:
    """A budget through the air needs to know which air: that of every place that a path may begin, end or pass at."""
    ends = {place for flow in mission.flow for place in (flow.source, flow.destination)}
    if _budgeted(one, "gateway"):
        for index, station in enumerate(mission.station):
            passed = one.relays or ANY_STATION in ends or station.name in ends
            if passed and not (station.air or station.site):
                problems.add(("station", index), station.name, f"gateway_radio has a budget: give {_SIMILAR}")
    if not _budgeted(one, "user"):
        return
    for index, terminal in enumerate(mission.terminal):
        if terminal.name in ends and not terminal.air:
            problems.add(("terminal", index), terminal.name, f"user_radio has a budget: give {_SIMILAR}")
    named = {one.name for one in mission.station} | {one.name for one in mission.terminal}
    for index, flow in enumerate(mission.flow):
        for key in ("source", "destination"):
            place = getattr(flow, key)
            if place not in named and place in cities():
                remedy = f'user_radio has a budget: make it a [[terminal]] with city = "{place}" and {_SIMILAR}'
                problems.add(("flow", index, key), place, remedy)
