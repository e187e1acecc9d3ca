"""What a node is told. The driver makes these; `node.handle(now, event)` consumes them.

All are frozen structs of integers, text and bytes. Physical readings are scaled integers (unit last in the name), so
that nothing a node decides depends on how a machine rounds.
"""

from __future__ import annotations

import msgspec

from orbitalcloud.core.contact import Contact

ALL_POWERED = 4
"""Classes of loads: platform, heating, radio, payload, in the order in which they are kept."""


class Readings(msgspec.Struct, frozen=True, gc=False):
    """What a satellite's sensors say at one instant.

    `charge_ppm` state of charge (parts per million of usable capacity); `sunlit_ppm` share of the Sun's disc in view;
    `temperatures_mk` one entry per thermal node, in the order of the satellite's description; position is geodetic.
    `powered` is how many classes of loads the bus has on, the most needed first.
    `dose_urad` is the dosimeter's, since the mission's start (10 nGy, silicon; −1: it has no number).
    """

    charge_ppm: int
    generated_mw: int
    load_mw: int
    sunlit_ppm: int
    temperatures_mk: tuple[int, ...]
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    dose_urad: int = -1
    powered: int = ALL_POWERED


class Started(msgspec.Struct, frozen=True):
    """The node's software starts (first boot or after a reboot) with what it had saved.

    `entropy` is 32 fresh bytes for this boot; a node that has no key yet is born from it. `device_keys` are those of
    the board's key store (`identity`, `wallet`: 32 bytes each), under which secrets lie sealed in what was saved; one
    that was erased is missing.
    """

    saved: dict[str, bytes]
    entropy: bytes
    boot: int
    device_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        """Without what was saved, the entropy and the device keys, which are secret."""
        return f"Started({len(self.saved)} saved keys, boot {self.boot})"


class Fired(msgspec.Struct, frozen=True):
    """A timer that the node had set with `Wake` is due."""

    timer: str


class ContactOpened(msgspec.Struct, frozen=True):
    """This node can now send to `contact.receiver` (it is `contact.sender`)."""

    contact: Contact


class ContactClosed(msgspec.Struct, frozen=True):
    """The opportunity is over; frames on their way still arrive."""

    contact: Contact


class Received(msgspec.Struct, frozen=True):
    """A frame from `peer`: untrusted bytes."""

    peer: str
    frame: bytes


class Sensed(msgspec.Struct, frozen=True):
    """The periodic readings."""

    readings: Readings


class Finished(msgspec.Struct, frozen=True):
    """A `Run` ended. `output` is None exactly when `failure` is not empty.

    `executed` is False where only the cost was modelled. `duration_ns` and `energy_mj` come from the accelerator's
    catalogue entry and the meter (`operations`, `fuel`).
    """

    run: str
    output: bytes | None
    failure: str
    operations: int
    fuel: int
    memory_bytes: int
    duration_ns: int
    energy_mj: int
    executed: bool
    runtime: str = ""
    trips: tuple[tuple[str, str], ...] = ()
    """Guards that saw something, each with what."""


class Commanded(msgspec.Struct, frozen=True):
    """An operator, a mission timeline or an instrument asks for `verb`; `body` is that verb's encoded argument."""

    verb: str
    body: bytes


Event = Started | Fired | ContactOpened | ContactClosed | Received | Sensed | Finished | Commanded
