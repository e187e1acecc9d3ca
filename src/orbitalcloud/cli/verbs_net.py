"""The verbs of `orbital net`: what each takes and says of itself. Bodies load when used."""

from __future__ import annotations

import typer

from orbitalcloud.cli.verbs_routes import routes

net = typer.Typer(
    name="net",
    help="The constellation as a network: its routes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
net.command()(routes)
