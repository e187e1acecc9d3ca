"""What a flight was, as plain values: the result of folding its Log. Nothing here decides or draws anything.

Times are `Instant` (ns, UTC); every other quantity is SI with its unit last in the name. Instances are frozen: the fold
replaces them as entries come and hands out the last ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.records import (
    EnergyAccount,
    FaultInjected,
    FrameLost,
    FrameRefused,
    GuardTripped,
    HeadAdvanced,
    JobVerified,
    KeyEnded,
    LoadsShed,
    NodeStarted,
    NoticePublished,
    NoticeRefused,
    NoticeTaken,
    PurseStep,
    SafeMode,
    TrustChanged,
    UpdateRefused,
    Upset,
    UpsetStruckJob,
    WeatherOutage,
    WorkStep,
)
from orbitalcloud.core.time import SECOND
from orbitalcloud.core.why import Why

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Header:
    """Which flight this is. `end` is the planned end; `last` the time of the last entry read; `complete` whether the
    Log's own last entry is there.
    """

    mission: str = ""
    mission_digest: str = ""
    seed: int = 0
    software: str = ""
    start: int = 0
    end: int = 0
    last: int = 0
    telemetry_s: int = 0
    entries: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Telemetry of one satellite, columns of equal length n in time order; `temperature_k` is (n, thermal nodes).

    `charge` and `sunlit` are shares from 0 to 1; latitude and longitude are geodetic on WGS84 (ITRS), height above it.
    """

    at_ns: Times
    charge: Floats
    generated_w: Floats
    load_w: Floats
    sunlit: Floats
    temperature_k: Floats
    latitude_deg: Floats
    longitude_deg: Floats
    height_m: Floats
    dose_rad: Floats
    """Since the mission's start, rad(Si); −1 where nobody knows."""

    def __len__(self) -> int:
        return len(self.at_ns)


@dataclass(frozen=True, slots=True)
class LightSpan:
    """`phase` (`sunlight`, `penumbra`, `umbra`) held over [start, end)."""

    phase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BrownOutSpan:
    """The bus was down over [start, end); `recovered` is False where the Log ends first."""

    start: int
    end: int
    unserved_j: float
    recovered: bool


@dataclass(frozen=True, slots=True, eq=False)
class Satellite:
    """One satellite: what it is and what it read. Limits are one per thermal node, in kelvins."""

    name: str
    bus: str
    orbit: str
    period_s: float
    inclination_deg: float
    battery_j: float
    reserve: float
    array_w: float
    thermal_nodes: tuple[str, ...]
    hot_limits_k: tuple[float, ...]
    cold_limits_k: tuple[float, ...]
    payload_node: int
    accelerator: str
    series: Series
    light: tuple[LightSpan, ...] = ()
    brown_outs: tuple[BrownOutSpan, ...] = ()
    starts: tuple[NodeStarted, ...] = ()
    wallet: str = ""
    wallet_born: int = 0
    wallet_wiped: int = 0
    shielding_mm: float = 0.0
    devices: tuple[str, ...] = ()
    anomaly: tuple[tuple[int, int], ...] = ()
    """When it was in the South Atlantic Anomaly: [start, end)."""
    upsets: tuple[Upset, ...] = ()
    safe_modes: tuple[SafeMode, ...] = ()
    sheds: tuple[LoadsShed, ...] = ()
    energy: EnergyAccount | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the ground and whose law holds there."""

    name: str
    latitude_deg: float
    longitude_deg: float
    mask_deg: float
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class Contact:
    """`node` could send to `peer` over [opened, closed or until)."""

    node: str
    peer: str
    band: str
    rate_bps: int
    opened: int
    until: int
    elevation_deg: float
    closed: int = 0
    frames: int = 0
    sent_bytes: int = 0
    capacity_bytes: int = 0
    doppler_hz: int = 0
    doppler_rate_hz_s: int = 0

    @property
    def end(self) -> int:
        return self.closed or self.until

    @property
    def duration_s(self) -> float:
        return (self.end - self.opened) / SECOND


@dataclass(frozen=True, slots=True)
class Hop:
    """One thing that happened to a bundle: `created`, `sent`, `received`, `waits`, `cut`, `dropped`, `delivered`,
    `refused` (it stayed with `peer`); of its source `sent again` (around `peer`), `confirmed` and `unconfirmed`; of its
    destination `came again` (a second sending, dropped); of a relay that drops `swallowed`; and `reported …` (a status
    report on it came to `node` from `peer`)."""

    at: int
    node: str
    what: str
    peer: str = ""
    size_bytes: int = 0
    attempt: int = 0
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle's journey. `parent` names the bundle that this one is a fragment of."""

    name: str
    source: str = ""
    destination: str = ""
    purpose: str = ""
    size_bytes: int = 0
    created: int = 0
    parent: str = ""
    fragments: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()
    delivered: int = 0
    delivered_to: str = ""
    delay_s: float = 0.0
    dropped: int = 0
    dropped_why: Why | None = None
    awaited: bool = False
    """Whether its source waits for word of its delivery, and sends it again without."""
    confirmed: int = 0
    """When its source had the destination's word for it."""
    unconfirmed: int = 0
    """When its source gave up waiting for that."""
    deliveries: int = 0
    """How often it was given to an application: once, or the network is broken."""
    security: str = ""
    """Who signed or sealed it, as judged where it ended; what a node refused it for is among the hops."""

    @property
    def state(self) -> str:
        if self.delivered:
            return "delivered"
        if self.dropped:
            return "dropped"
        said = ("refused", "reported")
        last = next((hop.what for hop in reversed(self.hops) if not hop.what.startswith(said)), "")
        return {"waits": "waiting", "sent": "in flight", "cut": "in fragments", "received": "stored"}.get(
            last, "stored"
        )

    @property
    def waits_why(self) -> Why | None:
        """Why it is not where it should be, in the network's latest words."""
        if self.delivered:
            return None
        said = [hop.why for hop in self.hops if hop.why is not None]
        return said[-1] if said else None


