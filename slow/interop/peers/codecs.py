"""pyD3TN's bundle codec, asked a line at a time. Runs in the peers' environment, never in ours.

`{"ask": "make", …}` makes a bundle; `{"ask": "read", "hex": …}` says what it finds in ours; `report` and `record` are
its status reports, out and in.
"""

from __future__ import annotations

from datetime import UTC, datetime

from asked import serve
from pyd3tn.bundle7 import (
    BlockProcFlag,
    Bundle,
    BundleAgeBlock,
    BundleProcFlag,
    BundleStatusReport,
    CanonicalBlock,
    CRCType,
    CreationTimestamp,
    HopCountBlock,
    PayloadBlock,
    PreviousNodeBlock,
    PrimaryBlock,
)


def make(ask: dict) -> str:
    """A bundle as pyD3TN writes it."""
    crc = CRCType(ask["crc"])
    primary = PrimaryBlock(
        bundle_proc_flags=ask["flags"],
        crc_type=crc,
        destination=ask["destination"],
        source=ask["source"],
        report_to=ask["report_to"],
        creation_time=CreationTimestamp(ask["created_s"], ask["sequence"]),
        lifetime=ask["lifetime_ms"],
        fragment_offset=ask.get("offset"),
        total_payload_length=ask.get("total"),
    )
    blocks = []
    if ask.get("previous"):
        blocks.append(PreviousNodeBlock(ask["previous"], block_number=2, crc_type=crc))
    if ask.get("age_s") is not None:
        blocks.append(BundleAgeBlock(ask["age_s"], block_number=3, crc_type=crc))
    if ask.get("hops"):
        blocks.append(HopCountBlock(*ask["hops"], block_number=4, crc_type=crc))
    if ask.get("private"):
        kind, data = ask["private"]
        blocks.append(CanonicalBlock(kind, bytes.fromhex(data), block_number=5, crc_type=crc))
    payload = PayloadBlock(bytes.fromhex(ask["payload"]), crc_type=crc)
    return bytes(Bundle(primary, payload, blocks)).hex()


def report(ask: dict) -> str:
    """pyD3TN's status report on a bundle of ours, at an instant that we choose."""
    subject = Bundle.parse(bytes.fromhex(ask["hex"]))
    at = datetime.fromtimestamp(ask["at_s"], UTC)
    record = BundleStatusReport.from_bundle(ask["status"], ask["reason"], subject, at)
    primary = PrimaryBlock(
        bundle_proc_flags=2,
        crc_type=CRCType.CRC32,
        destination=ask["destination"],
        source=ask["source"],
        creation_time=CreationTimestamp(ask["at_s"], 0),
        lifetime=1000,
    )
    return bytes(Bundle(primary, record)).hex()


def read(ask: dict) -> dict:
    """What pyD3TN finds in a bundle, and the bytes that it would write of it."""
    theirs = Bundle.parse(bytes.fromhex(ask["hex"]))
    primary = theirs.primary_block
    return {
        "destination": str(primary.destination),
        "source": str(primary.source),
        "report_to": str(primary.report_to),
        "flags": int(primary.bundle_proc_flags),
        "created": list(primary.creation_time),
        "lifetime_ms": primary.lifetime,
        "fragment": [primary.fragment_offset, primary.total_payload_length],
        "blocks": [[int(block.block_type), block.block_number, int(block.crc_type)] for block in theirs],
        "payload": bytes(theirs.payload_block.data).hex(),
        "again": bytes(theirs).hex(),
        "crcs": [block.crc_provided == block.calculate_crc() for block in theirs if block.crc_type],
    }


def record(ask: dict) -> dict:
    """pyD3TN's reading of an administrative record of ours."""
    found = Bundle.parse_administrative_record(bytes.fromhex(ask["hex"]))
    status, reason, source, created, *rest = found["record_data"]
    return {
        "type": found["record_type"],
        "status": [list(one) for one in status],
        "reason": reason,
        "source": str(source),
        "created": list(created),
        "fragment": rest,
    }


def flags(ask: dict) -> dict[str, int]:
    """The numbers of pyD3TN's flags."""
    return {flag.name: int(flag) for kind in (BundleProcFlag, BlockProcFlag) for flag in kind if flag.name}


serve({"flags": flags, "make": make, "read": read, "report": report, "record": record})
