"""The verbs of `orbital`: what each takes and says of itself. Bodies load when used, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orbitalcloud.cli.options import Json, Mission, Store, Verbose
from orbitalcloud.cli.verbs_net import net

app = typer.Typer(
    name="orbital",
    help="A cloud whose computers are satellites: check a mission, fly it on the twin, see what happened.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(net)

FlightPath = Annotated[Path | None, typer.Option("--flight", help="a flight's folder [default: the newest]")]
FlightArgument = Annotated[Path | None, typer.Argument(help="a flight's folder [default: the newest]")]
KINDS = (
    "satellites, orbits, stations, contacts, jobs, messages, resilience, bundles, receipts, transactions, notices, "
    "heads, settlement, faults, upsets, strikes, guards or verdicts"
)
Out = Annotated[Path | None, typer.Option("--out", help="where the flight's folder is made")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, max=2**63 - 1, help="instead of the mission's seed")]


@app.callback(invoke_without_command=True)
def orbital(
    context: typer.Context,
    verbose: Verbose = False,
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
) -> None:
    if version:
        from orbitalcloud import __version__

        typer.echo(f"orbital-cloud {__version__}")
        raise typer.Exit


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="the new mission's name; makes NAME.toml and mission.schema.json here")],
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Write a mission to start from."""
    from orbitalcloud.cli import missions

    return missions.init(name, json)


