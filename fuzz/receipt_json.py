"""Receipts of jobs (JSON with an Ed25519 signature), and the jobs and results that travel in bundles."""

from __future__ import annotations

from orbitalcloud.compute import (
    Job,
    ReceiptBody,
    Request,
    Result,
    decode_request,
    decode_result,
    encode_receipt,
    encode_request,
    encode_result,
    parse_receipt,
    public_key,
    sign_receipt,
    verify_receipt,
)
from orbitalcloud.core import DataError, Instant, RemoteProtocolError, digest_of

_PRIVATE = b"\x07" * 32


def corpus() -> dict[str, bytes]:
    """A receipt signed for the occasion, and what carries one."""
    names = dict.fromkeys(("artefact", "input", "output"), digest_of(b"x"))
    counts = dict.fromkeys(("output_bytes", "operations", "fuel", "memory_bytes", "duration_ns", "energy_mj"), 12345)
    receipt = sign_receipt(
        ReceiptBody(
            job="water-map-001",
            satellite="genesis-1",
            public_key=public_key(_PRIVATE),
            accelerator="jetson-orin-nx-16gb",
            runtime="wasmtime",
            verification="exact",
            throttled=False,
            started="2026-03-20T12:00:00Z",
            finished="2026-03-20T12:00:05.5Z",
            latitude_udeg=78_000_000,
            longitude_udeg=-15_000_000,
            **names,
            **counts,
        ),
        _PRIVATE,
    )
    job = Job("water-map-001", "water-map", digest_of(b"m"), digest_of(b"in"), Instant(10**18), "svalbard")
    return {
        "receipt": encode_receipt(receipt),
        "request": encode_request(Request(job, b"in", b"\0asm")),
        "result": encode_result(Result("water-map-001", "genesis-1", receipt, b"x")),
    }


def target(data: bytes) -> None:
    """What is read and verified says yes or no."""
    for read in (_receipt, decode_request, decode_result):
        try:
            read(data)
        except (DataError, RemoteProtocolError):
            pass


def _receipt(data: bytes) -> None:
    receipt = parse_receipt(data)
    verify_receipt(receipt)
    assert parse_receipt(encode_receipt(receipt)) == receipt
