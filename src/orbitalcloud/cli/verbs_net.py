"""The verbs of `orbital net`: what each takes and says of itself. Bodies load when used."""

from __future__ import annotations

from typing import Annotated

import typer

from orbitalcloud.cli.options import Json, Mission, Store, Verbose
from orbitalcloud.cli.verbs_routes import routes

net = typer.Typer(
    name="net",
    help="The constellation as a network for real programs: emulated links, a web proxy; its routes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
net.command()(routes)

Process = Annotated[int | None, typer.Option("--process", help="which emulation [default: the only one]")]
Command = Annotated[list[str] | None, typer.Argument(help="after --: a program to run in a node")]


@net.command()
def emulate(
    mission: Mission,
    command: Command = None,
    on: Annotated[str, typer.Option(help="the node in which the command runs [default: the first]")] = "",
    nodes: Annotated[str, typer.Option(help="those that get a namespace, such as svalbard,awarua")] = "",
    at: Annotated[str, typer.Option(help="when to begin, after the mission's start: 90s, 15m, 12h")] = "0s",
    length: Annotated[str, typer.Option("--for", help="how long, on the real clock")] = "1h",
    speed: Annotated[float, typer.Option(help="how much faster satellites move; delays and rates stay real")] = 1.0,
    space_only: Annotated[bool, typer.Option("--space-only", help="without the fibre between stations")] = False,
    unprivileged: Annotated[bool, typer.Option("--unprivileged", help="in a user namespace, even as root")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Run a mission's nodes as network namespaces, joined by links that follow the orbits; any program can use them.

    Needs Linux, /dev/net/tun, and root (CAP_SYS_ADMIN, CAP_NET_ADMIN) or the right to make user namespaces. Ends after
    --for, with the command (whose exit code it takes), or by Ctrl-C, and leaves nothing behind.
    """
    from orbitalcloud.cli import emulating

    wanted = [name for name in nodes.split(",") if name]
    plan = emulating.Plan(mission, wanted, at, length, speed, space_only, unprivileged)
    return emulating.emulate(plan, on, command or [], json)


@net.command(name="exec")
def execute(
    node: Annotated[str, typer.Argument(help="a node of an emulation that runs")],
    command: Annotated[list[str], typer.Argument(help="after --: the program and its arguments")],
    process: Process = None,
    verbose: Verbose = False,
) -> int:
    """Run a program in a node of a running emulation: it sees that node's network, and the others by their names."""
    from orbitalcloud.cli import emulating

    return emulating.execute(node, command, process)


@net.command(name="list")
def listed(json: Json = False, verbose: Verbose = False) -> int:
    """List the emulations of this user that run: nodes, addresses, and their names for `ip netns exec`."""
    from orbitalcloud.cli import emulating

    return emulating.listed(json)


@net.command()
def clean(json: Json = False, verbose: Verbose = False) -> int:
    """Remove what killed emulations left behind (names that begin with orb-PID-; nothing else is touched)."""
    from orbitalcloud.cli import emulating

    return emulating.clean(json)


@net.command()
def proxy(
    gateway: Annotated[str, typer.Argument(help="where requests go: dtn://bob/web")],
    store: Store,
    listen: Annotated[str, typer.Option(help="where clients come in")] = "127.0.0.1:8118",
    patience: Annotated[str, typer.Option(help="how long a client is kept waiting: 30s, 10m, 2h")] = "10m",
    lifetime: Annotated[str, typer.Option(help="how long a request and its answer may travel")] = "1d",
    priority: Annotated[int, typer.Option(min=0, max=23, help="of the request's bundle; larger is more urgent")] = 2,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """A web proxy (http_proxy=…) whose requests travel as bundles from the node on --store to a gateway and back."""
    from orbitalcloud.cli import proxying

    return proxying.proxy(gateway, store, listen, patience, lifetime, priority, json)


@net.command()
def gateway(
    store: Store,
    allow: Annotated[list[str], typer.Option(help="an origin that may be fetched from: http://127.0.0.1:8000")],
    service: Annotated[str, typer.Option(help="the service that requests are sent to")] = "web",
    most_kib: Annotated[int, typer.Option(min=1, max=16384, help="the largest body that is sent back")] = 4096,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """The proxy's far end: fetch what bundles to the node on --store ask for, from allowed origins only."""
    from orbitalcloud.cli import proxying

    return proxying.gateway(store, allow, service, most_kib, json)
