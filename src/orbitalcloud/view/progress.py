"""The line that a person watches while a flight goes on: a fold of a few values, updated entry by entry in O(1)."""

from __future__ import annotations

from orbitalcloud.core import records as r
from orbitalcloud.core.time import SECOND
from orbitalcloud.view.words import celsius, clock, count, duration, percent

_WATCHED = (
    r.FlightStarted,
    r.SatelliteDescribed,
    r.Telemetry,
    r.LightChanged,
    r.ContactOpened,
    r.ContactClosed,
    r.JobSubmitted,
    r.JobStarted,
    r.JobFinished,
    r.JobStopped,
    r.JobFailed,
    r.JobRefused,
    r.ResultDelivered,
)


class Progress:
    """What the line needs, of the first satellite that was described (the fleet's others are only counted).

    `next_pass` is told from outside, for the Log speaks of contacts only when they open: the driver, which knows the
    windows, sets (instant, peer) or None.
    """

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.now = 0
        self.satellite = ""
        self.satellites = 0
        self.payload_node = 0
        self.charge_ppm: int | None = None
        self.payload_mk: int | None = None
        self.phase = ""
        self.job = ""
        self.contact = ""
        self.contact_until = 0
        self.submitted = self.delivered = self.refused = self.failed = 0
        self.next_pass: tuple[int, str] | None = None

    def update(self, entry: r.Entry) -> None:
        """Take one entry."""
        if entry.at > self.now:
            self.now = entry.at
        if isinstance(entry, _WATCHED):
            getattr(self, f"_{type(entry).__name__}")(entry)

    @property
    def fraction(self) -> float:
        """How much of the flight is behind it, 0 to 1."""
        whole = self.end - self.start
        return min(1.0, max(0.0, (self.now - self.start) / whole)) if whole > 0 else 0.0

    def line(self, next_pass: tuple[int, str] | None = None) -> str:
        """One line of plain text."""
        return progress_line(self, next_pass)

    def _FlightStarted(self, entry: r.FlightStarted) -> None:
        self.start, self.end = entry.at, entry.ends

    def _SatelliteDescribed(self, entry: r.SatelliteDescribed) -> None:
        self.satellites += 1
        if not self.satellite:
            self.satellite, self.payload_node = entry.node, entry.payload_node

    def _Telemetry(self, entry: r.Telemetry) -> None:
        if entry.node == self.satellite:
            self.charge_ppm = entry.charge_ppm
            if 0 <= self.payload_node < len(entry.temperatures_mk):
                self.payload_mk = entry.temperatures_mk[self.payload_node]

    def _LightChanged(self, entry: r.LightChanged) -> None:
        if entry.node == self.satellite:
            self.phase = entry.phase

    def _ContactOpened(self, entry: r.ContactOpened) -> None:
        if entry.node == self.satellite:
            self.contact, self.contact_until = entry.peer, entry.until

    def _ContactClosed(self, entry: r.ContactClosed) -> None:
        if entry.node == self.satellite and entry.peer == self.contact:
            self.contact = ""

    def _JobSubmitted(self, entry: r.JobSubmitted) -> None:
        self.submitted += 1

    def _JobStarted(self, entry: r.JobStarted) -> None:
        if entry.node == self.satellite:
            self.job = entry.job

    def _JobFinished(self, entry: r.JobFinished) -> None:
        self._ended(entry.node)

    def _JobStopped(self, entry: r.JobStopped) -> None:
        self._ended(entry.node)

    def _JobFailed(self, entry: r.JobFailed) -> None:
        self.failed += 1
        self._ended(entry.node)

    def _JobRefused(self, entry: r.JobRefused) -> None:
        self.refused += 1

    def _ResultDelivered(self, entry: r.ResultDelivered) -> None:
        self.delivered += entry.why.ok

    def _ended(self, node: str) -> None:
        if node == self.satellite:
            self.job = ""


def progress_line(progress: Progress, next_pass: tuple[int, str] | None = None) -> str:
    """`14:05 UTC · 82.4 % charge · payload 24.1 °C · sunlight · job cloud-mask-3 · next pass svalbard in 21 min`."""
    parts = [f"{clock(progress.now)} UTC"]
    if progress.satellites > 1:
        parts.append(f"{progress.satellite} of {count(progress.satellites, 'satellite')}")
    if progress.charge_ppm is not None:
        parts.append(f"{percent(progress.charge_ppm * 1e-6)} charge")
    if progress.payload_mk is not None:
        parts.append(f"payload {celsius(progress.payload_mk / 1000)}")
    if progress.phase:
        parts.append(progress.phase)
    parts.append(f"job {progress.job}" if progress.job else f"{progress.delivered} of {progress.submitted} results")
    upcoming = next_pass or progress.next_pass
    if progress.contact and progress.contact_until > progress.now:
        left = (progress.contact_until - progress.now) / SECOND
        parts.append(f"over {progress.contact} for {duration(left)}")
    elif upcoming and upcoming[0] >= progress.now:
        parts.append(f"next pass {upcoming[1]} in {duration((upcoming[0] - progress.now) / SECOND)}")
    return " · ".join("".join(letter for letter in part if letter.isprintable()) for part in parts)
