"""What one field cannot know: names, references, exclusive choices, hours within the mission. Each problem is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orbitalcloud.compute.policies import parse_policy
from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.mission import faults
from orbitalcloud.mission.catalogue import accelerator, catalogue
from orbitalcloud.mission.charge_levels import charge_levels
from orbitalcloud.mission.check_connectivity import check_connectivity
from orbitalcloud.mission.check_links import CLASSES, check_air, check_link
from orbitalcloud.mission.check_settlement import check_settlement, check_settlement_fault
from orbitalcloud.mission.faults import (
    ArrayStringLoss,
    BlackHole,
    BlocksTransactions,
    FrameLoss,
    JurisdictionCut,
    LyingStation,
    Reboot,
    SelectiveDrop,
    StalePlan,
    StationOutage,
    TamperedBundle,
    TamperedUpdate,
)
from orbitalcloud.mission.files import locate, read_bytes
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems, did_you_mean
from orbitalcloud.mission.types import Job, Mission, Satellite, Station
from orbitalcloud.physics.radiation_upsets import devices as radiation_devices

WORKLOAD = "workload:"
WORKLOADS = ("cloud-mask", "water-map", "protein-fitness")
ON_BOARD = "on-board"
IN_PROCESS = "in-process"
PLAY_CHAINS = {1337: "geth --dev", 31337: "anvil", 17000: "Holesky", 560048: "Hoodi", 11155111: "Sepolia"}
"""Chains whose coins are worth nothing. Every key of a flight follows from its seed, and the seed stands in the
mission: whoever has the file can spend what its wallets hold."""
MOST_PAIRS = 1_000_000
"""Pairs of satellite and station: each is two channels in memory."""
_RESERVED = (*CLASSES, "any", ON_BOARD)


def satellite_names(satellite: Satellite) -> list[str]:
    """The satellites that a `[[satellite]]` makes: itself, or the members of its constellation or cluster."""
    if satellite.walker is not None:
        count = satellite.walker.total
    elif satellite.cluster is not None:
        count = satellite.cluster.satellites
    else:
        return [satellite.name]
    return [f"{satellite.name}-{number:03d}" for number in range(1, count + 1)]


FIRST_YEAR, LAST_YEAR = 2001, 2099
"""Bundles count milliseconds from 2000 (RFC 9171), and no Earth rotation table reaches a century ahead."""


class Names:
    """The names that references may use."""

    def __init__(self, mission: Mission) -> None:
        self.satellites = [name for one in mission.satellite for name in satellite_names(one)]
        self.stations = [one.name for one in mission.station]
        self.nodes = [*self.satellites, *self.stations]


def check_values(mission: Mission, problems: Problems, folder: str) -> None:
    """Note everything in `mission` that cannot be flown; orbits are tried by `resolve`."""
    names = Names(mission)
    if not FIRST_YEAR <= mission.epoch.year <= LAST_YEAR:
        problems.add(("epoch",), mission.epoch.isoformat(), f"choose a year from {FIRST_YEAR} to {LAST_YEAR}")
    _unique(mission, names, problems)
    for index, satellite in enumerate(mission.satellite):
        _satellite(satellite, ("satellite", index), problems, folder)
    for index, station in enumerate(mission.station):
        _station(station, ("station", index), problems)
    for index, link in enumerate(mission.link):
        check_link(link, ("link", index), names.satellites, names.nodes, problems)
    check_air(mission, names.satellites, problems)
    check_connectivity(mission, problems)
    for index, job in enumerate(mission.job):
        _job(job, ("job", index), mission, names, problems, folder)
    _messages(mission, names, problems)
    _ethereum(mission, names, problems, folder)
    _transactions(mission, names, problems)
    _wipes(mission, names, problems)
    check_settlement(mission, names.satellites, names.stations, problems)
    _faults(mission, names, problems, folder)


def _unique(mission: Mission, names: Names, problems: Problems) -> None:
    seen: set[str] = set()
    nodes: list[tuple[Path, str, list[str]]] = [
        *((("satellite", i, "name"), one.name, satellite_names(one)) for i, one in enumerate(mission.satellite)),
        *((("station", i, "name"), one.name, [one.name]) for i, one in enumerate(mission.station)),
    ]
    for path, name, made in nodes:
        if name in _RESERVED:
            problems.add(path, name, "choose another: this word has a meaning of its own")
        if seen.intersection(made):
            problems.add(path, name, "choose another: a node already has this name")
        seen.update(made)
    if len(names.satellites) > 20_000:
        problems.add(("satellite",), f"{len(names.satellites)} satellites", "fly at most 20000 in one mission")
    pairs = len(names.satellites) * len(names.stations)
    if pairs > MOST_PAIRS:
        problems.add(("station",), f"{pairs} pairs", f"have at most {MOST_PAIRS} pairs of satellite and station")
    jobs: set[str] = set()
    for index, job in enumerate(mission.job):
        if job.name in jobs:
            problems.add(("job", index, "name"), job.name, "choose another: a job already has this name")
        jobs.add(job.name)


def _one_of(given: Mapping[str, object], path: Path, problems: Problems, what: str) -> None:
    """Exactly one of the keys must be set."""
    present = [key for key, value in given.items() if value is not None]
    if len(present) != 1:
        value = " and ".join(present) if present else "none of them"
        problems.add(path, value, f"give exactly one of {', '.join(given)}: {what}")


def _known(name: str, known: Iterable[str], path: Path, problems: Problems) -> None:
    words = list(known)
    if name not in words:
        problems.add(path, name, did_you_mean(name, words))


def _satellite(one: Satellite, path: Path, problems: Problems, folder: str) -> None:
    book = catalogue()
    _one_of(
        {"orbit": one.orbit, "tle": one.tle, "omm": one.omm, "oem": one.oem, "walker": one.walker},
        path,
        problems,
        "where the satellite flies",
    )
    _known(one.bus, book.buses, (*path, "bus"), problems)
    if one.accelerator is not None:
        _accelerator(one.accelerator, folder, (*path, "accelerator"), problems)
    for index, device in enumerate(one.devices or ()):
        _known(device, radiation_devices(), (*path, "devices", index), problems)
    if one.bus in book.buses:
        nodes = [] if one.own_network else [node.name for node in book.buses[one.bus].heat]
        for name, change in one.heat.items():
            new = (change.heat_capacity_j_per_k, change.hot_limit_c, change.cold_limit_c)
            if name not in nodes and None in new:
                words = (
                    f"{did_you_mean(name, nodes)}; a new node needs heat_capacity_j_per_k, hot_limit_c, cold_limit_c"
                )
                problems.add((*path, "heat", name), name, words)
    if one.sun_axis is not None and not any(one.sun_axis):
        problems.add(
            (*path, "sun_axis"), list(one.sun_axis), "give a direction in body axes: three numbers, not all zero"
        )
    try:
        charge_levels(one)
    except DataError as error:
        problems.add((*path, error.place.split(".", maxsplit=1)[0]), error.value, f"{error.remedy} ({error.place})")
    if one.orbit is not None:
        node = {"ltan": one.orbit.ltan, "raan_deg": one.orbit.raan_deg}
        _one_of(node, (*path, "orbit"), problems, "where the orbit's plane is")
        for key, value in (("eccentricity", one.orbit.eccentricity), ("argp_deg", one.orbit.argp_deg)):
            if one.orbit.frozen and value:
                problems.add((*path, "orbit", key), value, "leave it out: frozen = true finds it")
    if one.cluster is not None and one.orbit is None:
        problems.add((*path, "cluster"), "no orbit", "give the orbit that the cluster flies around")
    if one.oem is not None and one.propagation == "numerical":
        problems.add((*path, "propagation"), one.propagation, "leave it out: an OEM's states are flown as they are")


def _station(one: Station, path: Path, problems: Problems) -> None:
    if one.site is not None:
        _known(one.site, catalogue().stations, (*path, "site"), problems)
        return
    for key, value in (("latitude_deg", one.latitude_deg), ("longitude_deg", one.longitude_deg)):
        if value is None:
            problems.add((*path, key), "missing", "give it in degrees, or a catalogue site")
    if one.jurisdiction is None:
        problems.add((*path, "jurisdiction"), "missing", "say whose law holds there: a two-letter country code")


def _file(name: str, folder: str, path: Path, problems: Problems) -> None:
    try:
        if not locate(name, folder).is_file():
            problems.add(path, name, f"no such file: put it at {locate(name, folder)}, or correct the name")
    except (DataError, OSError) as error:
        problems.add(path, name, str(error))


def _proof(name: str, folder: str, path: Path, problems: Problems, kind: str) -> None:
    """A light-client file must exist and be whole; what it proves is for the satellite to judge."""
    from orbitalcloud.ethereum.codec import decode_bootstrap, decode_update
    from orbitalcloud.ethereum.mainnet import MAINNET

    try:
        data = read_bytes(name, folder, 2**20)
        decode_bootstrap(MAINNET, data) if kind == "bootstrap" else decode_update(MAINNET, data)
    except DataError as error:
        problems.add(path, name, f"{error.value}: {error.remedy}")
    except RemoteProtocolError as error:
        problems.add(path, name, f"not a whole light-client {kind} ({error}): fetch it again")


def _code(name: str, folder: str, path: Path, problems: Problems) -> None:
    """A job's own artefact must be a model or a module that a satellite can run."""
    from orbitalcloud.compute import Artefact

    try:
        Artefact.of(read_bytes(name, folder), name)
    except DataError as error:
        problems.add(path, name, f"{error.value}: {error.remedy}")


