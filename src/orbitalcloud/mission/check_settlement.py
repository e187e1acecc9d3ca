"""What `[settlement]`, `[purse]` and their faults cannot know by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from orbitalcloud.mission.faults import Fault, ForgedProposal, LyingSatellite, RogueOwners
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems, did_you_mean
from orbitalcloud.mission.types import Mission

IN_PROCESS = "in-process"
MIN_S, HOUR_S = 60, 3600


def check_settlement(mission: Mission, satellites: Sequence[str], stations: Sequence[str], problems: Problems) -> None:
    """Note what does not fit together."""
    settled, purse, chain = mission.settlement, mission.purse, mission.ethereum
    for key, one in (("settlement", settled), ("purse", purse)):
        if one is not None and (chain is None or chain.chain != IN_PROCESS or chain.verified_state is False):
            remedy = "it is proved on the in-process chain: add [ethereum] with it, and leave verified_state on"
            problems.add((key,), "no in-process chain with proofs", remedy)
    if settled is not None:
        _known(settled.office, stations, ("settlement", "office"), problems)
        if settled.penalty_gwei > settled.stake_gwei:
            remedy = f"choose at most stake_gwei, {settled.stake_gwei}"
            problems.add(("settlement", "penalty_gwei"), settled.penalty_gwei, remedy)
        if settled.window_min * MIN_S >= settled.delay_h * HOUR_S:
            remedy = "choose less than delay_h: a liar must not be gone before it can be told on"
            problems.add(("settlement", "window_min"), settled.window_min, remedy)
        if settled.quorum >= len(satellites):
            remedy = f"choose at most {len(satellites) - 1}: nobody judges its own work"
            problems.add(("settlement", "quorum"), settled.quorum, remedy)
    if purse is not None:
        _known(purse.satellite, satellites, ("purse", "satellite"), problems)
        _known(purse.station, stations, ("purse", "station"), problems)
    for index, item in enumerate(mission.cosign):
        path: Path = ("cosign", index)
        if purse is None:
            problems.add(path, "no [purse]", "add a [purse]: there is nothing to sign for")
        _known(item.station, stations, (*path, "station"), problems)
        if item.at_h >= mission.days * 24:
            problems.add((*path, "at_h"), item.at_h, f"choose less than the mission's {mission.days * 24:g} h")


def check_settlement_fault(
    fault: Fault, path: Path, mission: Mission, stations: Sequence[str], problems: Problems
) -> None:
    """Note what a fault of this part lacks."""
    if isinstance(fault, LyingSatellite) and mission.settlement is None:
        problems.add(path, "no [settlement]", "add a [settlement]: nobody would pay for the lie")
    if isinstance(fault, ForgedProposal | RogueOwners):
        _known(fault.station, stations, (*path, "station"), problems)
        if mission.purse is None or mission.purse.satellite != fault.target:
            problems.add((*path, "target"), fault.target, "name the satellite that holds a key of the [purse]")


def _known(name: str, names: Sequence[str], path: Path, problems: Problems) -> None:
    if name not in names:
        problems.add(path, name, did_you_mean(name, names))
