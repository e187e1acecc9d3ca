"""`orbital net emulate`, `exec`, `list` and `clean`: a mission's links under real programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.core import SECOND, Contact, DataError, Instant, iso
from orbitalcloud.live import emulations, entering, namespaces

if TYPE_CHECKING:
    from orbitalcloud.live.emulator import Emulator
    from orbitalcloud.twin.addresses import Address
    from orbitalcloud.twin.emulation import Pace
    from orbitalcloud.twin.packets import PacketNetwork

MARGIN_NS = 60 * SECOND
"""Contacts are found this much beyond the end, so that the last packet has somewhere to go."""
SHOWN_LINKS = 20
SHOWN_WAYS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be emulated, as the options say it."""

    mission: str
    nodes: Sequence[str]
    at: str
    length: str
    speed: float
    space_only: bool
    unprivileged: bool


def emulate(plan: Plan, on: str, command: list[str], as_json: bool) -> int:
    """Emulate until the time is over, the command has ended, or somebody stops it."""
    folder = emulations.home()
    rights = namespaces.rights(plan.unprivileged)
    if rights == "user":
        namespaces.enter_own_user_namespace()  # before numpy starts its threads
    for gone in emulations.clean(folder):
        output.say(f"removed {gone}, which an emulation left that was killed")

    from orbitalcloud.cli.posting import duration_ns
    from orbitalcloud.live.emulator import Emulator, end, stop_file
    from orbitalcloud.mission import load
    from orbitalcloud.twin.addresses import Directory, addresses, hosts_table
    from orbitalcloud.twin.emulation import SPEEDS, Pace, chosen_nodes, packet_network
    from orbitalcloud.twin.users import connected

    (loaded, silent), length_ns = connected(load(plan.mission), plan.nodes), duration_ns(plan.length, "--for")
    if not SPEEDS[0] <= plan.speed <= SPEEDS[1]:
        raise DataError("--speed", plan.speed, f"give {SPEEDS[0]:g} to {SPEEDS[1]:g}")
    pace = Pace(Instant(loaded.starts + duration_ns(plan.at, "--at")), plan.speed)
    length_ns = min(length_ns, pace.clock(loaded.ends) - pace.begins)
    if length_ns <= 0:
        remedy = f"the mission lasts from {iso(loaded.starts)} to {iso(loaded.ends)}: begin within it"
        raise DataError("--at", iso(pace.begins), remedy)
    until = pace.mission(Instant(pace.begins + length_ns))
    known = addresses(chosen_nodes(loaded, plan.nodes))
    chosen = on or known[0].node
    if chosen not in [one.node for one in known]:
        raise DataError("--on", chosen, "choose one of " + ", ".join(one.node for one in known[:40]))

    shown = {one.node for one in known}

    def watch(at: Instant, contact: Contact, opens: bool) -> None:
        if contact.sender in shown and contact.receiver in shown:
            _tell_contact(pace, at, contact, opens, as_json)

    network = packet_network(loaded, pace, Instant(until + MARGIN_NS), plan.space_only, watch=watch, silent=silent)
    with stop_file() as stop, _attached(folder, loaded.mission.name, rights, known, hosts_table(known)) as made:
        nodes, running = made
        _tell_begin(running, pace, as_json)
        _tell_ways(network, pace.begins, chosen, known, as_json)
        emulator = Emulator(network, Directory(known), nodes, pace.begins)
        line = entering.command_line(folder, running.process, chosen, command)
        # a group of its own, so that all of it can be ended; at a terminal that would take the keyboard from it
        child = subprocess.Popen(line, process_group=None if sys.stdin.isatty() else 0) if command else None
        try:
            emulator.run(length_ns, stop, child)
        finally:
            code = end(child) if child is not None else 0
        _tell_end(emulator, as_json)
        left = [one for one in emulations.inside([one.file for one in nodes]) if one != os.getpid()]
    if left:
        output.say(f"still running, now without a network: processes {', '.join(map(str, left))}")
    return code if code >= 0 else 128 - code


@contextmanager
def _attached(
    folder: Path, mission: str, rights: namespaces.Rights, known: Sequence[Address], hosts: str
) -> Iterator[tuple[list[namespaces.Namespace], emulations.Running]]:
    """The namespaces, registered; whatever happens, nothing of them is left."""
    from orbitalcloud.twin.addresses import BITS_4, BITS_6

    nodes: list[namespaces.Namespace] = []
    process = os.getpid()
    try:
        for one in known:
            nodes.append(namespaces.make(one.node, str(one.ipv4), BITS_4, str(one.ipv6), BITS_6))
        places = [
            emulations.Place(
                one.node,
                str(one.ipv4),
                str(one.ipv6) if made.has_ipv6 else "",
                made.file,
                f"orb-{process}-{one.node}" if rights == "root" else "",
            )
            for one, made in zip(known, nodes, strict=True)
        ]
        running = emulations.Running(process, emulations.process_start(process), mission, rights, tuple(places))
        emulations.register(folder, running, hosts)
        yield nodes, running
    finally:
        emulations.clean(folder, process)
        for namespace in nodes:
            namespace.close()


