"""A receipt can be checked by a stranger, and no field of it can be changed."""

from __future__ import annotations

import base64
import json

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.compute import (
    Artefact,
    Receipt,
    ReceiptBody,
    encode_receipt,
    execute,
    identity,
    parse_receipt,
    public_key,
    runtime_of,
    sign_receipt,
    signing_key,
    verification_of,
    verify_by_execution,
    verify_output,
    verify_receipt,
    workload,
)
from orbitalcloud.compute.tensors import read_tensors, write_tensors
from orbitalcloud.compute.verification import compare_outputs
from orbitalcloud.core import DataError, canonical_json, digest_of

KEY = signing_key(bytes(range(32)))


def make(artefact: Artefact, data: bytes, output: bytes | None = None, **changes: object) -> tuple[Receipt, bytes]:
    outcome = execute(artefact, data)
    output = outcome.output if output is None else output
    body = ReceiptBody(
        job="job-1",
        satellite="genesis-1",
        public_key=public_key(KEY),
        artefact=artefact.digest,
        input=digest_of(data),
        output=digest_of(output),
        output_bytes=len(output),
        accelerator="jetson-orin-nano",
        runtime=runtime_of(artefact),
        verification=verification_of(artefact),
        operations=outcome.usage.operations,
        fuel=outcome.usage.fuel,
        memory_bytes=outcome.usage.memory_bytes,
        duration_ns=10_000_000,
        energy_mj=150,
        throttled=False,
        started="2026-03-20T12:00:00.000Z",
        finished="2026-03-20T12:00:00.010Z",
        latitude_udeg=78_230_000,
        longitude_udeg=-15_390_000,
    )
    return sign_receipt(msgspec.structs.replace(body, **changes), KEY), output


WATER = workload("water-map")
RECEIPT, OUTPUT = make(WATER.artefact(), WATER.inputs()[0])


