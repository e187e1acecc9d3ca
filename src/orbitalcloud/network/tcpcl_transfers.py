"""The two transfer streams of a TCPCLv4 session: bundles cut into segments, and segments put together to bundles."""

from __future__ import annotations

from collections import deque
from typing import NoReturn

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import Instant
from orbitalcloud.network.tcpcl_messages import (
    END,
    MIDDLE,
    NUMBER,
    START,
    TRANSFER_LENGTH,
    WHOLE,
    XFER_ACK,
    XFER_SEGMENT,
    Ack,
    RefuseReason,
    Segment,
    decode_items,
    encode_items,
    segment_head,
    transfer_length,
)

LARGEST_ID = 2**64 - 1
REMEMBERED = 1024
"""Transfer ids of the peer that are kept to notice one that is used twice (5.2.1)."""


class Sent:
    """A transfer that the peer has not answered for."""

    __slots__ = ("acked", "sent", "total")

    def __init__(self, total: int) -> None:
        self.total, self.sent, self.acked = total, 0, 0


class Outgoing:
    """What goes to the peer, one transfer after another; each stays in `flying` until its last byte is acknowledged."""

    __slots__ = ("_bundle", "_current", "_refused", "flying", "next_id", "queue", "queued_bytes")

    def __init__(self) -> None:
        self.queue: deque[tuple[int, bytes]] = deque()
        self.queued_bytes = 0
        self.flying: dict[int, Sent] = {}
        self.next_id = 0
        self._current = -1
        self._bundle = b""
        self._refused: deque[int] = deque(maxlen=REMEMBERED)

    @property
    def in_progress(self) -> bool:
        """Whether a transfer has begun and its last segment has not left."""
        return self._current >= 0

    def add(self, bundle: bytes) -> int:
        """Queue a transfer; its id."""
        transfer = self.next_id
        self.next_id += 1
        self.queue.append((transfer, bundle))
        self.queued_bytes += len(bundle)
        return transfer

    def fill(self, parts: list[bytes], most: int, segment_bytes: int, begin: bool) -> int:
        """Put segments on `parts` until about `most` bytes are there; how many. New transfers only if `begin`."""
        size = 0
        while size < most:
            if self._current >= 0:
                size += self._go_on(parts, segment_bytes)
            elif begin and self.queue:
                transfer, bundle = self.queue.popleft()
                total = len(bundle)
                self.queued_bytes -= total
                sent = self.flying[transfer] = Sent(total)
                if total <= segment_bytes:
                    sent.sent = total
                    parts.append(WHOLE.pack(XFER_SEGMENT, START | END, transfer, 0, total))
                    parts.append(bundle)
                    size += WHOLE.size + total
                else:
                    self._current, self._bundle = transfer, bundle
            else:
                break
        return size

    def _go_on(self, parts: list[bytes], segment_bytes: int) -> int:
        sent = self.flying[self._current]
        data = self._bundle[sent.sent : sent.sent + segment_bytes]
        items = b"" if sent.sent else encode_items((transfer_length(sent.total),))
        flags = 0 if sent.sent else START
        transfer = self._current
        sent.sent += len(data)
        if sent.sent == sent.total:
            flags |= END
            self._stop()
        head = segment_head(flags, transfer, items, len(data))
        parts.append(head)
        parts.append(data)
        return len(head) + len(data)

    def _stop(self) -> None:
        self._current, self._bundle = -1, b""

    def acknowledged(self, ack: Ack) -> bool:
        """Whether this ends its transfer; `RemoteProtocolError` where it fits nothing that was sent."""
        sent = self.flying.get(ack.transfer)
        if sent is None:
            raise RemoteProtocolError("ack-transfer", f"transfer {ack.transfer} is not on its way")
        if not sent.acked <= ack.length <= sent.sent:
            detail = f"{ack.length} bytes of transfer {ack.transfer}; {sent.sent} were sent, {sent.acked} acknowledged"
            raise RemoteProtocolError("ack-length", detail)
        if bool(ack.flags & END) != (ack.length == sent.total):
            raise RemoteProtocolError("ack-flags", f"{ack.length} of {sent.total} bytes with flags 0x{ack.flags:02x}")
        sent.acked = ack.length
        if ack.length < sent.total:
            return False
        del self.flying[ack.transfer]
        return True

    def refused(self, transfer: int) -> bool:
        """Send no more of it; whether that is news (each segment may be refused).

        `RemoteProtocolError` if it was never on its way.
        """
        if self.flying.pop(transfer, None) is None:
            if transfer in self._refused:
                return False
            raise RemoteProtocolError("refuse-transfer", f"transfer {transfer} is not on its way")
        self._refused.append(transfer)
        if transfer == self._current:
            self._stop()
        return True


class Refusal(Exception):
    """The transfer is refused, the session goes on; `check` says why, for the counts."""

    def __init__(self, reason: RefuseReason, check: str) -> None:
        self.reason, self.check = reason, check
        super().__init__(check)


