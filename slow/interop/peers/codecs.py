"""The bundle codecs of pyD3TN and py-dtn7, asked a line at a time. Runs in the peers' environment, never in ours.

`{"ask": "make", …}` makes a bundle with pyD3TN; `{"ask": "read", "hex": …}` says what each of the two reads in ours.
"""

from __future__ import annotations

import json
import sys
import traceback

from py_dtn7 import Bundle as Dtn7Bundle
from pyd3tn.bundle7 import (
    Bundle,
    BundleAgeBlock,
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
    if ask.get("age_ms") is not None:
        blocks.append(BundleAgeBlock(ask["age_ms"], block_number=3, crc_type=crc))
    if ask.get("hops"):
        blocks.append(HopCountBlock(*ask["hops"], block_number=4, crc_type=crc))
    if ask.get("private"):
        kind, data = ask["private"]
        blocks.append(CanonicalBlock(kind, bytes.fromhex(data), block_number=5, crc_type=crc))
    payload = PayloadBlock(bytes.fromhex(ask["payload"]), crc_type=crc)
    return bytes(Bundle(primary, payload, blocks)).hex()


def report(ask: dict) -> str:
    """pyD3TN's status report on a bundle of ours."""
    subject = Bundle.parse(bytes.fromhex(ask["hex"]))
    record = BundleStatusReport.from_bundle(ask["status"], ask["reason"], subject)
    primary = PrimaryBlock(
        bundle_proc_flags=2,
        crc_type=CRCType.CRC32,
        destination=ask["destination"],
        source=ask["source"],
        report_to=None,
        creation_time=CreationTimestamp(ask["created_s"], 0),
        lifetime=1000,
    )
    return bytes(Bundle(primary, record)).hex()


def read(ask: dict) -> dict:
    """What pyD3TN and py-dtn7 find in a bundle."""
    data = bytes.fromhex(ask["hex"])
    theirs = Bundle.parse(data)
    primary = theirs.primary_block
    said = {
        "destination": str(primary.destination),
        "source": str(primary.source),
        "report_to": str(primary.report_to),
        "flags": int(primary.bundle_proc_flags),
        "created": list(primary.creation_time),
        "lifetime_ms": primary.lifetime,
        "blocks": [[int(block.block_type), block.block_number, int(block.crc_type)] for block in theirs],
        "payload": bytes(theirs.payload_block.data).hex(),
        "again": bytes(theirs).hex(),
        "crcs": all(_crc_holds(block) for block in theirs),
    }
    if ask.get("dtn7"):
        other = Dtn7Bundle.from_cbor(data)
        said["dtn7"] = {
            "destination": other.primary_block.full_destination_uri,
            "source": other.primary_block.full_source_uri,
            "payload": bytes(other.payload_block.data).hex(),
            "again": other.to_cbor().hex(),
        }
    return said


def record(ask: dict) -> dict:
    """pyD3TN's reading of a status report of ours."""
    found = Bundle.parse_administrative_record(bytes.fromhex(ask["hex"]))
    return {
        "received": found.is_received,
        "forwarded": found.is_forwarded,
        "delivered": found.is_delivered,
        "deleted": found.is_deleted,
        "reason": int(found.reason_code),
        "source": str(found.subject_source_eid),
    }


def _crc_holds(block: object) -> bool:
    if int(block.crc_type) == 0:
        return True
    return block.calculate_crc() == block.crc_provided if hasattr(block, "crc_provided") else True


STEPS = {"make": make, "read": read, "report": report, "record": record}


def main() -> None:
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            answer = {"ok": STEPS[ask["ask"]](ask)}
        except Exception:
            answer = {"error": traceback.format_exc(limit=3)}
        print(json.dumps(answer), flush=True)


main()