def execute(node: str, command: list[str], process: int | None) -> int:
    """Become the program, in the node."""
    folder = emulations.home()
    entering.enter(folder, emulations.chosen(folder, process), node)
    entering.become(command)


def listed(as_json: bool) -> int:
    """What runs. Exit 1 where nothing does."""
    alive = [one for one in emulations.known(emulations.home()) if one.alive]
    if as_json:
        output.data([msgspec.to_builtins(one) for one in alive])
    else:
        for one in alive:
            print(f"{one.mission}: process {one.process}")
            _tell_places(one)
    return 0 if alive else 1


def clean(as_json: bool) -> int:
    """Remove what is stale."""
    removed = emulations.clean(emulations.home())
    if as_json:
        output.data({"removed": removed})
    else:
        for place in removed:
            print(place)
        output.say(f"{len(removed)} removed")
    return 0


# Words ----------------------------------------------------------------------------------------------------------------


def _tell_begin(running: emulations.Running, pace: Pace, as_json: bool) -> None:
    if as_json:
        output.line({"emulation": msgspec.to_builtins(running), "begins": iso(pace.begins), "speed": pace.speed})
        return
    how = "as root" if running.rights == "root" else "in a user namespace"
    output.say(f"{running.mission} from {iso(pace.begins)} at speed {pace.speed:g}, {how}; Ctrl-C stops it")
    _tell_places(running)
    output.say("run programs with: orbital net exec NODE -- COMMAND")


def _tell_ways(network: PacketNetwork, at: Instant, chosen: str, known: Sequence[Address], as_json: bool) -> None:
    """How packets go from the first node, or the command's, at the beginning."""
    for one in known[:SHOWN_WAYS]:
        if one.node == chosen:
            continue
        way = network.way(at, chosen, one.node)
        if as_json:
            output.line({"way": way, "from": chosen, "to": one.node})
        else:
            output.say("way: " + " – ".join(way) if way else f"way: none from {chosen} to {one.node} now")


def _tell_places(running: emulations.Running) -> None:
    wide = max(len(one.node) for one in running.places)
    for one in running.places:
        print(f"  {one.node:{wide}}  {one.ipv4:13}  {one.ipv6:10}  {one.name}".rstrip(), flush=True)


def _tell_contact(pace: Pace, at: Instant, contact: Contact, opens: bool, as_json: bool) -> None:
    moment = iso(pace.mission(at), 1)
    if as_json:
        what = {"at": moment, "contact": "opens" if opens else "closes", "from": contact.sender, "to": contact.receiver}
        output.line({**what, "most_bps": contact.rate_bps, "band": contact.band})
    elif contact.sender < contact.receiver and contact.band != "fibre":
        output.say(f"{moment}  {contact.sender} and {contact.receiver} {'meet' if opens else 'part'}")


def _tell_end(emulator: Emulator, as_json: bool) -> None:
    network, late = emulator.network, emulator.late
    mean_us = late.sum_ns / 1000 / late.packets if late.packets else 0.0
    used = {pair: lane for pair, lane in network.lanes.items() if lane.packets or lane.full}
    if as_json:
        links = [
            {
                "from": pair[0],
                "to": pair[1],
                "packets": one.packets,
                "bytes": one.bytes,
                "lost": one.lost,
                "full": one.full,
            }
            for pair, one in sorted(used.items())
        ]
        lateness = {"mean_us": round(mean_us, 1), "worst_us": round(late.worst_ns / 1000, 1), "refused": late.refused}
        output.line({"packets": dict(network.counts), "on_way": network.on_way, "links": links, "late": lateness})
        return
    output.say("packets: " + ", ".join(f"{count} {what}" for what, count in network.counts.items()))
    busiest = sorted(used.items(), key=lambda one: -one[1].bytes)
    for pair, lane in busiest[:SHOWN_LINKS]:
        drops = f", {lane.lost} lost, {lane.full} without room" if lane.lost or lane.full else ""
        output.say(f"  {pair[0]} → {pair[1]}: {lane.packets} packets, {lane.bytes} bytes{drops}")
    output.say(f"handed over {mean_us:.0f} µs after their moment on average, {late.worst_ns / 1e6:.1f} ms at most")