@app.command()
def check(
    mission: Mission,
    cooling: Annotated[bool, typer.Option("--cooling", help="instead, compare kinds of thermal control")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Does it close? Light, watts, kelvins, contacts, dose, lifetime; what binds, and what would relax it."""
    if cooling:
        from orbitalcloud.cli import cooling as comparison

        return comparison.cooling(mission, json)
    from orbitalcloud.cli import missions

    return missions.check(mission, json)


@app.command()
def plan(
    mission: Mission,
    planner: Annotated[
        str, typer.Option(help="greedy, earliest-deadline, look-ahead, priced, ruin-and-recreate or best")
    ] = "best",
    slot_min: Annotated[float, typer.Option(min=0.1, max=1440, help="minutes of a slot: a job takes whole ones")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=10_000_000, help="rounds of search")] = 5000,
    bound: Annotated[bool, typer.Option("--bound/--no-bound", help="say how far from the best possible it is")] = True,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Plan a mission's jobs ahead: who runs what when, why, and an upper bound on what any plan could be worth.

    Exit 1 if a job has no place in it.
    """
    from orbitalcloud.cli import planning

    return planning.plan(mission, planner, slot_min, rounds, bound, json)


@app.command()
def fly(
    mission: Annotated[str | None, typer.Argument(help="a packaged mission or the path of a TOML file")] = None,
    seed: Seed = None,
    out: Out = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with an interrupted flight: its folder, or nothing for the newest")
    ] = False,
    without_faults: Annotated[
        bool, typer.Option("--without-faults", help="fly it in peace: what a flight with faults is compared with")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Fly a mission on the twin; ends with a verdict, a digest and a report."""
    from orbitalcloud.cli import flying

    return flying.fly(mission, seed, out, resume, json, without_faults)


@app.command()
def serve(
    mission: Mission,
    speed: Annotated[float, typer.Option(help="seconds of the mission per real second")] = 1.0,
    seed: Seed = None,
    out: Out = None,
    keys: Annotated[Path | None, typer.Option(help="folder of the boards' device keys, drawn if missing")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Let a mission happen against the real clock, with the same nodes (live driver)."""
    from orbitalcloud.cli import flying

    return flying.serve(mission, speed, seed, out, keys, json)


@app.command()
def report(
    flight: FlightArgument = None,
    against: Annotated[
        Path | None, typer.Option(help="a flight of the same mission in peace: delivery and delay beside its own")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Make the flight's report: one self-contained HTML file."""
    from orbitalcloud.cli import seeing

    return seeing.report(flight, against, json)


@app.command()
def get(
    kind: Annotated[str, typer.Argument(help=KINDS)],
    name: Annotated[str | None, typer.Argument(help="one of them, or how its name begins")] = None,
    flight: FlightPath = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="print data as CSV")] = False,
    store: Annotated[
        Path | None, typer.Option("--store", help="of the node that runs here: node, links, bundles, mail or events")
    ] = None,
    verbose: Verbose = False,
) -> int:
    """List what a flight had, or a running node has; one by name tells its story (a job says why it waited)."""
    if store is not None:
        from orbitalcloud.cli import node_status

        return node_status.get(kind, name, store, json)
    from orbitalcloud.cli import seeing

    return seeing.get(kind, name, flight, json, csv)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="only entries of this node")] = None,
    flight: FlightPath = None,
    kind: Annotated[str | None, typer.Option(help="only entries of this kind, such as job-finished")] = None,
    last: Annotated[int | None, typer.Option("--last", "-n", min=1, help="only the last N")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on as the flight goes on")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Print the Log, an entry a line."""
    from orbitalcloud.cli import reading

    return reading.logs(name, flight, kind, last, follow, json)


@app.command()
def verify(
    things: Annotated[
        list[Path], typer.Argument(help="a receipt (receipts/JOB.json); or light-client updates (.ssz) and proofs")
    ],
    key: Annotated[str | None, typer.Option(help="the satellite's public key, if you know whose it must be")] = None,
    output: Annotated[Path | None, typer.Option(help="the result that the receipt is for")] = None,
    execute: Annotated[bool, typer.Option("--execute", help="run the job again and compare")] = False,
    artefact: Annotated[Path | None, typer.Option(help="with --execute: the model or module")] = None,
    data: Annotated[Path | None, typer.Option("--input", help="with --execute: the job's input")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="updates: where trust starts (a file, packaged:NAME)")] = None,
    checkpoint: Annotated[str | None, typer.Option(help="updates: the block root (0x…) of --bootstrap")] = None,
    root: Annotated[str | None, typer.Option(help="proofs: a state root (0x…) that you trust")] = None,
    at: Annotated[str | None, typer.Option(help="updates: judge slots at this UTC time [default: now]")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Check a receipt (signature, key, result, by execution), light-client updates or account proofs.

    Exit 0 if it holds, 1 if not.
    """
    from orbitalcloud.cli import verifying, verifying_ethereum

    if any(verifying_ethereum.is_ethereum(thing) for thing in things):
        trust = verifying_ethereum.Trust(bootstrap, checkpoint, root, at)
        return verifying_ethereum.verify(things, trust, json)
    return verifying.verify(things, key, output, execute, artefact, data, json)


@app.command()
def export(
    flight: FlightArgument = None,
    form: Annotated[str, typer.Option("--as", help="czml, oem, omm, tle, ion, csv or parquet")] = "czml",
    satellite: Annotated[str, typer.Option(help="for oem, omm, tle: which [default: the only one, or all]")] = "",
    kind: Annotated[str, typer.Option(help="for csv: telemetry, or a kind that `get` lists")] = "telemetry",
    out: Annotated[Path | None, typer.Option("--out", help="a file [default: stdout; parquet needs one]")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Write a flight for other tools."""
    from orbitalcloud.cli import seeing

    return seeing.export(flight, form, satellite, kind, out, json)


@app.command()
def wallet(
    action: Annotated[str, typer.Argument(help="new, address, sign or wipe")],
    file: Annotated[Path, typer.Argument(help="a keystore V3 file")],
    what: Annotated[str | None, typer.Argument(help="sign: a transaction as JSON; wipe: SATELLITE:ADDRESS")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Keystores on the ground: make one, show its address, sign a transaction or an operator's order to wipe.

    The password is asked for, or read from ORBITAL_PASSWORD.
    """
    from orbitalcloud.cli import wallets

    return wallets.wallet(action, file, what, json)


@app.command()
def node(
    config: Annotated[Path | None, typer.Option("--config", help="a TOML file with the same keys as these")] = None,
    store: Annotated[str, typer.Option("--store", envvar="ORBITAL_STORE", help="its folder [default: node]")] = "",
    name: Annotated[str, typer.Option(help="alice, dtn://alice/ or ipn:5.0 [default: follows from its key]")] = "",
    listen: Annotated[list[str] | None, typer.Option(help="where neighbours come in: tcpcl://127.0.0.1:4556")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="a neighbour to call: tcpcl://host:4556")] = None,
    route: Annotated[list[str] | None, typer.Option(help="NODE via NEIGHBOUR, for who is no neighbour")] = None,
    plan: Annotated[str, typer.Option(help="a contact-plan file, for routes of several hops")] = "",
    tls: Annotated[str, typer.Option(help="keys (see --config) or files (the three PEM files)")] = "",
    tls_certificate: Annotated[str, typer.Option(help="PEM: our certificate chain")] = "",
    tls_key: Annotated[str, typer.Option(help="PEM: its key")] = "",
    tls_authority: Annotated[str, typer.Option(help="PEM: whose signature neighbours must show")] = "",
    require_tls: Annotated[bool, typer.Option("--require-tls", help="turn away neighbours without TLS")] = False,
    key: Annotated[list[str] | None, typer.Option(help="NAME=KEY: who signs by a name that is not its key")] = None,
    security: Annotated[str, typer.Option(help="of its bundles: signed, sealed or none [default: signed]")] = "",
    rule: Annotated[list[str] | None, typer.Option(help="SOURCE LEVEL: what is asked of others: 'ipn:* none'")] = None,
    secret: Annotated[str, typer.Option(help="a file of 64 hex digits, for sealed")] = "",
    tolerate: Annotated[list[str] | None, typer.Option(help="a breach of RFC 9171 to let pass: primary-crc")] = None,
    log: Annotated[str, typer.Option(help="a file for the node's Log, a JSON line an entry")] = "",
    salvage: Annotated[bool, typer.Option("--salvage", help="open a damaged store without what is damaged")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Run a node of the network here, its memory on disk, until Ctrl-C or SIGTERM."""
    from orbitalcloud.cli import nodes

    files = {"tls_certificate": tls_certificate, "tls_key": tls_key, "tls_authority": tls_authority}
    lists = {"listen": listen or [], "peers": peer or [], "routes": route or [], "rules": rule or []}
    lists["tolerate"] = tolerate or []
    bound = {"keys": nodes.bound(key or []), "security": security, "secret": secret}
    given = {"store": store, "name": name, "plan": plan, "tls": tls, "require_tls": require_tls, "log": log}
    return nodes.node(config, {**given, **files, **bound, **lists}, salvage, json)


@app.command()
def send(
    destination: Annotated[str, typer.Argument(help="an endpoint: dtn://bob/inbox, ipn:2.1")],
    file: Annotated[Path | None, typer.Argument(help="what to send [default: standard input]")] = None,
    store: Store = Path("node"),
    text: Annotated[str | None, typer.Option(help="send this text instead of a file")] = None,
    lifetime: Annotated[str, typer.Option(help="how long it may take: 90s, 15m, 12h, 7d")] = "1d",
    priority: Annotated[int, typer.Option(min=0, max=23, help="larger is more urgent")] = 1,
    service: Annotated[str, typer.Option(help="our service, where answers go")] = "",
    stream: Annotated[str, typer.Option(help="with --number: a number of a stream is sent once, however often")] = "",
    number: Annotated[int, typer.Option(min=0, help="the letter's number in its stream")] = 0,
    reports: Annotated[
        bool, typer.Option("--reports", help="ask each node on the way for status reports: see `get events BUNDLE`")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Hand a letter to the node on --store; when this ends with 0 it is on that node's disk, and will be brought."""
    from orbitalcloud.cli import posting

    return posting.send(store, destination, file, text, lifetime, priority, service, stream, number, reports, json)


@app.command()
def recv(
    service: Annotated[str, typer.Argument(help="whose mail: inbox for dtn://node/inbox, 1 for ipn:node.1")],
    store: Store = Path("node"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="take so many letters")] = 1,
    wait: Annotated[float, typer.Option(min=0, help="seconds to wait for them")] = 10.0,
    out: Annotated[Path | None, typer.Option("--out", help="a folder: a file a letter, named by its number")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="show only: the node goes on keeping them")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Take mail from the node on --store; it forgets a letter when it has been written out."""
    from orbitalcloud.cli import posting

    return posting.recv(store, service, count, wait, out, keep, json)


@app.command()
def ping(
    destination: Annotated[str, typer.Argument(help="a node: dtn://bob/ or ipn:2.2047")],
    store: Store = Path("node"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="how often")] = 4,
    interval: Annotated[float, typer.Option(min=0, help="seconds between two")] = 1.0,
    wait: Annotated[float, typer.Option(min=0, help="seconds to wait for each")] = 10.0,
    size: Annotated[int, typer.Option(min=8, max=1 << 20, help="bytes of payload")] = 64,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Send bundles to a node's echo and time them. Exit 0 if one came back, 1 if none."""
    from orbitalcloud.cli import posting

    return posting.ping(store, destination, count, interval, wait, size, json)


@app.command()
def trace(
    destination: Annotated[str, typer.Argument(help="a node: dtn://bob/")],
    store: Store = Path("node"),
    wait: Annotated[float, typer.Option(min=0, help="seconds to wait for it to get there")] = 30.0,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Show the nodes that a bundle passes on its way to another, and when. Exit 0 if it was reached, 1 if not."""
    from orbitalcloud.cli import posting

    return posting.trace(store, destination, wait, json)


@app.command()
def flows(
    mission: Mission,
    out: Annotated[Path | None, typer.Option("--out", help="also write a self-contained HTML page there")] = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="print every flow at every instant as CSV")] = False,
    verbose: Verbose = False,
) -> int:
    """What the network does for the mission's flows: round trips, fair rates, availability, handovers, coverage.

    With its links between satellites, and without them. Exit 1 where a flow never finds a path.
    """
    from orbitalcloud.cli import connectivity

    return connectivity.flows(mission, out, json, csv)


@app.command()
def job(
    action: Annotated[str, typer.Argument(help="check, run or prepare")],
    thing: Annotated[Path, typer.Argument(help="a job's manifest (TOML); check, prepare: or an artefact")],
    mission: Annotated[str | None, typer.Option(help="check: price the bytes at this mission's rates")] = None,
    data: Annotated[list[Path] | None, typer.Option("--input", help="check, prepare of an artefact: its input")] = None,
    labels: Annotated[list[Path] | None, typer.Option("--labels", help="prepare: classes of each input")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="run: outputs' folder; prepare: the new model")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """What a job will cost before it is sent (check), what it does here, in a process of its own (run); and a float
    model made one of integers, whose result every machine repeats (prepare).

    Refused with the reason: what is no model or module, does not fit its input, or is due already.
    """
    from orbitalcloud.cli import jobs

    return jobs.job(action, thing, mission, data or [], labels or [], out, json)


@app.command()
def submit(
    manifest: Annotated[Path, typer.Argument(help="a job's manifest (TOML)")],
    mission: Annotated[str, typer.Option(help="a packaged mission or the path of a TOML file")] = "genesis-1",
    at: Annotated[str | None, typer.Option("--at", help="a station [default: the mission's first]")] = None,
    hour: Annotated[float, typer.Option("--hour", min=0, help="hours after the mission's epoch")] = 0.0,
    seed: Seed = None,
    out: Out = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Add a job to a mission and fly it on the twin; ends with what each run cost. Exit 1 if a result is missing."""
    from orbitalcloud.cli import jobs

    return jobs.submit(manifest, mission, at, hour, seed, out, json)


@app.command()
def calibrate(
    name: Annotated[str, typer.Argument(help="the entry's name")] = "this-machine",
    active_w: Annotated[float | None, typer.Option(min=0.001, help="what an instrument says at work")] = None,
    idle_w: Annotated[float | None, typer.Option(min=0, help="what an instrument says when idle")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="write the entry there, for a mission to name")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Measure this machine as an accelerator: operations and fuel a second, watts if it tells."""
    from orbitalcloud.cli import jobs

    return jobs.calibrate(name, active_w, idle_w, out, json)


@app.command()
def doctor(json: Json = False, verbose: Verbose = False) -> int:
    """Look at the environment: versions, dates of tables, room on the disk, compiled kernels."""
    from orbitalcloud.cli import environment

    return environment.doctor(json)
