"""py-dtn7's bundle codec (AGPL-3.0), asked a line at a time: a process that we talk to, nothing of it is in ours."""

from __future__ import annotations

from asked import serve
from py_dtn7 import Bundle


def read(ask: dict) -> dict:
    """What py-dtn7 finds in a bundle, and the bytes that it would write of it."""
    theirs = Bundle.from_cbor(bytes.fromhex(ask["hex"]))
    return {
        "destination": theirs.primary_block.full_destination_uri,
        "source": theirs.primary_block.full_source_uri,
        "created": [theirs.primary_block.bundle_creation_time, theirs.primary_block.sequence_number],
        "payload": bytes(theirs.payload_block.data).hex(),
        "again": theirs.to_cbor().hex(),
    }


serve({"read": read})