@dataclass(frozen=True, slots=True)
class Said:
    """What a node said about a job: its Why, and until when it holds (0 where that has no meaning)."""

    at: int
    node: str
    why: Why
    until: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One turn of a job on an accelerator; `outcome` is `running`, `finished`, `stopped` or `failed`."""

    node: str
    accelerator: str
    start: int
    expected_s: float
    throttled: bool
    why: Why
    end: int = 0
    outcome: str = "running"
    stopped_why: Why | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job from submission to delivery."""

    job: str
    name: str = ""
    artefact: str = ""
    source: str = ""
    target: str = ""
    input_bytes: int = 0
    submitted: int = 0
    deadline: int = 0
    executed: bool = False
    accepted: tuple[Said, ...] = ()
    refused: tuple[Said, ...] = ()
    deferred: tuple[Said, ...] = ()
    runs: tuple[Run, ...] = ()
    finished: int = 0
    executor: str = ""
    output: str = ""
    output_bytes: int = 0
    operations: int = 0
    fuel: int = 0
    duration_s: float = 0.0
    energy_j: float = 0.0
    throttled: bool = False
    failed: int = 0
    failure: str = ""
    receipt: str = ""
    delivered: int = 0
    delay_s: float = 0.0
    delivered_why: Why | None = None

    @property
    def promised(self) -> int:
        return self.accepted[-1].until if self.accepted else 0

    @property
    def answered(self) -> bool:
        """A result came down and was good: what came for a refused or failed job only says so."""
        return bool(self.delivered and self.delivered_why is not None and self.delivered_why.ok)

    @property
    def late(self) -> bool:
        """A good result after the deadline."""
        return bool(self.answered and self.deadline and self.delivered > self.deadline)

    @property
    def state(self) -> str:
        """One word or two for people: where the job stands."""
        if self.answered:
            return "late" if self.late else "delivered"
        if self.failed:
            return "failed"
        if self.delivered:
            return "refused" if self.refused or not self.finished else "rejected"
        if self.finished:
            return "result on its way"
        latest = max(
            (self.refused[-1].at if self.refused else -1, "refused"),
            (self.deferred[-1].at if self.deferred else -1, "deferred"),
            (self.accepted[-1].at if self.accepted else -1, "planned"),
            (self.runs[-1].end or self.runs[-1].start if self.runs else -1, "running"),
            key=lambda pair: pair[0],
        )
        if latest[0] < 0:
            return "on its way up"
        if latest[1] == "running" and self.runs[-1].outcome == "stopped":
            return "stopped"
        return latest[1]

    @property
    def open(self) -> bool:
        """Whether anything is still to come for it."""
        return self.state not in {"delivered", "late", "failed", "refused", "rejected"}

    @property
    def why(self) -> Why | None:
        """The reason for the state it is in: why it waits, was refused, or was accepted."""
        state = self.state
        if state in {"delivered", "late", "rejected"}:
            return self.delivered_why
        if state == "refused":
            return self.refused[-1].why if self.refused else self.delivered_why
        if state == "deferred":
            return self.deferred[-1].why
        if state == "stopped":
            return self.runs[-1].stopped_why
        return self.accepted[-1].why if self.accepted else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt as its JSON text stands in the Log."""

    digest: str
    job: str
    node: str
    at: int
    receipt: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction from signature to settlement or refusal; wei as exact integers."""

    hash: str
    node: str = ""
    sender: str = ""
    to: str = ""
    value_wei: int = 0
    nonce: int = 0
    chain_id: int = 0
    signed: int = 0
    settled: int = 0
    status: int = 0
    block: int = 0
    gas_used: int = 0
    chain: str = ""
    signed_slot: int = -1
    """The verified head under which state was proved before the signature; −1: none was."""
    proved: int = 0
    """When its own satellite took it as settled."""
    proved_slot: int = -1
    """The verified head under which its receipt was proved there; −1: it was only told."""
    refused: int = 0
    refused_why: Why | None = None
    handed: bool = False
    """Somebody else's, handed over signed; `signed` is then when."""
    final: int = 0
    """When it was seen aboard that its block is final."""
    final_slot: int = -1
    undone: int = 0
    undone_why: Why | None = None
    doubted: int = 0
    doubted_why: Why | None = None

    @property
    def state(self) -> str:
        if self.settled:
            return "settled" if self.status else "reverted"
        if self.refused:
            return "refused"
        return "on its way"


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """Everything that the Log says, by kind; each mapping is in order of first appearance."""

    header: Header
    satellites: Mapping[str, Satellite] = field(default_factory=dict)
    stations: Mapping[str, Station] = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    transactions: Mapping[str, Transaction] = field(default_factory=dict)
    heads: tuple[HeadAdvanced, ...] = ()
    refused_updates: tuple[UpdateRefused, ...] = ()
    faults: tuple[FaultInjected, ...] = ()
    frames_lost: tuple[FrameLost, ...] = ()
    frames_refused: tuple[FrameRefused, ...] = ()
    node_starts: tuple[NodeStarted, ...] = ()
    weather_outages: tuple[WeatherOutage, ...] = ()
    work_steps: tuple[WorkStep, ...] = ()
    purse_steps: tuple[PurseStep, ...] = ()
    """Beginnings (`down`) and ends, as the Log has them."""
    trust: tuple[UpsetStruckJob | GuardTripped | JobVerified, ...] = ()
    notices: tuple[NoticePublished | NoticeTaken | NoticeRefused | KeyEnded, ...] = ()
    reliance: tuple[TrustChanged, ...] = ()
    """Whom nodes counted on no more, or again."""

    @property
    def span(self) -> tuple[int, int]:
        """The time that charts show: from the start to the planned end, or to the last entry if it broke off."""
        head = self.header
        end = head.end if head.complete and head.end else head.last
        return head.start, max(end, head.start + SECOND)


