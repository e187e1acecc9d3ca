"""Notices: what a node says of itself to everybody, signed by the key that it is.

    capacity       what it could compute, with which power, until when, at what price
    contacts       whom it will meet next, and which planned contacts will not be
    introduction   what it calls itself (a petname, never authority) and which operator may revoke its key
    revocation     a key is no longer believed: said by its holder, or by the operator that it was introduced with

On the wire a notice is two byte strings, body and signature. The body is `canonical_pack` of the notice, the signature
Ed25519 over `orbital-notice/1`, a zero byte and the body, so it fits nothing else that the key signs. Versions are
(epoch, sequence): the epoch grows with each start of the node (its boot number, or the clock's seconds then), so that
what was counted need not be saved. One key that signs two different notices of one kind and version, or two
introductions that name different operators, has contradicted itself: the pair is a proof that anyone can check.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.core.encoding import canonical_pack
from orbitalcloud.core.errors import DataError, RemoteProtocolError
from orbitalcloud.core.time import DAY, SECOND, Instant
from orbitalcloud.network.identity import KEY_BYTES, SIGNATURE_BYTES, check_key, public_of, sign, verify

DOMAIN = b"orbital-notice/1"
MAX_NOTICE_BYTES = 2048
"""As encoded. The longest that `Contacts` can be; a capacity notice has about 200."""
MAX_WINDOWS = 16
MAX_HOURS = 24
_REMEMBERED = 8192
"""Notices read and signatures checked that this process remembers. A fleet in one process checks each once."""

Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9\-._~]{1,64}$")]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9\-._~/:]{0,64}$")]
Said = Annotated[str, Meta(pattern=r"^[ -~]{0,80}$")]
Law = Annotated[str, Meta(pattern=r"^([A-Z]{2})?$")]
Parts = Annotated[int, Meta(ge=0, le=1_000_000)]


class Notice(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What every notice has: whose it is, what that node calls itself, its version, and from when to when it holds."""

    key: Key
    name: Name
    epoch: Count
    sequence: Count
    issued_s: Count
    expires_s: Count

    @property
    def version(self) -> tuple[int, int]:
        """Of two notices of one key and kind, the one with the larger version holds."""
        return self.epoch, self.sequence


class Capacity(Notice, frozen=True, tag="capacity/1"):
    """What the node could do for others. `free_j[i]` is energy above its own needs in hour i after `issued_s`."""

    accelerator: Word
    kinds: Annotated[tuple[Word, ...], Meta(max_length=16)]
    waiting: Count
    backlog_s: Count
    charge_ppm: Parts
    free_j: Annotated[tuple[Count, ...], Meta(max_length=MAX_HOURS)]
    jurisdiction: Law = ""
    price_gwei_per_kj: Count = 0