def test_ed25519_is_rfc_8032s() -> None:
    """RFC 8032, section 7.1, test 3."""
    secret = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    assert public_key(secret) == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    assert identity.sign(secret, bytes.fromhex("af82")).hex() == (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    with pytest.raises(DataError, match="64 hex digits"):
        identity.verify("zz", bytes(64), b"")


def test_a_stranger_checks_it_with_json_and_ed25519_alone() -> None:
    fields = json.loads(encode_receipt(RECEIPT))
    signature = bytes.fromhex(fields.pop("signature"))
    message = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    key = Ed25519PublicKey.from_public_bytes(base64.b16decode(fields["public_key"].upper()))
    key.verify(signature, message)


def test_a_good_receipt_passes_every_check() -> None:
    again = parse_receipt(encode_receipt(RECEIPT))
    assert again == RECEIPT
    assert again.digest == digest_of(canonical_json(RECEIPT))
    assert verify_receipt(again).ok
    assert verify_receipt(again, public_key(KEY)).ok
    assert verify_output(again, OUTPUT).ok
    why = verify_by_execution(again, WATER.artefact(), WATER.inputs()[0], OUTPUT)
    assert (why.ok, why.rule) == (True, "execution")


@pytest.mark.parametrize("field", [f for f in Receipt.__struct_fields__ if f not in ("version", "signature")])
def test_any_changed_field_breaks_the_signature(field: str) -> None:
    old = getattr(RECEIPT, field)
    new: object
    if isinstance(old, bool):
        new = not old
    elif isinstance(old, int):
        new = old + 1
    elif field == "public_key":
        new = public_key(signing_key(bytes(32)))
    elif field in ("artefact", "input", "output"):
        new = digest_of(b"other")
    elif field == "verification":
        new = "tolerance"
    elif field in ("started", "finished"):
        new = old.replace("12:00:00.0", "12:00:00.00") if field == "started" else old.replace("010Z", "011Z")
    else:
        new = old + "x"
    why = verify_receipt(msgspec.structs.replace(RECEIPT, **{field: new}))
    assert (why.ok, why.rule) == (False, "signature")


def test_the_caller_may_know_whose_key_it_must_be() -> None:
    assert verify_receipt(RECEIPT, public_key(signing_key(bytes(32)))).rule == "public-key"


def test_time_does_not_run_backwards() -> None:
    receipt, _ = make(WATER.artefact(), WATER.inputs()[0], finished="2026-03-20T11:59:59Z")
    assert verify_receipt(receipt).rule == "time"


def test_a_signed_lie_is_found_by_running_it_again() -> None:
    artefact, data = WATER.artefact(), WATER.inputs()[0]
    lie = bytearray(OUTPUT)
    lie[40] ^= 1
    for receipt, given_output, rule in (
        (make(artefact, data, bytes(lie))[0], bytes(lie), "output-digest"),
        (make(artefact, data, fuel=1)[0], OUTPUT, "meter"),
        (make(artefact, data, verification="tolerance")[0], OUTPUT, "class"),
        (RECEIPT, bytes(lie), "output-digest"),
    ):
        why = verify_by_execution(receipt, artefact, data, given_output)
        assert (why.ok, why.rule) == (False, rule)
    protein = workload("protein-fitness").artefact()
    assert verify_by_execution(RECEIPT, protein, data).rule == "artefact-digest"
    assert verify_by_execution(RECEIPT, artefact, WATER.inputs()[1]).rule == "input-digest"


def test_float_results_are_compared_as_numbers() -> None:
    cloud = workload("cloud-mask")
    artefact, data = cloud.artefact(), cloud.inputs()[0]
    receipt, output = make(artefact, data)
    assert verify_by_execution(receipt, artefact, data).rule == "execution"
    tensors = {n: t.copy() for n, t in read_tensors(output).items()}
    tensors["mask"].reshape(-1)[:5] ^= 1  # five pixels fall on the other side, as where two classes tie
    tensors["pixels"] += np.array([5, -5, 0], np.int32)
    near = write_tensors(tensors)
    tensors["mask"].reshape(-1)[:500] ^= 1
    far = write_tensors(tensors)
    assert verify_by_execution(make(artefact, data, near)[0], artefact, data, near).ok
    assert verify_by_execution(make(artefact, data, near)[0], artefact, data).rule == "tolerance"
    why = verify_by_execution(make(artefact, data, far)[0], artefact, data, far)
    assert (why.ok, why.rule, why.unit) == (False, "tolerance", "ppm")
    assert why.value > why.limit


def test_tolerance_is_relative_to_the_scale_and_refuses_nan() -> None:
    ours = np.linspace(-3, 3, 1000, dtype=np.float32)
    for error, ok in ((1e-4, True), (1e-2, False), (np.nan, False)):
        theirs = ours.copy()
        theirs[7] += np.float32(error)
        assert compare_outputs(write_tensors({"a": theirs}), write_tensors({"a": ours})).ok is ok
    assert not compare_outputs(write_tensors({"a": ours[1:]}), write_tensors({"a": ours})).ok
    assert not compare_outputs(b"junk", write_tensors({"a": ours})).ok


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": 1}, "unknown field `extra`"),
        ({"energy_mj": 1.5}, "Expected `int`"),
        ({"energy_mj": -1}, ">= 0"),
        ({"output": "sha256:00"}, "matching regex"),
        ({"signature": "00"}, "matching regex"),
        ({"started": "yesterday, at about noon"}, "UTC ISO 8601"),
        ({"latitude_udeg": 95_000_000}, "<= 90000000"),
        ({"version": "orbital-receipt/9"}, "orbital-receipt/9"),
        ({"job": "x" * 201}, "length <= 200"),
    ],
)
def test_malformed_receipts_are_refused_with_the_field(change: dict[str, object], words: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_receipt(json.dumps(json.loads(encode_receipt(RECEIPT)) | change).encode())
    assert words in str(caught.value)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        parse_receipt(data)
    with pytest.raises(DataError, match="at most 16384 bytes"):
        parse_receipt(data.ljust(16_385, b" "))
