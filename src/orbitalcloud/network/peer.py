"""What an agent knows of one neighbour: the open contact, what is on its way there, what is half here."""

from __future__ import annotations

import heapq
from collections import deque

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.convergence import (
    DATA_OVERHEAD,
    MAX_GAPS,
    MISSING,
    REFUSED,
    TAKEN,
    Report,
    Segment,
    transfer_name,
)
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.ranges import Pieces
from orbitalcloud.network.store import Rank


class Transfer:
    """One encoded bundle on its way to the peer: the ranges still to send, and until when a report is awaited.

    `gaps` empty and `deadline` None: nobody knows how much arrived, so the first thing to send is a question. `fresh`
    until the first frame of an attempt.
    """

    __slots__ = ("bundle", "deadline", "fresh", "gaps", "name", "questions", "rank", "tries", "wire")

    def __init__(self, name: bytes, bundle: str, rank: Rank, wire: bytes) -> None:
        self.name, self.bundle, self.rank, self.wire = name, bundle, rank, wire
        self.gaps: list[tuple[int, int]] = []
        self.deadline: Instant | None = None
        self.questions = 0
        self.tries = 0
        self.fresh = True

    @property
    def remaining_bytes(self) -> int:
        """Bytes in the gaps."""
        return sum(end - start for start, end in self.gaps)

    def next_segment(self, most_bytes: int) -> Segment:
        """Cut the next range off the gaps; the last one asks for a report."""
        start, end = self.gaps[0]
        stop = min(end, start + most_bytes)
        if stop == end:
            self.gaps.pop(0)
        else:
            self.gaps[0] = (stop, end)
        data = self.wire if stop - start == len(self.wire) else self.wire[start:stop]
        return Segment(self.name, len(self.wire), start, data, not self.gaps)

    def question(self) -> Segment:
        """A frame that only asks what is missing."""
        return Segment(self.name, len(self.wire), 0, b"", True)


class Inbound:
    """Transfers from the peer: pieces of those half here, names of those done."""

    __slots__ = ("_announced_bytes", "_finished", "_partial")

    def __init__(self) -> None:
        self._partial: dict[bytes, Pieces] = {}
        self._announced_bytes = 0
        self._finished: dict[bytes, None] = {}

    def is_finished(self, transfer: bytes) -> bool:
        """Whether this one was taken already."""
        return transfer in self._finished

    @property
    def is_under_way(self) -> bool:
        """Whether a transfer is half here."""
        return bool(self._partial)

    def finish(self, transfer: bytes, most: int) -> None:
        """Remember that it was taken."""
        self._finished[transfer] = None
        if len(self._finished) > most:
            del self._finished[next(iter(self._finished))]

    def take(self, segment: Segment, limits: AgentLimits) -> bytes | None:
        """Keep the segment's bytes; the whole when this completes it. `RemoteProtocolError` where it contradicts."""
        if not segment.data:
            return None
        if len(segment.data) == segment.total_bytes:
            self.forget(segment.transfer)
            return segment.data
        pieces = self._partial.get(segment.transfer)
        if pieces is None:
            self._make_room(segment.total_bytes, limits)
            pieces = self._partial[segment.transfer] = Pieces(segment.total_bytes)
            self._announced_bytes += segment.total_bytes
        if pieces.total_bytes != segment.total_bytes:
            raise RemoteProtocolError("segment-total", f"{segment.total_bytes}, others said {pieces.total_bytes}")
        pieces.add(segment.offset, segment.data)
        if not pieces.complete:
            return None
        self.forget(segment.transfer)
        return pieces.join()

    def missing(self, segment: Segment) -> Report:
        """The report on an unfinished transfer."""
        pieces = self._partial.get(segment.transfer)
        gaps = pieces.gaps(MAX_GAPS) if pieces is not None else [(0, segment.total_bytes)]
        return Report(segment.transfer, MISSING, tuple(gaps))

    def forget(self, transfer: bytes) -> None:
        """Drop its pieces."""
        pieces = self._partial.pop(transfer, None)
        if pieces is not None:
            self._announced_bytes -= pieces.total_bytes

    def _make_room(self, size_bytes: int, limits: AgentLimits) -> None:
        while self._partial and (
            len(self._partial) >= limits.partial_transfers or self._announced_bytes + size_bytes > limits.partial_bytes
        ):
            self.forget(next(iter(self._partial)))


