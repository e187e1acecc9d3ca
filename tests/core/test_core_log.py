"""The Log: one JSON line an entry, no floats, and a digest that anybody's sha256sum makes again."""

import hashlib
import io
import types
import typing

import msgspec
import pytest

from orbitalcloud.core import DataError, Log, Why, read_log, records
from orbitalcloud.core.encoding import canonical_json, digest_of, from_hex
from orbitalcloud.core.log import MAX_LINE_BYTES

ENTRIES = typing.get_args(records.Entry)


def sample(kind):
    """An instance of an entry class, each field with a value of its type."""
    values = {
        int: 3,
        str: "x",
        bool: True,
        Why: Why(True, "rule", "text"),
        tuple[int, ...]: (1, 2),
        tuple[str, ...]: ("a",),
    }
    return kind(**{field.name: values[field.type] for field in msgspec.structs.fields(kind)})


def test_the_digest_is_the_sha256_of_the_bytes():
    out = io.BytesIO()
    log = Log(out.write)
    for kind in ENTRIES:
        log.append(sample(kind))
    assert log.digest == "sha256:" + hashlib.sha256(out.getvalue()).hexdigest()
    assert log.entries == len(ENTRIES)
    assert log.size_bytes == len(out.getvalue())


@pytest.mark.parametrize("kind", ENTRIES, ids=lambda kind: kind.__name__)
def test_every_entry_reads_back(kind):
    out = io.BytesIO()
    Log(out.write).append(sample(kind))
    assert list(read_log(io.BytesIO(out.getvalue()))) == [sample(kind)]


@pytest.mark.parametrize("kind", ENTRIES, ids=lambda kind: kind.__name__)
def test_no_entry_can_hold_a_float(kind):
    def parts(item):
        yield item
        for inner in typing.get_args(item):
            yield from parts(inner)

    for field in msgspec.structs.fields(kind):
        assert float not in set(parts(field.type)), f"{kind.__name__}.{field.name}"
        assert not isinstance(field.type, types.UnionType), "an optional field would have two encodings of nothing"


def test_a_log_goes_on_from_a_prefix_as_if_unbroken():
    whole, part = io.BytesIO(), io.BytesIO()
    unbroken, first = Log(whole.write), Log(part.write)
    for kind in ENTRIES[:5]:
        unbroken.append(sample(kind))
        first.append(sample(kind))
    rest = Log(part.write, prefix=part.getvalue())
    for kind in ENTRIES[5:]:
        unbroken.append(sample(kind))
        rest.append(sample(kind))
    assert (rest.digest, rest.entries) == (unbroken.digest, unbroken.entries)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b'{"kind":"light-changed","at":1,"node":"x","phase":"umbra"}', "cut short"),
        (b'{"kind":"light-changed","at":1,"node":"x","phase":"umbra","more":1}\n', "unknown field"),
        (b'{"kind":"no-such-kind","at":1}\n', "Invalid value"),
        (b'{"kind":"light-changed","at":1.5,"node":"x","phase":"umbra"}\n', "int"),
        (b"\xff\n", "not a log entry"),
        (b" " * (MAX_LINE_BYTES + 1), "at most"),
    ],
)
def test_a_bad_line_is_named(line, word):
    with pytest.raises(DataError, match=word) as caught:
        list(read_log([b'{"kind":"flight-ended","at":1,"node":"","entries":1}\n', line], "log"))
    assert caught.value.place == "log:2"


def test_canonical_json_is_rfc_8785_for_what_is_signed():
    # the sorting example of RFC 8785, section 3.2.3, without its control characters
    value = {
        "peach": "This sorting order",
        "péché": "is wrong according to French",
        "pêche": "but canonicalization MUST",
    }
    text = '{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST"}'
    assert canonical_json(value) == text.encode()
    assert canonical_json({"b": [1, True, None], "a": -(2**53)}) == b'{"a":-9007199254740992,"b":[1,true,null]}'


@pytest.mark.parametrize("value", [1.5, {"a": float("nan")}, [2**53 + 1], {"x": {"y": [-(2**53) - 1]}}])
def test_what_json_readers_disagree_on_is_never_signed(value):
    with pytest.raises(DataError):
        canonical_json(value)


def test_digest_and_hex():
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert from_hex("0x00ff", 2) == b"\x00\xff"
    for text, size in (("0x0", None), ("zz", None), ("0x00", 2)):
        with pytest.raises(DataError, match="hex"):
            from_hex(text, size)
