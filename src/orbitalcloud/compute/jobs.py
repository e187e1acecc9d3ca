"""Jobs and results as they travel in bundles.

Both are MessagePack arrays of fixed fields (https://github.com/msgpack/msgpack/blob/master/spec.md), decoded straight
into types, so a wrong length, type or extra field is refused before anything looks at it. A request carries its
artefact inline or names it by digest, because a satellite usually has the model aboard and the uplink is narrow.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.compute.artefact import MAX_ONNX_BYTES
from orbitalcloud.compute.receipt import Digest, Receipt, Text
from orbitalcloud.compute.usage import Limits
from orbitalcloud.core.encoding import digest_of
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import Instant

MAX_INPUT_BYTES = 64 * 2**20
MAX_OUTPUT_BYTES = 64 * 2**20
_MANIFEST_BYTES = 65_536

Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class JobLimits(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the job may use at most; 0 operations means as counted."""

    fuel: Whole = 10_000_000_000
    memory_bytes: Whole = 512 * 2**20
    output_bytes: Whole = 16 * 2**20
    operations: Whole = 0

    def as_limits(self) -> Limits:
        return Limits(self.fuel, self.memory_bytes, self.output_bytes, self.operations)


class Job(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The manifest. `value` is what a result in time is worth (µ-units of the mission's currency), `priority` 0 to 9.

    `verification` is the policy (`receipt`, `replicate:2`, …). A modelled job (`modelled_operations` > 0) has only its
    cost; nothing is executed and its output is zeros.
    """

    id: Text
    name: Text
    artefact: Digest
    input: Digest
    deadline: Whole
    reply_to: Text
    value: Whole = 0
    priority: Annotated[int, Meta(ge=0, le=9)] = 4
    verification: Text = "receipt"
    limits: JobLimits = JobLimits()
    forbidden: Annotated[tuple[Text, ...], Meta(max_length=64)] = ()
    modelled_operations: Whole = 0
    modelled_output_bytes: Whole = 0
    modelled_integer: bool = False
    guards: Annotated[tuple[Text, ...], Meta(max_length=8)] = ()

    @property
    def executed(self) -> bool:
        return self.modelled_operations == 0

    def due(self) -> Instant:
        return Instant(self.deadline)


class Request(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="orbital-job/1"):
    """A job with its input, and its artefact unless the satellite has it."""

    job: Job
    input: Annotated[bytes, Meta(max_length=MAX_INPUT_BYTES)]
    artefact: Annotated[bytes, Meta(max_length=MAX_ONNX_BYTES)] | None = None


class Result(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="orbital-result/1"):
    """What comes down: a receipt with the output it swears to, or the name of the failure and a sentence.

    `refused` says that the node declined (its rule is `failure`): nothing ran. A modelled job has no receipt.
    """

    job: Text
    satellite: Text
    receipt: Receipt | None
    output: Annotated[bytes, Meta(max_length=MAX_OUTPUT_BYTES)] = b""
    failure: Annotated[str, Meta(max_length=64)] = ""
    text: Annotated[str, Meta(max_length=400)] = ""
    refused: bool = False


def encode_request(request: Request) -> bytes:
    """The request's bytes, one form for equal requests."""
    return msgspec.msgpack.encode(request)


def decode_request(data: bytes) -> Request:
    """Bytes from a peer → a request whose digests fit its bytes; `RemoteProtocolError` otherwise."""
    _bound(data, MAX_INPUT_BYTES + MAX_ONNX_BYTES + _MANIFEST_BYTES)
    try:
        request = msgspec.msgpack.decode(data, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("job-form", str(error)) from None
    if digest_of(request.input) != request.job.input:
        raise RemoteProtocolError("input-digest", f"job {request.job.id}: the input is {digest_of(request.input)}")
    if request.artefact is not None and digest_of(request.artefact) != request.job.artefact:
        raise RemoteProtocolError("artefact-digest", f"job {request.job.id}: {digest_of(request.artefact)}")
    return request


def encode_result(result: Result) -> bytes:
    """The result's bytes, one form for equal results."""
    return msgspec.msgpack.encode(result)


def decode_result(data: bytes) -> Result:
    """Bytes from a peer → a result; `RemoteProtocolError` if it is not one. The receipt is not yet verified."""
    _bound(data, MAX_OUTPUT_BYTES + _MANIFEST_BYTES)
    try:
        result = msgspec.msgpack.decode(data, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("result-form", str(error)) from None
    if result.failure and (result.receipt or result.output):
        raise RemoteProtocolError("result-form", f"job {result.job}: a failure has neither receipt nor output")
    return result


def _bound(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise RemoteProtocolError("size", f"{len(data)} bytes, {limit} allowed")
