"""Which security blocks may stand together in a bundle: RFC 9172 3.2 and 3.7 to 3.9.

`survey` judges a bundle that came (`RemoteProtocolError("security-conflict")`), the two `check_` functions a block
about to be added (`LocalProtocolError`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network.bundle import (
    BLOCK_CONFIDENTIALITY,
    BLOCK_INTEGRITY,
    DISCARD_UNPROCESSED,
    PAYLOAD,
    REPLICATE,
    Bundle,
)
from orbitalcloud.network.security.asb import SECURITY, SecurityBlock, read_asb


class Survey(msgspec.Struct, frozen=True):
    """The security of a bundle: the readable blocks by number, and which block signs or seals which target."""

    blocks: dict[int, SecurityBlock]
    signed: dict[int, int]
    sealed: dict[int, int]


def survey(bundle: Bundle, strict: bool = True) -> Survey:
    """The security blocks of a bundle, a sealed BIB left out; `RemoteProtocolError` where they break the rules.

    Not strict: a BIB may stand open beside the BCB of its target (against 3.9, which some senders ignore).
    """
    kinds = {block.number: block.type for block in bundle.blocks}
    blocks: dict[int, SecurityBlock] = {}
    sealed: dict[int, int] = {}
    signed: dict[int, int] = {}
    for block in bundle.blocks:
        if block.type == BLOCK_CONFIDENTIALITY:
            asb = blocks[block.number] = read_asb(block.data)
            _claim(sealed, asb, block.number, kinds)
            _check_bcb(asb, block.flags, kinds)
    for block in bundle.blocks:
        if block.type == BLOCK_INTEGRITY and block.number not in sealed:
            asb = blocks[block.number] = read_asb(block.data)
            _claim(signed, asb, block.number, kinds)
            if any(kinds.get(target) in SECURITY for target in asb.targets):
                raise _conflict("a BIB has a security block as its target (RFC 9172 3.7)")
            if strict and any(target in sealed for target in asb.targets):
                raise _conflict("a sealed block has a BIB that is not sealed (RFC 9172 3.9)")
    return Survey(blocks, signed, sealed)


def check_opened_bib(bundle: Bundle, asb: SecurityBlock, sealed: dict[int, int]) -> None:
    """What `survey` could not see of a BIB that came sealed; it must sign something sealed too (RFC 9172 3.8)."""
    kinds = {block.number: block.type for block in bundle.blocks}
    if any(kinds.get(target) in SECURITY for target in _present(asb.targets, kinds)):
        raise _conflict("a BIB has a security block as its target (RFC 9172 3.7)")
    if not any(target in sealed for target in asb.targets):
        raise _conflict("a BIB is sealed and none of its targets is (RFC 9172 3.8)")


def check_bib_targets(bundle: Bundle, targets: tuple[int, ...]) -> None:
    """Whether a BIB with these targets may be added; `LocalProtocolError` says why not."""
    found = survey(bundle, strict=False)
    kinds = {block.number: block.type for block in bundle.blocks}
    _check_targets(targets, kinds)
    for target in targets:
        if kinds.get(target) in SECURITY:
            raise LocalProtocolError(f"block {target} is a security block: a BIB does not sign it (RFC 9172 3.7)")
        if target in found.signed:
            raise LocalProtocolError(f"block {target} has a BIB already (RFC 9172 3.2)")
        if target in found.sealed:
            raise LocalProtocolError(f"block {target} is sealed: sign first, then seal (RFC 9172 3.9)")


def check_bcb_targets(bundle: Bundle, targets: tuple[int, ...]) -> None:
    """Whether a BCB with these targets may be added; `LocalProtocolError` says why not."""
    found = survey(bundle, strict=False)
    kinds = {block.number: block.type for block in bundle.blocks}
    _check_targets(targets, kinds)
    after = {*targets, *found.sealed}
    for target in targets:
        if target == 0 or kinds[target] == BLOCK_CONFIDENTIALITY:
            raise LocalProtocolError(f"block {target} is never sealed (RFC 9172 3.8)")
        if target in found.sealed:
            raise LocalProtocolError(f"block {target} is sealed already (RFC 9172 3.2)")
        if kinds[target] == BLOCK_INTEGRITY and after.isdisjoint(found.blocks[target].targets):
            raise LocalProtocolError(f"BIB {target} is sealed only together with its target (RFC 9172 3.8)")
        bib = found.signed.get(target)
        if bib is not None and not after.issuperset((bib, *found.blocks[bib].targets)):
            raise LocalProtocolError(f"block {target} is signed by BIB {bib}: seal all of it too (RFC 9172 3.9)")


def _check_targets(targets: tuple[int, ...], kinds: dict[int, int]) -> None:
    if not targets or len(set(targets)) != len(targets):
        raise LocalProtocolError("a security block has targets, each once")
    missing = [target for target in targets if target and target not in kinds]
    if missing:
        raise LocalProtocolError(f"there is no block {missing[0]}")


def _claim(taken: dict[int, int], asb: SecurityBlock, number: int, kinds: dict[int, int]) -> None:
    for target in _present(asb.targets, kinds):
        if target in taken:
            raise _conflict(f"block {target} has the same service twice (RFC 9172 3.2)")
        taken[target] = number


def _present(targets: Iterable[int], kinds: dict[int, int]) -> Iterable[int]:
    for target in targets:
        if target and target not in kinds:
            raise _conflict(f"the target {target} is not in the bundle (RFC 9172 3.6)")
        yield target


def _check_bcb(asb: SecurityBlock, flags: int, kinds: dict[int, int]) -> None:
    for target in asb.targets:
        if target == 0 or kinds[target] == BLOCK_CONFIDENTIALITY:
            raise _conflict(f"a BCB has block {target} as its target (RFC 9172 3.8)")
        if kinds[target] == PAYLOAD and not flags & REPLICATE:
            raise _conflict("a BCB over the payload is not replicated in every fragment (RFC 9172 3.8)")
    if flags & DISCARD_UNPROCESSED:
        raise _conflict("a BCB asks to be discarded where it is not understood (RFC 9172 3.8)")


def _conflict(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError("security-conflict", detail)
