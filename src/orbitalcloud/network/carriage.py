"""A bundle agent's frames over neighbours that speak another convergence layer.

The agent (`agent`, `sending`) hands out data frames and wants reports. Over TCPCLv4 a data frame becomes a transfer and
its last acknowledgement the `TAKEN` report; a transfer that arrives becomes a data frame, and the agent's report on it
the acknowledgement. Over a layer without answers (UDP, STCP, MTCP) a bundle counts as taken when its bytes were handed
over: there is no custody on such a hop, and the loss of one is noticed, if at all, by the ends.

An agent that cuts bundles into several frames (for a slow radio) is served too: they are put together first. It is
cheaper not to: with `AgentLimits(segment_least_bytes=bundle_bytes)` every frame is a whole bundle.
"""

from __future__ import annotations

from collections import Counter

from orbitalcloud.network.convergence import (
    MAX_ENTRIES,
    MAX_GAPS,
    MISSING,
    REFUSED,
    TAKEN,
    Report,
    Segment,
    decode_frame,
    encode_reports,
    encode_segment,
    transfer_name,
)
from orbitalcloud.network.ranges import Pieces
from orbitalcloud.network.tcpcl import Session
from orbitalcloud.network.tcpcl_events import Acknowledged, Arrived, Event, Refused
from orbitalcloud.network.tcpcl_messages import RefuseReason

ASSEMBLIES = 64
"""Bundles that are put together from several frames at a time."""


class Assembly:
    """Whole bundles out of the agent's data frames."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[bytes, Pieces] = {}

    def take(self, segment: Segment) -> bytes | None:
        """The bundle, when all of it is here."""
        if len(segment.data) == segment.total_bytes:
            return segment.data
        if not segment.data:
            return None
        pieces = self._pieces.get(segment.transfer)
        if pieces is None or pieces.total_bytes != segment.total_bytes:
            while len(self._pieces) >= ASSEMBLIES:
                del self._pieces[next(iter(self._pieces))]
            pieces = self._pieces[segment.transfer] = Pieces(segment.total_bytes)
        pieces.add(segment.offset, segment.data)
        if not pieces.complete:
            return None
        del self._pieces[segment.transfer]
        return pieces.join()

    def missing(self, segment: Segment) -> Report:
        """What a question about a bundle that is not here is answered with."""
        pieces = self._pieces.get(segment.transfer)
        gaps = pieces.gaps(MAX_GAPS) if pieces is not None else [(0, segment.total_bytes)]
        return Report(segment.transfer, MISSING, tuple(gaps))


def whole_frame(bundle: bytes) -> bytes:
    """The data frame that brings an agent a whole bundle."""
    return encode_segment(Segment(transfer_name(bundle), len(bundle), 0, bundle, True))


def report_frames(reports: list[Report]) -> list[bytes]:
    """Report frames, as many entries in each as fit."""
    return [encode_reports(reports[at : at + MAX_ENTRIES]) for at in range(0, len(reports), MAX_ENTRIES)]


class TransferCarriage:
    """The agent's frames on an open TCPCLv4 session. Frames for the agent wait in `take_frames`."""

    __slots__ = (
        "_arrived",
        "_assembly",
        "_flying",
        "_frames",
        "_names",
        "_reports",
        "counts",
        "queue_bytes",
        "session",
    )

    def __init__(self, session: Session, queue_bytes: int) -> None:
        self.session, self.queue_bytes = session, queue_bytes
        self.counts: Counter[str] = Counter()
        self._assembly = Assembly()
        self._names: dict[int, tuple[bytes, int]] = {}
        self._flying: dict[bytes, int] = {}
        self._arrived: dict[bytes, list[int]] = {}
        self._frames: list[bytes] = []
        self._reports: list[Report] = []

    def send(self, frame: bytes) -> None:
        """Take a frame of the agent's."""
        content = decode_frame(frame)
        if isinstance(content, Segment):
            self._send_segment(content)
        else:
            for report in content:
                self._judge(report)

    def _send_segment(self, segment: Segment) -> None:
        """Begin a transfer; ignore what is under way. What finds no room is dropped, and asked after by the agent."""
        if segment.transfer in self._flying:
            return
        session = self.session
        if segment.total_bytes > session.transfer_mtu:
            self.counts["transfer-mtu"] += 1
            self._reports.append(Report(segment.transfer, REFUSED))
            return
        queued = session.queued_bytes
        if not session.is_open or (queued and queued + segment.total_bytes > self.queue_bytes):
            self.counts["queue-full"] += 1
            return
        bundle = self._assembly.take(segment)
        if bundle is not None:
            transfer = session.send(bundle)
            self._flying[segment.transfer] = transfer
            self._names[transfer] = segment.transfer, segment.total_bytes
        elif segment.checkpoint:
            self._reports.append(self._assembly.missing(segment))

    def _judge(self, report: Report) -> None:
        """The agent's word on what arrived."""
        for transfer in self._arrived.pop(report.transfer, ()):
            if report.status == TAKEN:
                self.session.accept(transfer)
            else:
                reason = RefuseReason.NO_RESOURCES if report.status == REFUSED else RefuseReason.RETRANSMIT
                self.session.refuse(transfer, reason)

    def happened(self, events: list[Event]) -> None:
        """What the session says; other events than of transfers are the driver's."""
        for event in events:
            if type(event) is Arrived:
                name = transfer_name(event.bundle)
                self._arrived.setdefault(name, []).append(event.transfer)
                segment = Segment(name, len(event.bundle), 0, event.bundle, True)
                self._frames.append(encode_segment(segment))
            elif type(event) is Acknowledged:
                self._answer(event.transfer, TAKEN)
            elif type(event) is Refused:
                self._refused(event)

    def _answer(self, transfer: int, status: int) -> None:
        name, total = self._names.pop(transfer)
        del self._flying[name]
        self._reports.append(Report(name, status, ((0, total),) if status == MISSING else ()))

    def _refused(self, event: Refused) -> None:
        """A refusal in the agent's words: done, once more, or not now."""
        self.counts[f"refused-{event.reason}"] += 1
        if event.reason == RefuseReason.COMPLETED:
            self._answer(event.transfer, TAKEN)
        elif event.reason == RefuseReason.RETRANSMIT:
            self._answer(event.transfer, MISSING)
        elif event.reason == RefuseReason.SESSION_TERMINATING:
            del self._flying[self._names.pop(event.transfer)[0]]  # the contact closes, and the bundle is routed anew
        else:
            self._answer(event.transfer, REFUSED)

    def take_frames(self) -> list[bytes]:
        """Frames for the agent, in order."""
        frames, self._frames = self._frames, []
        if self._reports:
            frames += report_frames(self._reports)
            self._reports = []
        return frames


