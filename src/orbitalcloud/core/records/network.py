"""The network: what became of each bundle, and which frames were lost or refused."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.why import Why


class BundleCreated(Base, frozen=True):
    """A node made a bundle; `awaited`: and waits for the word that it was delivered, and else sends it again."""

    bundle: str
    destination: str
    size_bytes: int
    purpose: str
    awaited: bool = False


class BundleSent(Base, frozen=True):
    """A bundle (or fragment) was put on the contact to `peer`; `attempt` counts from 1."""

    bundle: str
    peer: str
    size_bytes: int
    attempt: int


class BundleReceived(Base, frozen=True):
    """A bundle arrived whole over a link."""

    bundle: str
    peer: str
    size_bytes: int


class BundleDelivered(Base, frozen=True):
    """A bundle reached its destination; `delay_ms` since its creation. `security` says who signed it, if any."""

    bundle: str
    source: str
    size_bytes: int
    delay_ms: int
    security: str = ""


class BundleFragmented(Base, frozen=True):
    """A bundle was cut because the pass is too short for it."""

    bundle: str
    parts: tuple[str, ...]
    why: Why


class BundleWaits(Base, frozen=True):
    """A bundle was left in the store: no room in this contact, no route, or not acknowledged."""

    bundle: str
    why: Why


class BundleDropped(Base, frozen=True):
    """A bundle left the store undelivered (expired, refused, malformed); `reason` as RFC 9171 9.5 and 9172 11.3 count.

    Reason 0 is none of theirs.
    """

    bundle: str
    why: Why
    reason: int = 0


class BundleRefused(Base, frozen=True):
    """A bundle that `peer` offered was not taken, and stays with it; `reason` as in `BundleDropped`."""

    bundle: str
    peer: str
    why: Why
    reason: int = 0


class StatusReported(Base, frozen=True):
    """A status report arrived (RFC 9171 6.1.1): `reporter` says that `bundle` was `status` (`received`, `forwarded`,
    `delivered`, `deleted`, several joined by `+`); `time_ms` (POSIX) is 0 where it names none."""

    bundle: str
    reporter: str
    status: str
    reason: int
    text: str
    time_ms: int


class BundleConfirmed(Base, frozen=True):
    """The destination's word came back to the source that it has the bundle, `delay_ms` after it was made and after so
    many `sendings`."""

    bundle: str
    sendings: int
    delay_ms: int


class BundleRepeated(Base, frozen=True):
    """A bundle that was not confirmed in time goes out once more from its source, around `avoid`."""

    bundle: str
    sending: int
    avoid: tuple[str, ...]
    why: Why


class BundleUnconfirmed(Base, frozen=True):
    """The source gives up waiting for the word that a bundle was delivered; it may have been."""

    bundle: str
    why: Why


class BundleDuplicate(Base, frozen=True):
    """A second sending of a bundle that was delivered already came from `peer`, and was dropped."""

    bundle: str
    peer: str


class BundleSwallowed(Base, frozen=True):
    """The mission's fault: this relay told `peer` that it took the bundle, and dropped it. No honest node writes it."""

    bundle: str
    peer: str


class TrustChanged(Base, frozen=True):
    """A node counts on `subject` (a neighbour, a relay, its own plan) no more, or again."""

    subject: str
    trusted: bool
    why: Why


class FrameLost(Base, frozen=True):
    """A frame did not arrive: the contact closed, the receiver was down or a fault ate it."""

    peer: str
    size_bytes: int
    reason: str


class FrameRefused(Base, frozen=True):
    """Bytes from a peer broke the protocol."""

    peer: str
    size_bytes: int
    check: str
    detail: str


class NoticePublished(Base, frozen=True):
    """A node signed a notice of itself; `notice` is its kind."""

    notice: str
    size_bytes: int
    text: str


class NoticeTaken(Base, frozen=True):
    """A node heard of `subject` for the first time since its boot, or that `subject` calls contacts off."""

    subject: str
    notice: str
    peer: str
    text: str


class NoticeRefused(Base, frozen=True):
    """A notice from `peer` was not believed (told once for each peer and check), or its word lost its weight."""

    peer: str
    check: str
    detail: str


class KeyEnded(Base, frozen=True):
    """`subject`'s key is not believed any more: revoked, or proved two-faced by two notices of one version."""

    subject: str
    peer: str
    text: str


NetworkEntry = (
    BundleCreated
    | BundleSent
    | BundleReceived
    | BundleDelivered
    | BundleFragmented
    | BundleWaits
    | BundleDropped
    | BundleRefused
    | StatusReported
    | BundleConfirmed
    | BundleRepeated
    | BundleUnconfirmed
    | BundleDuplicate
    | BundleSwallowed
    | TrustChanged
    | FrameLost
    | FrameRefused
    | NoticePublished
    | NoticeTaken
    | NoticeRefused
    | KeyEnded
)