class Answer:
    """What one segment of the peer's is answered with, when those before it are: the bytes, or None until the verdict.

    Answers leave in the order of the segments (5.2.4 asks for it before a refusal; HDTN expects it of all).
    """

    __slots__ = ("arrived", "flags", "length", "reply", "transfer")

    def __init__(self, transfer: int, flags: int, length: int, arrived: Instant, reply: bytes | None) -> None:
        self.transfer, self.flags, self.length, self.arrived, self.reply = transfer, flags, length, arrived, reply


class Incoming:
    """What comes from the peer: the transfer under way, and the answers that are due, in order."""

    __slots__ = (
        "_announced",
        "_data",
        "_highest",
        "_known",
        "_refused",
        "answers",
        "current",
        "waiting",
        "waiting_bytes",
    )

    def __init__(self) -> None:
        self.current = -1
        self._data = bytearray()
        self._announced = -1
        self._refused: tuple[int, RefuseReason] | None = None
        self._known: deque[int] = deque(maxlen=REMEMBERED)
        self._highest = -1
        self.answers: deque[Answer] = deque()
        self.waiting: dict[int, Answer] = {}
        self.waiting_bytes = 0

    def take(self, now: Instant, segment: Segment, transfer_mru: int, ending: bool) -> bytes | None:
        """The bundle, when this segment completes it.

        `Refusal` where the transfer will not be taken, at each of its segments; `RemoteProtocolError` where the
        segment cannot be: not the transfer under way, an id that was used before, a start in the middle.
        """
        transfer, data, flags = segment.transfer, segment.data, segment.flags
        if flags & START:
            self._begin(segment, ending)
        elif self._refused is not None and transfer == self._refused[0]:
            raise Refusal(self._refused[1], "refused-before")
        elif transfer != self.current:
            raise RemoteProtocolError("transfer-order", f"a segment of {transfer} and no start of it before")
        length = len(self._data) + len(data)
        if length > transfer_mru or self._announced > transfer_mru:
            self._refuse(transfer, RefuseReason.NO_RESOURCES, "transfer-mru")
        if self._announced >= 0 and (length > self._announced or (flags & END and length != self._announced)):
            self._refuse(transfer, RefuseReason.NOT_ACCEPTABLE, "transfer-length")
        if not flags & END:
            self._data += data
            self.answers.append(Answer(-1, 0, 0, now, MIDDLE.pack(XFER_ACK, flags, transfer, length)))
            return None
        bundle = data if length == len(data) else bytes(self._data) + data
        self._forget()
        answer = self.waiting[transfer] = Answer(transfer, flags, length, now, None)
        self.answers.append(answer)
        self.waiting_bytes += length
        return bundle

    @property
    def received_bytes(self) -> int:
        """How much of the transfer under way is here."""
        return len(self._data)

    def answer(self, transfer: int, reply: bytes | None) -> None:
        """The node's verdict on a whole transfer: an acknowledgement if `reply` is None."""
        answer = self.waiting.pop(transfer)
        self.waiting_bytes -= answer.length
        answer.reply = reply or MIDDLE.pack(XFER_ACK, answer.flags, transfer, answer.length)

    def due(self, parts: list[bytes]) -> None:
        """Put the answers that may go now on `parts`."""
        answers = self.answers
        while answers and answers[0].reply is not None:
            parts.append(answers.popleft().reply or b"")

    def _begin(self, segment: Segment, ending: bool) -> None:
        transfer, begun = segment.transfer, self.current
        self._forget()
        if begun >= 0:
            raise RemoteProtocolError("transfer-order", f"transfer {transfer} begins in the middle of {begun}")
        if transfer <= self._highest and (transfer in self._known or transfer in self.waiting):
            raise RemoteProtocolError("transfer-id", f"transfer {transfer} was there before")
        self._highest = max(self._highest, transfer)
        self._known.append(transfer)
        self.current, self._refused = transfer, None
        if ending:
            self._refuse(transfer, RefuseReason.SESSION_TERMINATING, "session-ending")
        if segment.extensions:
            self._extend(transfer, segment.extensions)

    def _extend(self, transfer: int, extensions: bytes) -> None:
        try:
            items = decode_items(extensions)
        except RemoteProtocolError as error:
            self._refuse(transfer, RefuseReason.EXTENSION_FAILURE, error.check)
        for item in items:
            if item.kind == TRANSFER_LENGTH:
                if len(item.value) != NUMBER.size or self._announced >= 0:
                    self._refuse(transfer, RefuseReason.EXTENSION_FAILURE, "transfer-length-item")
                (self._announced,) = NUMBER.unpack(item.value)
            elif item.critical:
                self._refuse(transfer, RefuseReason.EXTENSION_FAILURE, "critical-extension")

    def _refuse(self, transfer: int, reason: RefuseReason, check: str) -> NoReturn:
        self._forget()
        self._refused = (transfer, reason)
        raise Refusal(reason, check)

    def _forget(self) -> None:
        if self.current >= 0:
            self.current, self._announced = -1, -1
            self._data = bytearray()
