"""Jobs and results survive the journey unchanged, or are refused by the check that failed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.compute import (
    Job,
    JobLimits,
    Request,
    Result,
    decode_request,
    decode_result,
    encode_request,
    encode_result,
)
from orbitalcloud.compute.usage import Limits
from orbitalcloud.core import RemoteProtocolError, digest_of

NAMES = st.text(min_size=1, max_size=40)
WHOLE = st.integers(0, 2**63 - 1)
LIMITS = st.builds(JobLimits, WHOLE, WHOLE, WHOLE, WHOLE)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    data, code = draw(st.binary(max_size=300)), draw(st.none() | st.binary(max_size=300))
    job = Job(
        draw(NAMES),
        draw(NAMES),
        digest_of(b"aboard" if code is None else code),
        digest_of(data),
        draw(WHOLE),
        draw(NAMES),
        draw(WHOLE),
        draw(st.integers(0, 9)),
        draw(NAMES),
        draw(LIMITS),
        tuple(draw(st.lists(NAMES, max_size=3))),
        draw(WHOLE),
        draw(WHOLE),
    )
    return Request(job, data, code)


@given(requests())
def test_a_request_arrives_as_it_left(request: Request) -> None:
    data = encode_request(request)
    assert decode_request(data) == request
    assert encode_request(decode_request(data)) == data


@given(requests(), st.data())
def test_no_damage_goes_unseen_into_a_job(request: Request, data: st.DataObject) -> None:
    """A cut or longer message is refused; a changed byte is refused, or changes only what no digest names."""
    good = encode_request(request)
    for bad in (good[: data.draw(st.integers(0, len(good) - 1))], good + b"\0"):
        with pytest.raises(RemoteProtocolError):
            decode_request(bad)
    changed = bytearray(good)
    changed[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = decode_request(bytes(changed))
    except RemoteProtocolError:
        return
    assert digest_of(other.input) == other.job.input


JOB = Job("j", "n", digest_of(b"code"), digest_of(b"data"), 1, "svalbard")


def test_bytes_must_be_those_that_the_manifest_names() -> None:
    for request, check in ((Request(JOB, b"other"), "input-digest"), (Request(JOB, b"data", b"x"), "artefact-digest")):
        with pytest.raises(RemoteProtocolError) as caught:
            decode_request(encode_request(request))
        assert caught.value.check == check


def test_a_result_is_not_a_request_and_strangers_are_neither() -> None:
    result = encode_result(Result("j", "s", None, b"", "fuel", "all used"))
    assert decode_result(result).failure == "fuel"
    for data in (result, b"", b"\xc1", b"\x91" * 5000, msgspec.msgpack.encode({"job": 1})):
        with pytest.raises(RemoteProtocolError) as caught:
            decode_request(data)
        assert caught.value.check == "job-form"
    with pytest.raises(RemoteProtocolError):
        decode_result(encode_request(Request(JOB, b"data")))
    with pytest.raises(RemoteProtocolError, match="neither receipt nor output"):
        decode_result(encode_result(Result("j", "s", None, b"output", "fuel", "all used")))


def test_limits_become_the_runtimes() -> None:
    assert JobLimits(1, 2, 3, 4).as_limits() == Limits(1, 2, 3, 4)
    assert JobLimits().as_limits() == Limits()
    assert JOB.executed
    assert not msgspec.structs.replace(JOB, modelled_operations=1).executed