def _watched(one: Job, path: Path, problems: Problems) -> None:
    """Guards and verification that cannot be."""
    if len(set(one.guard)) != len(one.guard):
        problems.add((*path, "guard"), ", ".join(one.guard), "name each guard once")
    if one.guard and one.modelled is not None:
        problems.add((*path, "guard"), ", ".join(one.guard), "nothing is executed that could be guarded")
    try:
        parse_policy(one.verify)
    except DataError as error:
        problems.add((*path, "verify"), one.verify, error.remedy)


def _accelerator(name: str, folder: str, path: Path, problems: Problems) -> None:
    """One of the catalogue, or a file that `orbital calibrate` wrote."""
    if not name.endswith(".toml"):
        _known(name, catalogue().accelerators, path, problems)
        return
    try:
        accelerator(name, folder)
    except DataError as error:
        problems.add(path, error.value, f"{error.place}: {error.remedy}")


def _hour(at_h: float, mission: Mission, path: Path, problems: Problems) -> None:
    if at_h >= mission.days * 24:
        problems.add(path, at_h, f"choose less than {mission.days * 24:g}: the mission is over by then")


def _job(one: Job, path: Path, mission: Mission, names: Names, problems: Problems, folder: str) -> None:
    _one_of({"artefact": one.artefact, "modelled": one.modelled}, path, problems, "what the job is")
    times: dict[str, object] = {"every": one.every, "every_min": one.every_min, "at_h": one.at_h}
    _one_of(times, path, problems, "when it comes")
    _watched(one, path, problems)
    if one.submit_at != ON_BOARD:
        _known(one.submit_at, [ON_BOARD, *names.stations], (*path, "submit_at"), problems)
    if one.target != "any":
        _known(one.target, ["any", *names.satellites], (*path, "target"), problems)
    for index, at_h in enumerate(one.at_h or ()):
        _hour(at_h, mission, (*path, "at_h", index), problems)
    _hour(one.start_h, mission, (*path, "start_h"), problems)
    if one.artefact is not None and one.artefact.startswith(WORKLOAD):
        workload = one.artefact.removeprefix(WORKLOAD)
        if workload not in WORKLOADS:
            near = did_you_mean(one.artefact, [WORKLOAD + name for name in WORKLOADS])
            problems.add((*path, "artefact"), one.artefact, near)
    elif one.artefact is not None:
        _code(one.artefact, folder, (*path, "artefact"), problems)
        if not one.input:
            problems.add(path, "no input", "give input = [files]: only a workload brings its own")
    for index, name in enumerate(one.input):
        _file(name, folder, (*path, "input", index), problems)


