"""Options that several groups of verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Mission = Annotated[str, typer.Argument(help="a packaged mission (genesis-1) or the path of a TOML file")]
Json = Annotated[bool, typer.Option("--json", help="print data as JSON")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="show tracebacks")]
Store = Annotated[Path, typer.Option("--store", envvar="ORBITAL_STORE", help="the node's folder")]