class Window(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A contact to come with `peer`, at up to `rate_bps`."""

    peer: Name
    opens_s: Count
    closes_s: Count
    rate_bps: Count


class Off(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """No contact with `peer` (empty: with anybody) from then to then."""

    peer: Annotated[str, Meta(pattern=r"^[A-Za-z0-9\-._~]{0,64}$")]
    begins_s: Count
    ends_s: Count
    text: Said = ""


class Contacts(Notice, frozen=True, tag="contacts/1"):
    """Whom the node will meet next, and when it will not."""

    planned: Annotated[tuple[Window, ...], Meta(max_length=MAX_WINDOWS)] = ()
    off: Annotated[tuple[Off, ...], Meta(max_length=MAX_WINDOWS)] = ()


class Introduction(Notice, frozen=True, tag="introduction/1"):
    """A self-asserted name, and the operator's key (or none): said once, and the operator never otherwise."""

    operator: Annotated[bytes, Meta(max_length=KEY_BYTES)] = b""


class Revocation(Notice, frozen=True, tag="revocation/1"):
    """`subject` is not to be believed any more. Where another key says so, `introduction` (as on the wire, signed by
    the subject) must name that key as operator. It never expires: `expires_s` means nothing."""

    subject: Key
    introduction: Annotated[bytes, Meta(max_length=512)] = b""
    reason: Said = ""


Any = Capacity | Contacts | Introduction | Revocation
KINDS: tuple[type[Any], ...] = (Revocation, Contacts, Introduction, Capacity)
"""In the order in which they are sent: what stops harm first."""
CAPACITY, CONTACTS, INTRODUCTION, REVOCATION = "capacity", "contacts", "introduction", "revocation"
_NAMES = {Capacity: CAPACITY, Contacts: CONTACTS, Introduction: INTRODUCTION, Revocation: REVOCATION}

LIFETIME_S = {CAPACITY: DAY // SECOND, CONTACTS: 2 * DAY // SECOND, INTRODUCTION: 400 * DAY // SECOND}
"""The longest that each may hold; a capacity of yesterday says nothing."""


class _Wire(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    body: Annotated[bytes, Meta(max_length=MAX_NOTICE_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


_READ_WIRE = msgspec.msgpack.Decoder(_Wire)
_READ_BODY = msgspec.msgpack.Decoder(Any)


@dataclass(frozen=True, slots=True)
class Signed:
    """A notice as it came: its form is right, whether its signature is says `is_signed`."""

    notice: Any
    wire: bytes
    digest: bytes
    """BLAKE2b-128 of the body: what the notice is known by."""

    @property
    def kind(self) -> str:
        """`capacity`, `contacts`, `introduction` or `revocation`."""
        return _NAMES[type(self.notice)]

    @property
    def slot(self) -> tuple[bytes, str]:
        """(whose, which kind): a board keeps one notice of each."""
        return self.notice.key, self.kind


def sign_notice(notice: Any, private: bytes) -> Signed:
    """The notice with its signature; its key must be that of `private`. `DataError` where it breaks its own bounds."""
    assert notice.key == public_of(private), "a node speaks for its own key"
    body = canonical_pack(notice)
    try:
        return read_notice(canonical_pack(_Wire(body, sign(private, DOMAIN, body))))
    except RemoteProtocolError as error:
        raise DataError("notice", error.check, error.detail) from None


@lru_cache(_REMEMBERED)
def read_notice(wire: bytes) -> Signed:
    """A notice's form: bounded, canonical, every field in its range; `RemoteProtocolError` names what is not."""
    if len(wire) > MAX_NOTICE_BYTES:
        raise RemoteProtocolError("notice-size", f"{len(wire)} bytes, at most {MAX_NOTICE_BYTES} are read")
    try:
        outer = _READ_WIRE.decode(wire)
        notice = _READ_BODY.decode(outer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("notice-form", str(error)[:200]) from None
    if canonical_pack(notice) != outer.body or canonical_pack(outer) != wire:
        raise RemoteProtocolError("notice-canonical", "the same notice has a shorter or another encoding")
    try:
        check_key(notice.key)
    except DataError as error:
        raise RemoteProtocolError("notice-key", str(error)[:200]) from None
    return Signed(notice, wire, hashlib.blake2b(outer.body, digest_size=16).digest())


@lru_cache(_REMEMBERED)
def is_signed(signed: Signed) -> bool:
    """Whether the key that the notice names signed it."""
    outer = _READ_WIRE.decode(signed.wire)
    return verify(signed.notice.key, DOMAIN, outer.body, outer.signature)


def check_times(notice: Any, now: Instant, skew_s: int) -> None:
    """`RemoteProtocolError` for what holds no more, not yet, or for longer than its kind may; a revocation only for
    what comes from the future."""
    now_s = now // SECOND
    if notice.issued_s > now_s + skew_s:
        raise RemoteProtocolError("notice-future", f"issued {notice.issued_s - now_s} s from now")
    if isinstance(notice, Revocation):
        return
    most = LIFETIME_S[_NAMES[type(notice)]]
    if notice.expires_s <= now_s:
        raise RemoteProtocolError("notice-expired", f"it held until {now_s - notice.expires_s} s ago")
    if notice.expires_s - notice.issued_s > most:
        raise RemoteProtocolError("notice-lifetime", f"{notice.expires_s - notice.issued_s} s, at most {most}")


# Ends of keys -------------------------------------------------------------------------------------------------------


class TwoFaced(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Two notices, as on the wire, by which one key contradicts itself."""

    first: Annotated[bytes, Meta(max_length=MAX_NOTICE_BYTES)]
    second: Annotated[bytes, Meta(max_length=MAX_NOTICE_BYTES)]


MAX_PROOF_BYTES = 2 * MAX_NOTICE_BYTES + 16
_READ_PROOF = msgspec.msgpack.Decoder(TwoFaced)


@dataclass(frozen=True, slots=True)
class End:
    """Why a key is not believed any more: a revocation, or a contradiction; `wire` shows it to anyone."""

    key: bytes
    reason: str
    """`revoked`, `revoked-by-operator` or `two-faced`."""
    wire: bytes
    text: str = ""


def contradiction(one: Signed, two: Signed) -> bool:
    """Whether the two, if both are signed, cannot both be an honest node's."""
    a, b = one.notice, two.notice
    if one.slot != two.slot or one.digest == two.digest:
        return False
    if isinstance(a, Introduction) and isinstance(b, Introduction) and a.operator != b.operator:
        return True
    return a.version == b.version and not isinstance(a, Revocation)


def prove_two_faced(one: Signed, two: Signed) -> End:
    """The proof that two signed notices contradict each other, the same whichever came first."""
    assert contradiction(one, two), "there is something to prove"
    first, second = sorted((one, two), key=lambda signed: signed.digest)
    text = f"two {one.kind} notices of version {one.notice.epoch}.{one.notice.sequence}"
    return End(one.notice.key, "two-faced", canonical_pack(TwoFaced(first.wire, second.wire)), text)


def read_proof(wire: bytes) -> End:
    """Check a `TwoFaced`; `RemoteProtocolError` (`proof-…`) where it proves nothing."""
    if len(wire) > MAX_PROOF_BYTES:
        raise RemoteProtocolError("proof-size", f"{len(wire)} bytes, at most {MAX_PROOF_BYTES} are read")
    try:
        pair = _READ_PROOF.decode(wire)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("proof-form", str(error)[:200]) from None
    one, two = read_notice(pair.first), read_notice(pair.second)
    if not contradiction(one, two):
        raise RemoteProtocolError("proof-empty", "the two notices do not contradict each other")
    if not (is_signed(one) and is_signed(two)):
        raise RemoteProtocolError("proof-signature", "one of the two is not signed by its key")
    end = prove_two_faced(one, two)
    if end.wire != wire:
        raise RemoteProtocolError("proof-canonical", "the same proof has another encoding")
    return end


def revoked(signed: Signed) -> End:
    """What a signed revocation ends; `RemoteProtocolError` where its signer had no right to it."""
    notice = signed.notice
    assert isinstance(notice, Revocation), "the caller looked"
    if notice.subject == notice.key:
        return End(notice.key, "revoked", signed.wire, notice.reason)
    introduction = read_notice(notice.introduction)
    said = introduction.notice
    if not isinstance(said, Introduction) or said.key != notice.subject or said.operator != notice.key:
        raise RemoteProtocolError("revocation-right", "its introduction does not make the signer the key's operator")
    if not is_signed(introduction):
        raise RemoteProtocolError("revocation-right", "its introduction is not signed by the subject")
    return End(notice.subject, "revoked-by-operator", signed.wire, notice.reason)