@dataclass(frozen=True, slots=True)
class Pass:
    """Both directions of one meeting between `node` (a satellite) and `peer`, as people think of it."""

    node: str
    peer: str
    opened: int
    closed: int
    elevation_deg: float
    down_bytes: int
    up_bytes: int
    bands: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        return (self.closed - self.opened) / SECOND


def passes(flight: Flight) -> list[Pass]:
    """Directed contacts of satellites merged into meetings of two nodes, by overlap or touch, in order of opening.

    Links on the ground are left out: nobody waits for them.
    """
    merged: list[Pass] = []
    latest: dict[frozenset[str], int] = {}
    for contact in sorted(flight.contacts, key=lambda item: item.opened):
        pair = frozenset((contact.node, contact.peer))
        if pair <= flight.stations.keys():
            continue
        index = latest.get(pair)
        if index is not None and contact.opened <= merged[index].closed:
            merged[index] = _joined(merged[index], contact)
            continue
        latest[pair] = len(merged)
        up = contact.peer in flight.satellites and contact.node not in flight.satellites
        node, peer = (contact.peer, contact.node) if up else (contact.node, contact.peer)
        amounts = (0, contact.sent_bytes) if up else (contact.sent_bytes, 0)
        merged.append(
            Pass(node, peer, contact.opened, contact.end, contact.elevation_deg, *amounts, bands=(contact.band,))
        )
    return merged


def _joined(whole: Pass, contact: Contact) -> Pass:
    down = contact.node == whole.node
    return Pass(
        whole.node,
        whole.peer,
        whole.opened,
        max(whole.closed, contact.end),
        max(whole.elevation_deg, contact.elevation_deg),
        whole.down_bytes + (contact.sent_bytes if down else 0),
        whole.up_bytes + (0 if down else contact.sent_bytes),
        whole.bands if contact.band in whole.bands else (*whole.bands, contact.band),
    )
