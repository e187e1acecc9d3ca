"""What the security blocks of a bundle that came are worth: every operation tried, its finding told.

BCBs are opened first, then BIBs checked on what was opened (RFC 9172 5.1). Nothing is decided here: `policy` does.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network.bundle import BLOCK_CONFIDENTIALITY, BLOCK_INTEGRITY, Bundle
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.security.asb import (
    BCB_AES_GCM,
    BIB_HMAC_SHA2,
    COSE,
    SecurityBlock,
    find_block,
    read_asb,
    with_data,
    without_target,
)
from orbitalcloud.network.security.confidentiality import open_gcm
from orbitalcloud.network.security.cose import open_cose, verify_cose
from orbitalcloud.network.security.integrity import verify_hmac
from orbitalcloud.network.security.keys import Keys
from orbitalcloud.network.security.rules import check_opened_bib, survey

Status = Literal["good", "failed", "no-key", "unknown", "sealed"]
"""`no-key`: nothing here to try it with; `unknown`: a context not known here; `sealed`: its target cannot be read."""

_OPENERS = {BCB_AES_GCM: open_gcm, COSE: open_cose}
_VERIFIERS = {BIB_HMAC_SHA2: verify_hmac, COSE: verify_cose}


class Finding(msgspec.Struct, frozen=True):
    """One security operation (a service on a target) and how it went; `check` and `detail` say what was wrong."""

    service: int
    """`BLOCK_INTEGRITY` or `BLOCK_CONFIDENTIALITY`."""
    number: int
    target: int
    context: int
    source: Eid
    status: Status
    check: str = ""
    detail: str = ""


class Examination(msgspec.Struct, frozen=True):
    """A bundle with everything opened that could be (`opened`; its security blocks still there), and the findings."""

    bundle: Bundle
    opened: Bundle
    findings: tuple[Finding, ...]

    def good(self, service: int, target: int) -> Finding | None:
        """The good operation of this service on the target, if there is one."""
        return next((f for f in self.findings if (f.service, f.target, f.status) == (service, target, "good")), None)


def examine(bundle: Bundle, keys: Keys, strict: bool = True) -> Examination:
    """Try every security operation of a whole bundle.

    `RemoteProtocolError` where a security block is malformed or they break the rules; what merely fails is a finding.
    """
    found = survey(bundle, strict)
    findings: list[Finding] = []
    opened = bundle
    for block in bundle.blocks:
        if block.type == BLOCK_CONFIDENTIALITY:
            asb = found.blocks[block.number]
            for index, target in enumerate(asb.targets):
                try:
                    opened = with_data(opened, target, _open(bundle, block.number, asb, index, keys))
                    findings.append(_finding(BLOCK_CONFIDENTIALITY, block.number, asb, target))
                except RemoteProtocolError as error:
                    findings.append(_finding(BLOCK_CONFIDENTIALITY, block.number, asb, target, error))
    unread = {f.target for f in findings if f.status != "good"}
    signed: dict[int, int] = {}
    for block in opened.blocks:
        if block.type == BLOCK_INTEGRITY and block.number not in unread:
            findings += _check_bib(opened, block.number, unread, found.sealed, signed, keys)
    return Examination(bundle, opened, tuple(findings))


def _check_bib(
    opened: Bundle, number: int, unread: set[int], sealed: dict[int, int], signed: dict[int, int], keys: Keys
) -> list[Finding]:
    asb = read_asb(find_block(opened, number).data)
    if number in sealed:
        check_opened_bib(opened, asb, sealed)
    findings = []
    for index, target in enumerate(asb.targets):
        if signed.setdefault(target, number) != number:
            raise RemoteProtocolError("security-conflict", f"block {target} is signed twice (RFC 9172 3.2)")
        try:
            if target in unread:
                raise RemoteProtocolError("security-sealed", f"block {target} cannot be read here")
            _verify(opened, number, asb, index, keys)
            findings.append(_finding(BLOCK_INTEGRITY, number, asb, target))
        except RemoteProtocolError as error:
            findings.append(_finding(BLOCK_INTEGRITY, number, asb, target, error))
    return findings


def _open(bundle: Bundle, number: int, asb: SecurityBlock, index: int, keys: Keys) -> bytes:
    if asb.context not in _OPENERS:
        raise RemoteProtocolError("security-context", f"context {asb.context} seals nothing known here")
    return _OPENERS[asb.context](bundle, find_block(bundle, number), asb, index, keys)


def _verify(bundle: Bundle, number: int, asb: SecurityBlock, index: int, keys: Keys) -> None:
    if asb.context not in _VERIFIERS:
        raise RemoteProtocolError("security-context", f"context {asb.context} signs nothing known here")
    _VERIFIERS[asb.context](bundle, find_block(bundle, number), asb, index, keys)


_STATUS: dict[str, Status] = {
    "security-key": "no-key",
    "security-context": "unknown",
    "security-sealed": "sealed",
}


def _finding(
    service: int, number: int, asb: SecurityBlock, target: int, error: RemoteProtocolError | None = None
) -> Finding:
    if error is None:
        return Finding(service, number, target, asb.context, asb.source, "good")
    status = _STATUS.get(error.check, "failed")
    return Finding(service, number, target, asb.context, asb.source, status, error.check, error.detail)


def accepted(seen: Examination) -> Bundle:
    """The bundle opened, and every good operation removed from it, as the security acceptor leaves it."""
    bundle = seen.opened
    for found in seen.findings:
        if found.status == "good":
            bundle = without_target(bundle, found.number, found.target)
    return bundle
