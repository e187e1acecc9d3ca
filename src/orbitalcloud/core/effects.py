"""What a node asks for. The node yields these; the driver carries them out.

The table of what each means under `sim` and `live` is in `docs/design.md`.
"""

from __future__ import annotations

import msgspec

from orbitalcloud.core.records import Entry
from orbitalcloud.core.time import Instant


class Send(msgspec.Struct, frozen=True):
    """Put `frame` on the open contact to `peer`. Frames on one contact leave one after the other, at its rate."""

    peer: str
    frame: bytes


class Wake(msgspec.Struct, frozen=True):
    """Deliver `Fired(timer)` at `at`. A later `Wake` for the same timer replaces the earlier; `at=None` cancels it."""

    at: Instant | None
    timer: str


class Run(msgspec.Struct, frozen=True):
    """Execute the artefact with this digest on `data`; answered by `Finished(run)`.

    Where `modelled_operations` is positive nothing is executed: cost follows from it and the output is
    `modelled_output_bytes` of zeros.
    """

    run: str
    artefact: str
    data: bytes
    throttled: bool
    fuel_limit: int
    memory_limit_bytes: int
    output_limit_bytes: int = 16 * 2**20
    operations_limit: int = 0
    modelled_operations: int = 0
    modelled_integer: bool = False
    modelled_output_bytes: int = 0
    guards: tuple[str, ...] = ()
    """Against silent corruption (`compute.guards`)."""


class Stop(msgspec.Struct, frozen=True):
    """Abandon a run; no `Finished` follows."""

    run: str


class Save(msgspec.Struct, frozen=True):
    """Keep `value` under `key` so that it survives a reboot; None forgets it."""

    key: str
    value: bytes | None

    def __repr__(self) -> str:
        """Without the value: what a node saves may be secret."""
        return f"Save({self.key!r}, {'None' if self.value is None else f'{len(self.value)} bytes'})"


class Erase(msgspec.Struct, frozen=True):
    """Destroy this device key in the board's key store: what is sealed under it is never opened again."""

    slot: str


class Draw(msgspec.Struct, frozen=True):
    """Set the electrical power that the named load takes from the bus, until the next `Draw` of it."""

    load: str
    power_mw: int


class Record(msgspec.Struct, frozen=True):
    """Append `entry` to the Log."""

    entry: Entry


Effect = Send | Wake | Run | Stop | Save | Erase | Draw | Record
