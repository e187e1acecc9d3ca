"""Policy per source and block: what must be signed, what sealed, what happens to what is neither, and what we secure.

A `Policy` is data. `judge` applies its demands to a whole bundle that came and gives the bundle to go on with, or none,
with a `Why`; `protect` (in its own file) applies its protections to a bundle made here. Both are pure: keys and IVs are
arguments.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from orbitalcloud.core.errors import DataError, LocalProtocolError, RemoteProtocolError
from orbitalcloud.core.why import Why
from orbitalcloud.network.bundle import (
    BLOCK_CONFIDENTIALITY,
    BLOCK_INTEGRITY,
    BUNDLE_AGE,
    HOP_COUNT,
    PAYLOAD,
    PREVIOUS_NODE,
    Bundle,
)
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security.asb import (
    BIB_HMAC_SHA2,
    COSE,
    COSE_SCOPE,
    SECURITY,
    find_block,
    read_asb,
    without_block,
    without_target,
)
from orbitalcloud.network.security.cose import DEFAULT_SCOPE, METADATA
from orbitalcloud.network.security.examine import Examination, Finding, accepted, examine
from orbitalcloud.network.security.keys import Keys

PRIMARY_BLOCK = 0
"""Stands for the primary block where a block type is asked for (RFC 9171 reserves the type 0)."""
ANY_BLOCK = -1
ANY_SOURCE = "*"

Outcome = Literal["accept", "strip", "drop"]
Role = Literal["verifier", "acceptor"]
"""RFC 9172 1.3: a verifier checks and passes on, an acceptor (where the bundle ends) opens and removes."""

_FIXED = (PRIMARY_BLOCK, PAYLOAD)
_CHANGED_ON_THE_WAY = (PREVIOUS_NODE, BUNDLE_AGE, HOP_COUNT)


class Demand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What blocks of one type from one source must have; `otherwise` is what happens to one that has not.

    `source` is a node name (`ipn:2`, a `dtn` node), a prefix ending in `*`, or `*`; `block` a type, `PRIMARY_BLOCK` or
    `ANY_BLOCK`. `contexts` are the security contexts whose signature counts. `by_source`: only the bundle's own source
    node's signature counts; `binds_primary`: it must cover the primary block too (COSE's AAD scope). The outcome
    `strip` removes the block with what secures it, and cannot be of primary or payload.
    """

    source: str = ANY_SOURCE
    block: int = ANY_BLOCK
    signed: bool = False
    sealed: bool = False
    otherwise: Outcome = "accept"
    contexts: tuple[int, ...] = (COSE, BIB_HMAC_SHA2)
    by_source: bool = True
    binds_primary: bool = False

    def __post_init__(self) -> None:
        if self.otherwise == "strip" and self.block in (*_FIXED, ANY_BLOCK):
            raise DataError("security policy", self.block, "name an extension block: only such can be stripped")
        if self.sealed and self.block in (PRIMARY_BLOCK, ANY_BLOCK):
            raise DataError("security policy", self.block, "the primary block is never sealed: name a block type")

    def covers(self, source: Eid, kind: int) -> bool:
        """Whether this demand is about such a block of such a source."""
        if self.block not in (ANY_BLOCK, kind):
            return False
        if self.source.endswith("*"):
            return source.node.startswith(self.source[:-1])
        return source.node == self.source


class Protection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How blocks of one type are secured in bundles made here."""

    block: int
    sign: Literal["", "cose", "hmac"] = "cose"
    seal: Literal["", "cose", "gcm"] = ""

    def __post_init__(self) -> None:
        if self.seal and self.block in (PRIMARY_BLOCK, *_CHANGED_ON_THE_WAY):
            raise DataError("security policy", self.block, "relays must read this block: leave it open")
        if self.block in (*SECURITY, *_CHANGED_ON_THE_WAY):
            raise DataError("security policy", self.block, "sign blocks that nobody changes on the way")
        if self.sign and self.seal == "gcm":
            raise DataError("security policy", self.seal, "write cose: BCB-AES-GCM would use one IV twice for this")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node's security policy: the first demand that covers a block holds; what none covers is accepted.

    `strict`: RFC 9172 3.9 is asked of senders; without it a BIB may stand open beside a sealed target.
    """

    demands: tuple[Demand, ...] = ()
    protections: tuple[Protection, ...] = ()
    strict: bool = True

    def demand(self, source: Eid, kind: int) -> Demand:
        """The demand that holds for such a block."""
        return next((demand for demand in self.demands if demand.covers(source, kind)), _NOTHING)


_NOTHING = Demand()


