"""What happens in the World and to the nodes, as data on the heap: links, light, faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbitalcloud.core import Contact, Instant
from orbitalcloud.network import ContactPlan

if TYPE_CHECKING:
    from orbitalcloud.twin.closures import Closure


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that no node decides."""


@dataclass(frozen=True, slots=True)
class LinkOpens(Happening):
    """A contact begins; `contact.sender` is told. It really ends at `until`, which nobody knows before."""

    contact: Contact
    until: Instant


@dataclass(frozen=True, slots=True)
class LinkCloses(Happening):
    """A contact ends."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class WeatherTurns(Happening):
    """Weather cuts a link of this station, or lets it through again."""

    peer: str
    band: str
    down: bool
    rain_mdb: int
    cloud_mdb: int


@dataclass(frozen=True, slots=True)
class LightTurns(Happening):
    """A satellite crosses an edge of the shadow, into `sunlight`, `penumbra` or `umbra`."""

    phase: str


@dataclass(frozen=True, slots=True)
class AnomalyTurns(Happening):
    """A satellite enters (`inside`) or leaves the South Atlantic Anomaly."""

    inside: bool


@dataclass(frozen=True, slots=True)
class UpsetStrikes(Happening):
    """A particle upsets a device of a satellite, there; `bit` of its memory, −1 where it has none to name.

    The Log is told, and the job that runs is struck (`strikes`). The node does not feel a flipped bit.
    """

    device: str
    effect: str
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    in_anomaly: bool
    bit: int


@dataclass(frozen=True, slots=True)
class NodeRestarts(Happening):
    """Fault: the node restarts."""

    text: str


@dataclass(frozen=True, slots=True)
class StringsFail(Happening):
    """Fault: the satellite's array loses this share of its output for good."""

    text: str
    fraction_ppm: int


@dataclass(frozen=True, slots=True)
class LinksShut(Happening):
    """Fault: a closure begins."""

    closure: Closure


@dataclass(frozen=True, slots=True)
class LinksFree(Happening):
    """It ends."""

    closure: Closure


@dataclass(frozen=True, slots=True)
class NodeLost(Happening):
    """Fault: the node is gone."""


@dataclass(frozen=True, slots=True)
class NodeFound(Happening):
    """It is back, with what it had saved."""


@dataclass(frozen=True, slots=True)
class PlanTurns(Happening):
    """Fault: the node goes by this plan; None: by the mission's again."""

    plan: ContactPlan | None


@dataclass(frozen=True, slots=True)
class LawTurns(Happening):
    """Traffic of others through these stations is forbidden from now on, or allowed again; everybody is told."""

    stations: tuple[str, ...]
    forbidden: bool


@dataclass(frozen=True, slots=True)
class SensorsDue(Happening):
    """The periodic reading of a satellite's sensors is due."""


@dataclass(frozen=True, slots=True)
class FaultBegins(Happening):
    """A fault that acts elsewhere begins, to last until `ends` (0: for good, or a moment): only the Log is told."""

    fault: str
    text: str
    ends: Instant
