"""pyD3TN's side of bundle_codec: build one 1 kB five-block bundle, then time encoding and decoding it.

Its `parse` checks no CRC, so decoding is timed twice: alone, and with each block's CRC computed and compared.

Prints one line of JSON: the bundle's bytes, encodes and decodes a CPU second. Runs in an environment of its own.
"""

from __future__ import annotations

import json
import sys
from time import process_time

from pyd3tn.bundle7 import (
    Bundle,
    BundleAgeBlock,
    CRCType,
    CreationTimestamp,
    HopCountBlock,
    PayloadBlock,
    PreviousNodeBlock,
    PrimaryBlock,
)


def made(payload: bytes) -> Bundle:
    """The bundle: primary, previous node, hop count, age, payload; CRC-32C on each."""
    primary = PrimaryBlock(
        crc_type=CRCType.CRC32,
        destination="dtn://svalbard/inbox",
        source="dtn://genesis-1/outbox",
        report_to="dtn:none",
        creation_time=CreationTimestamp(1_774_008_000, 7),
        lifetime=86_400_000,
    )
    return Bundle(
        [
            primary,
            PreviousNodeBlock("dtn://genesis-1/", block_number=2, crc_type=CRCType.CRC32),
            HopCountBlock(30, 1, block_number=3, crc_type=CRCType.CRC32),
            BundleAgeBlock(5, block_number=4, crc_type=CRCType.CRC32),
            PayloadBlock(payload, crc_type=CRCType.CRC32),
        ]
    )


def checked(wire: bytes) -> Bundle:
    """Decode, and compare each block's CRC with its own."""
    bundle = Bundle.parse(wire)
    for block in bundle:
        given = block.crc_provided
        assert block.calculate_crc() == (int.from_bytes(given, "big") if isinstance(given, bytes) else given)
    return bundle


def main() -> None:
    rounds, payload = int(sys.argv[1]), bytes(range(256)) * 4
    bundle = made(payload)
    wire = bytes(bundle)
    begun = process_time()
    for _ in range(rounds):
        bytes(bundle)
    encoded = process_time()
    for _ in range(rounds):
        Bundle.parse(wire)
    parsed = process_time()
    for _ in range(rounds):
        checked(wire)
    decoded = process_time()
    rates = {
        "encode": rounds / (encoded - begun),
        "parse": rounds / (parsed - encoded),
        "decode": rounds / (decoded - parsed),
    }
    print(json.dumps({"wire": wire.hex(), **rates}))


if __name__ == "__main__":
    main()