def _ethereum(mission: Mission, names: Names, problems: Problems, folder: str) -> None:
    chain = mission.ethereum
    if chain is not None:
        if chain.chain != IN_PROCESS and chain.chain_id not in PLAY_CHAINS:
            known = ", ".join(f"{number} ({name})" for number, name in PLAY_CHAINS.items())
            remedy = f"through a URL only chains of play money: {known}; a flight's keys follow from its public seed"
            problems.add(("ethereum", "chain_id"), chain.chain_id, remedy)
        if chain.chain != IN_PROCESS and chain.verified_state:
            remedy = "a JSON-RPC node brings no light-client data: take it out, and settlements are as it says"
            problems.add(("ethereum", "verified_state"), True, remedy)
        _proof(chain.bootstrap, folder, ("ethereum", "bootstrap"), problems, "bootstrap")
        for index, update in enumerate(chain.updates):
            path: Path = ("ethereum", "updates", index)
            _hour(update.at_h, mission, (*path, "at_h"), problems)
            _known(update.station, names.stations, (*path, "station"), problems)
            _proof(update.file, folder, (*path, "file"), problems, "update")
    for index, payment in enumerate(mission.payment):
        path = ("payment", index)
        if chain is None:
            problems.add(path, "no [ethereum]", "add an [ethereum] table: a payment needs a chain")
        _hour(payment.at_h, mission, (*path, "at_h"), problems)
        _known(payment.satellite, names.satellites, (*path, "satellite"), problems)
        _known(payment.station, names.stations, (*path, "station"), problems)
        if payment.access_list and payment.delegate is not None:
            problems.add((*path, "delegate"), payment.delegate, "take the access list out: it is one type or the other")
        if payment.delegate is not None and chain is not None:
            listed = {one.lower() for one in chain.delegates}
            if payment.delegate.lower() not in listed or chain.chain != IN_PROCESS:
                remedy = "list it in [ethereum] delegates (in-process chain): its code will own the account"
                problems.add((*path, "delegate"), payment.delegate, remedy)
        if payment.priority_fee_gwei > payment.max_fee_gwei:
            problems.add(
                (*path, "priority_fee_gwei"),
                payment.priority_fee_gwei,
                f"choose at most max_fee_gwei, {payment.max_fee_gwei}",
            )


