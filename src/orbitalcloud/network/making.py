"""The agent's dealings with bundles that need no state: making one, judging one, passing one on."""

from __future__ import annotations

import msgspec

from orbitalcloud.core import records
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import (
    BLOCK_CONFIDENTIALITY,
    BLOCK_INTEGRITY,
    BUNDLE_AGE,
    DELETE_UNPROCESSED,
    DISCARD_UNPROCESSED,
    HOP_COUNT,
    MAX_BYTES,
    PATH_NOW,
    PAYLOAD,
    PREVIOUS_NODE,
    PRIORITY,
    REPLICATE,
    REPORT_UNPROCESSED,
    TOLERANCES,
    Block,
    Bundle,
    decode,
    dtn_ms,
    encode,
    hop_count_data,
    with_block,
)
from orbitalcloud.network.eid import NULL, Eid

_PROCESSED = frozenset(
    (PAYLOAD, PREVIOUS_NODE, BUNDLE_AGE, HOP_COUNT, BLOCK_INTEGRITY, BLOCK_CONFIDENTIALITY, PRIORITY, PATH_NOW)
)


def make_bundle(
    destination: Eid,
    source: Eid,
    now: Instant,
    sequence: int,
    lifetime_ms: int,
    payload: bytes,
    priority: int,
    hops: int,
    flags: int = 0,
    report_to: Eid = NULL,
    path_now_ms: int | None = None,
) -> Bundle:
    """A bundle as this project makes them: CRC-32C everywhere, a hop count (at 1), a priority unless it is 1.

    With `path_now_ms` also the wish for a path now, with a wait of so much at most at each node.
    """
    assert 0 <= priority < 24, priority
    assert now > 0, "DTN time begins in 2000"
    assert lifetime_ms >= 0, lifetime_ms
    blocks = [Block(HOP_COUNT, 2, hop_count_data(hops, 1), REPLICATE)]
    if priority != 1:
        blocks.append(Block(PRIORITY, 3, cbor.unsigned(priority), REPLICATE))
    if path_now_ms is not None:
        blocks.append(Block(PATH_NOW, 4, cbor.unsigned(path_now_ms), REPLICATE))
    blocks.append(Block(PAYLOAD, 1, payload))
    return Bundle(destination, source, dtn_ms(now), sequence, lifetime_ms, tuple(blocks), report_to, flags)


def forwarded(bundle: Bundle, node: Eid) -> Bundle:
    """The bundle as `node` passes it on: unknown blocks discarded where they ask for it, hop and previous node set.

    One without a hop count gets one: a bundle that comes round again must not look like a repetition of itself, which
    the convergence layer acknowledges without keeping.
    """
    kept = tuple(b for b in bundle.blocks if b.type in _PROCESSED or not b.flags & DISCARD_UNPROCESSED)
    if len(kept) != len(bundle.blocks):
        bundle = msgspec.structs.replace(bundle, blocks=kept)
    hops = bundle.hops
    limit, count = hops if hops is not None else (255, 0)
    bundle = with_block(bundle, HOP_COUNT, hop_count_data(limit, min(count + 1, 255)), REPLICATE)
    return with_block(bundle, PREVIOUS_NODE, node.encoded)


def without_sums(wire: bytes) -> bytes:
    """An encoded bundle with no CRC on any block, for a neighbour that reads none.

    RFC 9171 4.3.1 lets a primary block change on no way, and asks for a CRC on it: this breaks both, so it is done
    only where a person says so of a neighbour. What a signature or a seal covers stays as it is.
    """
    bundle = decode(wire, MAX_BYTES, TOLERANCES)
    if bundle.block(BLOCK_INTEGRITY) or bundle.block(BLOCK_CONFIDENTIALITY):
        return wire
    blocks = tuple(msgspec.structs.replace(block, crc=0) for block in bundle.blocks)
    return encode(msgspec.structs.replace(bundle, crc=0, blocks=blocks))


def hop_count(bundle: Bundle) -> int:
    """Hops so far as the bundle says, 0 where it does not."""
    hops = bundle.hops
    return 0 if hops is None else hops[1]


def unwanted(bundle: Bundle, now: Instant, expires: Instant, skew_ns: int) -> Why | None:
    """Why a bundle that arrived is dropped at once; None if it is not."""
    if expires <= now:
        text = f"its lifetime ended at {iso(expires)}"
        return Why(False, "lifetime", text, now // MILLISECOND, expires // MILLISECOND, "ms")
    if bundle.created_ms and bundle.created > now + skew_ns:
        ahead = (bundle.created - now) // MILLISECOND
        return Why(False, "clock", f"it was created {ahead} ms in the future", ahead, skew_ns // MILLISECOND, "ms")
    if bundle.destination.is_null:
        return Why(False, "destination", "it is for nobody")
    hops = bundle.hops
    if hops is not None and (hops[1] > hops[0] or hops[1] == 255):
        return Why(False, "hops", f"it went {hops[1]} hops and may go {hops[0]}", hops[1], hops[0], "hop")
    for block in bundle.blocks:
        if block.type not in _PROCESSED and block.flags & DELETE_UNPROCESSED:
            return Why(False, "block", f"block type {block.type} is unknown here and asks for deletion")
    return None


def asks_to_report(bundle: Bundle) -> bool:
    """Whether a block that is unknown here wants that reported (RFC 9171 5.6, step 3)."""
    return any(block.type not in _PROCESSED and block.flags & REPORT_UNPROCESSED for block in bundle.blocks)


def refused(now: Instant, node: str, peer: str, size_bytes: int, error: RemoteProtocolError) -> records.FrameRefused:
    """The record of bytes that broke the protocol."""
    return records.FrameRefused(
        at=now, node=node, peer=peer, size_bytes=size_bytes, check=error.check, detail=error.detail
    )


def created(
    now: Instant, node: str, bundle: Bundle, size_bytes: int, purpose: str, awaited: bool
) -> records.BundleCreated:
    """The record of a bundle made here."""
    return records.BundleCreated(
        at=now,
        node=node,
        bundle=bundle.id,
        destination=bundle.destination.text,
        size_bytes=size_bytes,
        purpose=purpose,
        awaited=awaited,
    )


def made_at(now: Instant, bundle: Bundle) -> Instant:
    """When a bundle was made: its creation time, or by its age where its maker had no clock."""
    return bundle.created if bundle.created_ms else Instant(now - (bundle.age_ms or 0) * MILLISECOND)


def delivered(now: Instant, node: str, bundle: Bundle, made: Instant, security: str = "") -> records.BundleDelivered:
    """The record of a bundle for this node, with what is said of its security."""
    return records.BundleDelivered(
        at=now,
        node=node,
        bundle=bundle.id,
        source=bundle.source.text,
        size_bytes=len(bundle.payload),
        delay_ms=(now - made) // MILLISECOND,
        security=security,
    )
