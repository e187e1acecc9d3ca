"""`orbital net routes`: the routes between two nodes by a mission's contact plan or a file's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from orbitalcloud.cli import output
from orbitalcloud.core import SECOND, Contact, DataError, Instant, iso
from orbitalcloud.core.time import parse_instant
from orbitalcloud.core.why import Why
from orbitalcloud.network.alternatives import alternatives
from orbitalcloud.network.routes import Ask, Routes
from orbitalcloud.network.routing import ContactPlan, Route

REFERENCE = parse_instant("2000-01-01T00:00:00Z")
"""What relative times of a plan file count from: DTN's own epoch (RFC 9171 4.2.6)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as the options say it."""

    at: str
    size_bytes: int
    most: int
    hops: int
    now: bool


def routes(places: Sequence[str], file: Path | None, asked: Question, as_json: bool) -> int:
    """Find and print; exit 1 where there is none, with what binds."""
    if len(places) != (3 if file is None else 2):
        raise DataError("net routes", " ".join(places), "give MISSION FROM TO, or FROM TO and --plan FILE")
    contacts, begins = _mission_plan(places[0]) if file is None else _file_plan(file)
    source, destination = places[-2:]
    names = sorted({name for c in contacts for name in (c.sender, c.receiver)})
    for name in (source, destination):
        if name not in names:
            raise output.choose("node", name, names)
    if source == destination:
        raise DataError("net routes", destination, "give two nodes")
    at = _instant(asked.at, begins)
    found = _found(ContactPlan(contacts), source, destination, at, asked)
    if isinstance(found, Why):
        if as_json:
            output.data({"at": iso(at), "routes": [], "why": {"rule": found.rule, "text": found.text}})
        else:
            output.say(f"no route: {found}")
        return 1
    if as_json:
        output.data({"at": iso(at), "size_bytes": asked.size_bytes, "routes": [_plain(r, w, at) for r, w in found]})
    else:
        _print(found, at, asked.size_bytes)
    return 0


def _mission_plan(mission: str) -> tuple[Sequence[Contact], Instant]:
    from orbitalcloud.mission import load
    from orbitalcloud.twin.world import World

    loaded = load(mission)
    return World(loaded).contacts(), loaded.starts


def _file_plan(file: Path) -> tuple[Sequence[Contact], Instant]:
    from orbitalcloud.cli.nodes import plan_of

    contacts = plan_of(file, REFERENCE)
    return contacts, Instant(min(contact.opens for contact in contacts))


def _instant(text: str, begins: Instant) -> Instant:
    from orbitalcloud.cli.posting import duration_ns

    return parse_instant(text) if "-" in text else Instant(begins + duration_ns(text, "--at"))


def _found(
    plan: ContactPlan, source: str, destination: str, at: Instant, asked: Question
) -> list[tuple[Route, Why]] | Why:
    """The routes, each with its Why: the first beside the second, and so on."""
    whole = Routes(plan, source, asked.size_bytes, 0)
    ask = Ask(destination, asked.size_bytes, hops=asked.hops)
    told = whole.told(at, ask, "now" if asked.now else "soonest")
    if isinstance(told, Why):
        return told
    found = [(told, told.why if asked.now else whole.why(at, ask, told))]
    if asked.now or asked.most == 1:
        return found
    # With a hop limit more are looked for than are shown: those that are too long go.
    listed = alternatives(plan, source, destination, at, asked.size_bytes, asked.most + (asked.hops < 255) * asked.most)
    others = [one for one in listed if one.contacts != told.contacts and len(one.contacts) <= asked.hops]
    late = [(one.arrival - told.arrival) // SECOND for one in others]
    return found + [
        (one, Why(True, "alternative", f"{one.hops}: {s} s after the best", s, 0, "s"))
        for one, s in zip(others[: asked.most - 1], late, strict=False)
    ]


def _times(found: Route, at: Instant, size_bytes: int) -> list[tuple[Instant, Instant]]:
    """(the first bit leaves, the last one arrives) on each contact."""
    here = at
    times = []
    for contact in found.contacts:
        start = Instant(max(here, contact.opens))
        here = Instant(start + contact.serialisation_ns(size_bytes, start) + contact.light_time_ns)
        times.append((start, here))
    return times


def _plain(found: Route, why: Why, at: Instant) -> dict[str, object]:
    return {
        "arrives": iso(found.arrival),
        "delay_s": (found.arrival - at) / SECOND,
        "hops": len(found.contacts),
        "volume_bytes": found.volume_bytes(at),
        "why": {"rule": why.rule, "text": why.text},
        "contacts": [
            {
                "from": c.sender,
                "to": c.receiver,
                "opens": iso(c.opens),
                "closes": iso(c.closes),
                "rate_bps": c.rate_bps,
                "light_time_ms": c.light_time_ns / 1e6,
                "band": c.band,
            }
            for c in found.contacts
        ],
    }


def _print(found: list[tuple[Route, Why]], at: Instant, size_bytes: int) -> None:
    table = Table(title=f"{size_bytes:,} bytes from {iso(at)}")
    for head in ("route", "hop", "from", "to", "leaves", "arrives", "contact closes", "Mbit/s", "light ms", "volume"):
        table.add_column(head, justify="right" if head in ("hop", "Mbit/s", "light ms", "volume") else "left")
    for number, (route, _) in enumerate(found, 1):
        for hop, (c, (leaves, arrives)) in enumerate(zip(route.contacts, _times(route, at, size_bytes), strict=True)):
            cells = (c.sender, c.receiver, iso(leaves), iso(arrives), iso(c.closes), f"{c.rate_at(leaves) / 1e6:g}")
            volume = f"{route.volume_bytes(at):,}" if hop == 0 else ""
            table.add_row(str(number), str(hop + 1), *cells, f"{c.light_time_ns / 1e6:.3f}", volume)
    console = output.console(180)
    with output.tidy(console):
        console.print(table)
        for number, (_, why) in enumerate(found, 1):
            console.print(f"{number}. {why.text}", soft_wrap=True)