class HandedOver:
    """The agent's frames on a layer without answers: bundles out, `TAKEN` for each whose bytes were handed over."""

    __slots__ = ("_assembly", "_handed", "_reports", "bundle_bytes", "counts")

    def __init__(self, bundle_bytes: int) -> None:
        self.bundle_bytes = bundle_bytes
        self.counts: Counter[str] = Counter()
        self._assembly = Assembly()
        self._handed: dict[bytes, None] = {}
        self._reports: list[Report] = []

    def send(self, frame: bytes) -> tuple[bytes, bytes] | None:
        """The transfer's name and the bundle that is to go out, if this frame completes one.

        Reports are dropped: nobody over there would understand them. A bundle beyond `bundle_bytes` is refused.
        """
        content = decode_frame(frame)
        if not isinstance(content, Segment):
            return None
        if content.total_bytes > self.bundle_bytes:
            self.counts["bundle-bytes"] += 1
            self._reports.append(Report(content.transfer, REFUSED))
            return None
        bundle = self._assembly.take(content)
        if bundle is not None:
            return content.transfer, bundle
        if content.checkpoint and content.transfer not in self._handed:
            self._reports.append(self._assembly.missing(content))
        return None

    def waits(self, name: bytes) -> None:
        """The bundle stands in the link's queue: a question about it is not answered before it has left."""
        self._handed[name] = None

    def handed(self, name: bytes) -> None:
        """The bundle's bytes are the socket's now."""
        self._handed.pop(name, None)
        self._reports.append(Report(name, TAKEN))

    def take_frames(self) -> list[bytes]:
        """Report frames for the agent."""
        reports, self._reports = self._reports, []
        return report_frames(reports)
