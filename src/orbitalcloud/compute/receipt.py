"""Receipts: what a satellite swears it did. Readable JSON, signed over its canonical form, without a float.

The signature is Ed25519 over the RFC 8785 JSON of the receipt with `signature` left out, so anyone can check it with a
JSON and an Ed25519 library. Times are UTC ISO 8601 text, positions microdegrees (geodetic, WGS84), energy millijoules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from orbitalcloud.compute import identity
from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.runtime import execute, runtime_of, verification_of
from orbitalcloud.compute.usage import Limits, Outcome
from orbitalcloud.compute.verification import compare_outputs
from orbitalcloud.core.encoding import canonical_json, digest_of
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import parse_instant
from orbitalcloud.core.why import Why

MAX_BYTES = 16_384

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Digest = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]
Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Hex64 = Annotated[str, Meta(pattern="^[0-9a-f]{128}$")]
Time = Annotated[str, Meta(min_length=20, max_length=30)]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class ReceiptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed: which code turned which input into which output, where, when, by whom and at what cost."""

    version: Literal["orbital-receipt/1"] = "orbital-receipt/1"
    job: Text
    satellite: Text
    public_key: Hex32
    artefact: Digest
    input: Digest
    output: Digest
    output_bytes: Count
    accelerator: Text
    runtime: Text
    verification: Literal["exact", "tolerance"]
    operations: Count
    fuel: Count
    memory_bytes: Count
    duration_ns: Count
    energy_mj: Count
    throttled: bool
    started: Time
    finished: Time
    latitude_udeg: Annotated[int, Meta(ge=-90_000_000, le=90_000_000)]
    longitude_udeg: Annotated[int, Meta(ge=-180_000_000, le=180_000_000)]


class Receipt(ReceiptBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body with its signature."""

    signature: Hex64

    @property
    def digest(self) -> str:
        """The name of this receipt: the digest of its canonical JSON, signature included."""
        return digest_of(canonical_json(self))


def signed_bytes(receipt: ReceiptBody) -> bytes:
    """The canonical bytes that the signature covers."""
    fields = msgspec.to_builtins(receipt)
    fields.pop("signature", None)
    return canonical_json(fields)


def sign_receipt(body: ReceiptBody, private: bytes) -> Receipt:
    """The signed receipt. `body.public_key` must be the key of `private`."""
    assert body.public_key == identity.public_key(private), "a satellite signs with the key that the receipt names"
    signature = identity.sign(private, signed_bytes(body)).hex()
    return Receipt(**msgspec.structs.asdict(body), signature=signature)


def encode_receipt(receipt: Receipt) -> bytes:
    """JSON for people and files: one field a line. Its layout is not signed."""
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt; `DataError` unless it is one, of bounded size, with every field in its form and no other."""
    if len(data) > MAX_BYTES:
        raise DataError("receipt", f"{len(data)} bytes", f"a receipt has at most {MAX_BYTES} bytes")
    try:
        receipt = msgspec.json.decode(data, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError("receipt", data[:60].decode("utf-8", "replace"), str(error)) from None
    for place, text in (("receipt.started", receipt.started), ("receipt.finished", receipt.finished)):
        try:
            parse_instant(text)
        except DataError as error:
            raise DataError(place, text, error.remedy) from None
    return receipt


def verify_receipt(receipt: Receipt, public_key: str = "") -> Why:
    """Check a receipt alone: the signer (`public_key`, where the caller knows whose it must be), times, signature."""
    if public_key and receipt.public_key != public_key:
        text = f"signed by {receipt.public_key[:16]}…, {receipt.satellite} has {public_key[:16]}…"
        return Why(False, "public-key", text)
    if parse_instant(receipt.finished) < parse_instant(receipt.started):
        return Why(False, "time", f"finished {receipt.finished}, before it started {receipt.started}")
    try:
        good = identity.verify(receipt.public_key, bytes.fromhex(receipt.signature), signed_bytes(receipt))
    except DataError as error:
        return Why(False, "public-key", str(error))
    if not good:
        return Why(False, "signature", "the signature is not over these fields: a field or the signature was changed")
    return Why(True, "signature", f"signed by {receipt.satellite}, key {receipt.public_key[:16]}…")


def verify_output(receipt: Receipt, output: bytes) -> Why:
    """Check that `output` is the one the receipt swears to."""
    if digest_of(output) != receipt.output:
        return Why(False, "output-digest", f"the output is {digest_of(output)}, the receipt says {receipt.output}")
    return Why(True, "output-digest", "the output is the receipt's")


def verify_by_execution(
    receipt: Receipt,
    artefact: Artefact,
    data: bytes,
    output: bytes | None = None,
    limits: Limits | None = None,
    run: Callable[[Artefact, bytes, Limits], Outcome] = execute,
) -> Why:
    """Run the job again, by `run`, and compare.

    The exact class compares digests and fuel or operations. The tolerance class does too, where the runtime is the
    receipt's; elsewhere it compares numbers and needs the claimed `output`. Rules: `signature`, `public-key`, `time`,
    `artefact-digest`, `input-digest`, `class`, `execution`, `meter`, `output-digest`, `tolerance`.
    """
    alone = verify_receipt(receipt)
    if not alone.ok:
        return alone
    if artefact.digest != receipt.artefact:
        return Why(False, "artefact-digest", f"this artefact is {artefact.digest}, the receipt's {receipt.artefact}")
    if digest_of(data) != receipt.input:
        return Why(False, "input-digest", f"this input is {digest_of(data)}, the receipt's {receipt.input}")
    if output is not None and not (claimed := verify_output(receipt, output)).ok:
        return claimed
    if verification_of(artefact) != receipt.verification:
        return Why(False, "class", f"the artefact's class is {verification_of(artefact)}, not {receipt.verification}")
    again = run(artefact, data, limits or Limits())
    if again.failure:
        return Why(False, "execution", f"the job fails here: {again.failure}: {again.text}")
    if (again.usage.operations, again.usage.fuel) != (receipt.operations, receipt.fuel):
        text = f"{again.usage.operations} operations, {again.usage.fuel} fuel here"
        return Why(False, "meter", f"{text}; the receipt says {receipt.operations}, {receipt.fuel}")
    if digest_of(again.output) == receipt.output:
        return Why(True, "execution", f"executed again on {again.runtime}: the same {len(again.output)} bytes")
    if receipt.verification == "exact":
        return Why(False, "output-digest", f"executed again, the output is {digest_of(again.output)}")
    if output is None:
        return Why(False, "tolerance", f"other bytes on {runtime_of(artefact)}: give the output to compare numbers")
    return compare_outputs(output, again.output)