class Peer:
    """A neighbour. Queues hold what waits for this contact; `waited` until when it takes certain ones not."""

    __slots__ = (
        "again",
        "busy_until",
        "contact",
        "deadlines",
        "frames",
        "inbound",
        "name",
        "questions",
        "queue",
        "reports",
        "sent_bytes",
        "told",
        "transfers",
        "unanswered",
        "waited",
        "wake_at",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.inbound = Inbound()
        self.transfers: dict[bytes, Transfer] = {}
        self.reports: dict[bytes, Report] = {}
        self.contact: Contact | None = None
        self.wake_at: Instant | None = None
        self._reset(Instant(0))

    @property
    def has_work(self) -> bool:
        """Whether there may be a frame to send."""
        return bool(self.queue or self.again or self.reports or self.questions)

    @property
    def is_idle(self) -> bool:
        """Whether it could be forgotten: no contact, nothing of ours in its hands, nothing of its half here.

        An answer may still wait for it; should it come again, it asks again.
        """
        return self.contact is None and not (self.transfers or self.inbound.is_under_way)

    def _reset(self, now: Instant) -> None:
        self.busy_until = now
        self.unanswered = 0
        """The most questions that one transfer has waited through in this contact since anything was heard."""
        self.frames = 0
        self.sent_bytes = 0
        self.queue: list[Rank] = []
        self.again: list[tuple[Rank, bytes]] = []
        self.questions: deque[bytes] = deque()
        self.deadlines: list[tuple[int, bytes]] = []
        self.waited: dict[str, Instant] = {}
        self.told: dict[str, None] = {}

    def open(self, now: Instant, contact: Contact) -> None:
        """A contact begins."""
        self._reset(now)
        self.contact = contact

    def close(self, now: Instant) -> None:
        """The contact is over; what was on its way is asked after in the next one."""
        self.contact = None
        for transfer in self.transfers.values():
            transfer.gaps = []
            transfer.deadline = None
            transfer.questions = transfer.tries = 0
        self._reset(now)

    def await_report(self, transfer: Transfer, sent: Instant, limits: AgentLimits) -> None:
        """Set the deadline for the report on a checkpoint whose last bit leaves at `sent`."""
        assert self.contact is not None
        patience = min(limits.answer_ns << min(transfer.questions, 20), limits.answer_most_ns)
        transfer.deadline = Instant(sent + 2 * self.contact.light_time_ns + patience)
        heapq.heappush(self.deadlines, (transfer.deadline, transfer.name))

    def collect_overdue(self, now: Instant) -> None:
        """Queue a question for each report that did not come."""
        while self.deadlines and self.deadlines[0][0] <= now:
            at, name = heapq.heappop(self.deadlines)
            transfer = self.transfers.get(name)
            if transfer is not None and transfer.deadline == at:
                transfer.deadline = None
                transfer.questions += 1
                self.unanswered = max(self.unanswered, transfer.questions)
                self.questions.append(name)

    def next_deadline(self) -> Instant | None:
        """When the next report is overdue."""
        while self.deadlines:
            at, name = self.deadlines[0]
            transfer = self.transfers.get(name)
            if transfer is not None and transfer.deadline == at:
                return Instant(at)
            heapq.heappop(self.deadlines)
        return None

    def segment_bytes(self, at: Instant, limits: AgentLimits) -> int:
        """How much of a bundle one frame carries at this contact's rate then."""
        assert self.contact is not None
        wanted = self.contact.rate_at(at) * limits.segment_ns // (8 * SECOND)
        return max(limits.segment_least_bytes, min(wanted, limits.segment_most_bytes))

    def room_bytes(self, at: Instant, limits: AgentLimits) -> int:
        """Bundle bytes that can leave in one piece from `at` on and be reported on before the contact closes."""
        contact = self.contact
        assert contact is not None
        guard = min(2 * contact.light_time_ns + limits.guard_ns, contact.duration_ns // 10)
        room = contact.room_bytes(at) - contact.room_bytes(Instant(max(at, contact.closes - guard)))
        # Where the rate varies, so do frames: count with the shortest.
        frames = room // (limits.segment_least_bytes if contact.steps else self.segment_bytes(at, limits)) + 1
        room -= frames * DATA_OVERHEAD
        return min(room, contact.bundle_bytes) if contact.bundle_bytes else room

    def answer(self, report: Report, most: int) -> None:
        """Queue a report, newest word per transfer."""
        self.reports.pop(report.transfer, None)
        self.reports[report.transfer] = report
        if len(self.reports) > most:
            del self.reports[next(iter(self.reports))]

    # Taking bundles --------------------------------------------------------------------------------------------------

    def take(self, segment: Segment, limits: AgentLimits) -> bytes | None:
        """Keep what a frame brings and report on it where it asks; the bundle's bytes when they are whole.

        `RemoteProtocolError` where they are too many, contradict others, or are not what the transfer is named by.
        """
        inbound = self.inbound
        if inbound.is_finished(segment.transfer):
            if segment.checkpoint:
                self.answer(Report(segment.transfer, TAKEN), limits.reports)
            return None
        if segment.total_bytes > limits.bundle_bytes:
            self.refuse(segment.transfer, limits)
            detail = f"{segment.total_bytes} bytes, at most {limits.bundle_bytes} are taken"
            raise RemoteProtocolError("oversize", detail)
        whole = inbound.take(segment, limits)
        if whole is None:
            if segment.checkpoint:
                self.answer(inbound.missing(segment), limits.reports)
        elif transfer_name(whole) != segment.transfer:
            raise RemoteProtocolError("transfer-name", "the bytes are not those that the transfer is named by")
        return whole

    def finish(self, transfer: bytes, limits: AgentLimits) -> None:
        """The bundle is in custody here: say so, now and whenever the peer asks again."""
        self.inbound.finish(transfer, limits.finished_transfers)
        self.answer(Report(transfer, TAKEN), limits.reports)

    def refuse(self, transfer: bytes, limits: AgentLimits) -> None:
        """The bundle stays the peer's."""
        self.answer(Report(transfer, REFUSED), limits.reports)
