"""`orbital node`: run a node of the network on this machine until it is told to end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.core import Contact, DataError, Instant
from orbitalcloud.live.node_config import NodeConfig, load_config

if TYPE_CHECKING:
    from orbitalcloud.live.node_process import Ready


def node(config: Path | None, given: dict[str, object], salvage: bool, as_json: bool) -> int:
    """Run it. `given` are the options, which stand before the file's keys; lists and tables are added to."""
    from orbitalcloud.live.node_process import run_node
    from orbitalcloud.live.wall import WallClock

    chosen = merged(config, given)
    plan = plan_of(Path(chosen.plan), WallClock().now()) if chosen.plan else ()
    asyncio.run(run_node(chosen, lambda ready: _begun(ready, as_json), salvage, plan))
    output.say("stopped; what it keeps is on disk")
    return 0


def plan_of(place: Path, reference: Instant) -> tuple[Contact, ...]:
    """The contacts of a plan file, with the margin that plans of others need; `DataError` names the line.

    A file without a contact is refused: most likely it is another file than was meant.
    """
    from orbitalcloud.cli.reading_files import read_bounded
    from orbitalcloud.network.plan_files import MOST_BYTES, read_plan
    from orbitalcloud.network.routing import with_light_time_margin

    text = read_bounded(place, MOST_BYTES).decode(errors="replace")
    contacts = tuple(with_light_time_margin(read_plan(text, reference)))
    if not contacts:
        raise DataError("--plan", str(place), "a plan with contacts: a contact FROM-TIME TO-TIME NODE NODE BYTES-PER-S")
    return contacts


def merged(config: Path | None, given: dict[str, object]) -> NodeConfig:
    """The configuration file's keys, and those of the options over them."""
    base = load_config(config) if config is not None else NodeConfig()
    chosen: dict[str, object] = {}
    for key, value in given.items():
        if isinstance(value, list):
            chosen[key] = (*getattr(base, key), *value)
        elif isinstance(value, dict):
            chosen[key] = {**getattr(base, key), **value}
        elif value:
            chosen[key] = value
    try:
        return msgspec.convert(
            msgspec.to_builtins(base) | {k.replace("_", "-"): v for k, v in chosen.items()}, NodeConfig
        )
    except msgspec.ValidationError as error:
        raise DataError("orbital node", str(error), "see orbital node --help") from None


def bound(given: list[str]) -> dict[str, str]:
    """The `NAME=KEY` options; `DataError` names one that is none."""
    pairs = [text.partition("=") for text in given]
    for name, _, key in pairs:
        if not name or not key:
            raise DataError("--key", name or key, "write NAME=KEY, with the key as the other node prints it")
    return {name: key for name, _, key in pairs}


def _begun(ready: Ready, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(ready).decode(), flush=True)
        return
    output.say(f"{ready.endpoint} runs on {ready.store}; Ctrl-C stops it")
    output.say(f"  its key is {ready.public_key}")
    for place in ready.listens:
        output.say(f"  listens on {place}")
    for place in ready.peers:
        output.say(f"  calls {place}")
    if ready.stored_bundles or ready.mail:
        output.say(f"  has {ready.stored_bundles} bundles on their way and {ready.mail} letters for its people")
    if ready.cut_bytes:
        output.say(f"  cut {ready.cut_bytes} bytes that were half written when it last ended: nobody was promised them")
    for line in ready.salvaged:
        output.say(f"  lost: {line}")