def _transactions(mission: Mission, names: Names, problems: Problems) -> None:
    for index, one in enumerate(mission.transaction):
        path: Path = ("transaction", index)
        if mission.ethereum is None:
            problems.add(path, "no [ethereum]", "add an [ethereum] table: a transaction needs a chain")
        if (one.raw is None) == (one.file is None):
            problems.add(path, "raw and file" if one.raw else "neither raw nor file", "give exactly one of them")
        _hour(one.at_h, mission, (*path, "at_h"), problems)
        _known(one.submit_at, names.nodes, (*path, "submit_at"), problems)
        if one.satellite != "any":
            _known(one.satellite, names.satellites, (*path, "satellite"), problems)


def _wipes(mission: Mission, names: Names, problems: Problems) -> None:
    for index, wipe in enumerate(mission.wipe):
        path: Path = ("wipe", index)
        if mission.ethereum is None or mission.ethereum.operator is None:
            problems.add(path, "no operator", 'add operator = "0x…" to [ethereum]: nobody else may wipe a wallet')
        _hour(wipe.at_h, mission, (*path, "at_h"), problems)
        _known(wipe.satellite, names.satellites, (*path, "satellite"), problems)
        _known(wipe.station, names.stations, (*path, "station"), problems)


def _messages(mission: Mission, names: Names, problems: Problems) -> None:
    for index, one in enumerate(mission.message):
        path: Path = ("message", index)
        _known(one.source, names.nodes, (*path, "source"), problems)
        _known(one.to, [name for name in names.nodes if name != one.source], (*path, "to"), problems)
        _hour(one.start_h, mission, (*path, "start_h"), problems)
        if one.end_h is not None and one.end_h <= one.start_h:
            problems.add((*path, "end_h"), one.end_h, f"choose more than start_h, {one.start_h:g}")


def law_of(station: Station) -> str:
    """Whose law holds at a station: its own word, else its catalogue site's."""
    site = catalogue().stations.get(station.site or "")
    return station.jurisdiction or (site.jurisdiction if site is not None else "")


def _faults(mission: Mission, names: Names, problems: Problems, folder: str) -> None:
    for index, fault in enumerate(mission.fault):
        path: Path = ("fault", index)
        _hour(fault.at_h, mission, (*path, "at_h"), problems)
        if isinstance(fault, Reboot | FrameLoss | TamperedBundle | StalePlan | BlackHole | SelectiveDrop):
            targets = names.nodes
        elif isinstance(fault, JurisdictionCut):
            targets = sorted({law_of(station) for station in mission.station})
        elif isinstance(fault, StationOutage | BlocksTransactions | LyingStation):
            targets = names.stations
        else:
            targets = names.satellites
        _known(fault.target, targets, (*path, "target"), problems)
        if isinstance(fault, SelectiveDrop) and fault.to is not None:
            _known(fault.to, names.nodes, (*path, "to"), problems)
        if isinstance(fault, ArrayStringLoss):
            _one_of({"fraction": fault.fraction, "strings": fault.strings}, path, problems, "how much is lost")
        if isinstance(fault, TamperedUpdate):
            _tampered(fault, path, mission, names, problems, folder)
        if isinstance(fault, LyingStation) and (mission.ethereum is None or mission.ethereum.chain != IN_PROCESS):
            remedy = "lies are told of the in-process chain: add an [ethereum] table with it, or take the fault out"
            problems.add(path, "no in-process chain", remedy)
        check_settlement_fault(fault, path, mission, names.stations, problems)
        assert isinstance(fault, faults.Fault), "a new fault?"


def _tampered(
    fault: TamperedUpdate, path: Path, mission: Mission, names: Names, problems: Problems, folder: str
) -> None:
    if mission.ethereum is None:
        problems.add(path, "no [ethereum]", "add an [ethereum] table: nobody would check this update")
    _known(fault.station, names.stations, (*path, "station"), problems)
    _proof(fault.file, folder, (*path, "file"), problems, "update")
    try:
        size = len(read_bytes(fault.file, folder, 2**20))
    except DataError:
        return  # already noted
    if fault.byte >= size:
        problems.add((*path, "byte"), fault.byte, f"choose less than {size}, the file's size")