class Judgement(msgspec.Struct, frozen=True):
    """What became of a bundle: `bundle` is None where it is dropped; `whys` has a line for each thing done or found."""

    bundle: Bundle | None
    why: Why
    whys: tuple[Why, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: int = 0
    """RFC 9172 11.3's status-report reason where it was dropped, else 0."""

    @property
    def verdict(self) -> str:
        """Whose security operations on the payload were good, for people: `signed by dtn://a/`."""
        words = {BLOCK_INTEGRITY: "signed by", BLOCK_CONFIDENTIALITY: "sealed by"}
        good = [f"{words[f.service]} {f.source}" for f in self.findings if f.status == "good" and f.target == 1]
        return ", ".join(good)


MISSING, UNKNOWN, FAILED, CONFLICTING = 12, 13, 15, 16
"""Status-report reasons of RFC 9172 11.3; 14, an unexpected operation, is never held against a bundle here."""


def judge(bundle: Bundle, policy: Policy, keys: Keys, role: Role) -> Judgement:
    """Apply the demands to a whole bundle.

    An operation that fails is never accepted: its target is stripped where the demand says so, else the bundle is
    dropped. A fragment cannot be judged; a verifier passes it on, an acceptor reassembles first.
    """
    if bundle.is_fragment:
        if role == "acceptor":
            raise LocalProtocolError(f"{bundle.id}: reassemble before its security is judged")
        return Judgement(bundle, Why(True, "security-fragment", "security is judged when it is whole again"))
    try:
        seen = examine(bundle, keys, policy.strict)
    except RemoteProtocolError as error:
        why = Why(False, error.check, error.detail)
        return Judgement(None, why, (why,), reason=CONFLICTING)
    kept: Bundle | None = accepted(seen) if role == "acceptor" else bundle
    whys: list[Why] = []
    for number, kind in [(0, PRIMARY_BLOCK), *((block.number, block.type) for block in bundle.blocks)]:
        demand = _NOTHING if kind in SECURITY else policy.demand(bundle.source, kind)
        fault = _fault(seen, demand, number, kind, role)
        if fault is None:
            continue
        why, reason = fault
        whys.append(why)
        outcome = _outcome(demand, kind, why.rule)
        if outcome == "strip" and kept is not None:
            kept = _stripped(seen, kept, number)
        if outcome == "drop" or kept is None:
            return Judgement(None, why, tuple(whys), seen.findings, reason)
    good = sum(finding.status == "good" for finding in seen.findings)
    text = f"{good} of {len(seen.findings)} security operations are good, {len(whys)} blocks fall short"
    return Judgement(kept, Why(True, "security", text, good, len(seen.findings)), tuple(whys), seen.findings)


def _fault(seen: Examination, demand: Demand, number: int, kind: int, role: Role) -> tuple[Why, int] | None:
    """What is wrong with a block, and the reason code; None if nothing is."""
    name = "the primary block" if number == 0 else f"block {number} of type {kind}"
    here = [finding for finding in seen.findings if finding.target == number]
    failed = [finding for finding in here if finding.status == "failed"]
    if failed:
        return Why(False, "security-failed", f"{name}: {failed[0].check}, {failed[0].detail}"), FAILED
    shut = [finding for finding in here if finding.service == BLOCK_CONFIDENTIALITY and finding.status != "good"]
    if shut and role == "verifier":
        return None  # It is for somebody else to open, and its signature cannot be seen.
    if shut and kind not in SECURITY:
        return Why(False, "security-sealed", f"{name} stays sealed: {shut[0].detail}"), UNKNOWN
    if demand.sealed and seen.good(BLOCK_CONFIDENTIALITY, number) is None:
        return Why(False, "security-missing", f"{name} must be sealed and is not"), MISSING
    return _unsigned(seen, demand, number, name) if demand.signed else None


def _unsigned(seen: Examination, demand: Demand, number: int, name: str) -> tuple[Why, int] | None:
    good = seen.good(BLOCK_INTEGRITY, number)
    if good is None:
        tried = [f for f in seen.findings if f.target == number and f.service == BLOCK_INTEGRITY]
        if tried:
            return Why(False, "security-unknown", f"{name} is signed, but {tried[0].detail}"), UNKNOWN
        return Why(False, "security-missing", f"{name} must be signed and is not"), MISSING
    if good.context not in demand.contexts:
        return Why(False, "security-context", f"{name} is signed in context {good.context}"), MISSING
    if demand.by_source and good.source.node != seen.bundle.source.node:
        return Why(False, "security-source", f"{name} is signed by {good.source}, not by its source"), MISSING
    if demand.binds_primary and number and good.context == COSE:
        asb = read_asb(find_block(seen.opened, good.number).data)
        if not asb.scope_map(COSE_SCOPE, DEFAULT_SCOPE).get(0, 0) & METADATA:
            return Why(False, "security-scope", f"the signature of {name} fits any primary block"), MISSING
    return None


def _outcome(demand: Demand, kind: int, rule: str) -> Outcome:
    if rule == "security-failed":
        return "strip" if demand.otherwise == "strip" else "drop"
    if rule == "security-sealed" and demand.otherwise == "accept":
        return "drop" if kind in _FIXED else "strip"  # What cannot be read is of no use where the bundle ends.
    return demand.otherwise


def _stripped(seen: Examination, bundle: Bundle, number: int) -> Bundle | None:
    """The bundle without a block and all operations on it; None where one cannot be taken from its security block."""
    present = {block.number: block for block in bundle.blocks}
    for found in seen.findings:
        block = present.get(found.number)
        if found.target != number or block is None:
            continue
        try:
            asb = read_asb(block.data)
        except RemoteProtocolError:
            return None  # A BIB that is sealed in the bundle that goes on.
        if number in asb.targets:
            if asb.opaque and len(asb.targets) > 1:
                return None
            bundle = without_target(bundle, found.number, number)
            present = {block.number: block for block in bundle.blocks}
    return without_block(bundle, number)
