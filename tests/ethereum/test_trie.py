"""The trie: official vectors, the independent `trie` package, and proofs that somebody tampered with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from trie import HexaryTrie
from trie.exceptions import BadTrieProof, ValidationError

from ethereum.execution_data import hexed, load
from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import rlp
from orbitalcloud.ethereum.trie import (
    EMPTY_ROOT,
    MAX_LIST_NODE_BYTES,
    build,
    keccak256,
    list_key,
    list_proof,
    list_root,
    list_trie,
    verify,
)

PROOF_CHECKS = {"proof-size", "proof-short", "proof-hash", "proof-node", "proof-surplus", "rlp"}

# Keys that collide in their first digits, end inside each other and have all lengths; values that inline and do not.
KEYS = st.one_of(
    st.binary(max_size=4), st.text("\x00\x01\x10\x11", max_size=6).map(lambda text: text.encode("latin-1"))
)
VALUES = st.one_of(st.binary(min_size=1, max_size=3), st.binary(min_size=28, max_size=40))
PAIRS = st.dictionaries(KEYS, VALUES, max_size=24)
SECURE = st.dictionaries(st.binary(max_size=4).map(keccak256), VALUES, max_size=40)


def refusal(root: bytes, key: bytes, proof: list[bytes], limit: int = 4096) -> str:
    with pytest.raises(RemoteProtocolError) as refused:
        verify(root, key, proof, limit)
    assert refused.value.check in PROOF_CHECKS
    assert len(refused.value.detail) < 200
    return refused.value.check


def theirs_of(pairs: Mapping[bytes, bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for key, value in pairs.items():
        trie[key] = value
    return trie


def text(value: str) -> bytes:
    return hexed(value) if value.startswith("0x") else value.encode()


def official() -> list[tuple[str, bool, Any]]:
    found = []
    for name in (
        "trieanyorder",
        "trieanyorder_secureTrie",
        "trietest",
        "trietest_secureTrie",
        "hex_encoded_securetrie_test",
    ):
        cases = load(f"tests/TrieTests/{name}.json")
        found += [(f"{name}-{case}", "secure" in name.lower(), value) for case, value in cases.items()]
    return found


@pytest.mark.parametrize(("secure", "case"), [each[1:] for each in official()], ids=[each[0] for each in official()])
def test_official_tries(secure: bool, case: Any) -> None:
    """Roots of ethereum/tests, deletions included; each key is then proved from the nodes, and so is each deletion."""
    steps = case["in"].items() if isinstance(case["in"], dict) else case["in"]
    pairs: dict[bytes, bytes] = {}
    gone = set()
    for name, value in steps:
        key = keccak256(text(name)) if secure else text(name)
        if value is None:
            pairs.pop(key, None)
            gone.add(key)
        else:
            pairs[key] = text(value)
    trie = build(pairs)
    assert trie.root == hexed(case["root"])
    for key, value in pairs.items():
        assert verify(trie.root, key, trie.proof(key), 4096) == value
    for key in gone - pairs.keys():
        assert verify(trie.root, key, trie.proof(key), 4096) is None


@settings(max_examples=150, deadline=None)
@given(st.one_of(PAIRS, SECURE), KEYS)
@example({}, b"")
@example({b"": b"v"}, b"")
@example({b"a": b"v"}, b"")
@example({b"": b"v", b"\x00": b"w"}, b"\x00\x00")
@example({b"\x11\x00": b"\x00", b"\x11\x01": b"\x00"}, b"\x11")
def test_roots_and_proofs_are_those_of_the_independent_trie(pairs: dict[bytes, bytes], other: bytes) -> None:
    ours, theirs = build(pairs), theirs_of(pairs)
    assert ours.root == theirs.root_hash
    for key in (*pairs, other, keccak256(other)):
        proof = ours.proof(key)
        assert verify(ours.root, key, proof, 4096) == pairs.get(key)
        assert ours.get(key) == pairs.get(key)
        # Their verifier takes our proof, ours takes theirs (it lists nodes that stand in their parents too).
        try:
            nodes = theirs.get_proof(key)
            if proof:
                taken = HexaryTrie.get_from_proof(ours.root, key, [rlp.decode(raw) for raw in proof])
                assert taken == pairs.get(key, b"")
        except ValidationError:  # trie 4.0 cannot say that a key which ends inside an extension node is absent
            assert key not in pairs
            continue
        encoded = [rlp.encode([*each] if isinstance(each, list | tuple) else each) for each in map(_plain, nodes)]
        assert verify(ours.root, key, encoded, 4096) == pairs.get(key)


def _plain(node: Any) -> Any:
    return [_plain(each) for each in node] if isinstance(node, list | tuple) else bytes(node)


@settings(max_examples=150, deadline=None)
@given(st.one_of(PAIRS, SECURE), KEYS, st.data())
def test_any_changed_byte_is_refused(pairs: dict[bytes, bytes], other: bytes, data: st.DataObject) -> None:
    trie = build(pairs)
    key = data.draw(st.sampled_from([*pairs, other]))
    proof = trie.proof(key)
    assume(proof)
    node = data.draw(st.integers(0, len(proof) - 1))
    raw = bytearray(proof[node])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert refusal(trie.root, key, [*proof[:node], bytes(raw), *proof[node + 1 :]]) == "proof-hash"


@settings(max_examples=150, deadline=None)
@given(st.one_of(PAIRS, SECURE), KEYS, st.data())
def test_a_proof_is_exact(pairs: dict[bytes, bytes], other: bytes, data: st.DataObject) -> None:
    """A node missing, twice, in another order, cut, grown or from another trie: refused."""
    trie = build(pairs)
    key = data.draw(st.sampled_from([*pairs, other]))
    proof = trie.proof(key)
    assume(proof)
    at = data.draw(st.integers(0, len(proof) - 1))
    node = proof[at]
    for wrong in (
        [*proof[:at], *proof[at + 1 :]],
        [*proof[: at + 1], *proof[at:]],
        [*proof, b"\x80"],
        [b"\x80", *proof],
        [*proof[:at], node[:-1], *proof[at + 1 :]],
        [*proof[:at], node + b"\0", *proof[at + 1 :]],
        [*proof[:at], b"", *proof[at + 1 :]],
    ):
        refusal(trie.root, key, wrong)
    if len(proof) > 1:
        refusal(trie.root, key, proof[::-1])
    assert refusal(keccak256(trie.root), key, proof) == "proof-hash"


@settings(max_examples=100, deadline=None)
@given(PAIRS, KEYS, st.lists(st.binary(max_size=60), max_size=6))
def test_no_proof_shows_what_is_not_so(pairs: dict[bytes, bytes], key: bytes, junk: list[bytes]) -> None:
    """Whatever nodes are offered, theirs, made up or of other keys: the value is the trie's or there is a refusal."""
    trie = build(pairs)
    for offered in ([*trie.nodes.values()][:9], junk, trie.proof(key[:-1]), [*trie.proof(key), *junk]):
        try:
            sound = verify(trie.root, key, offered, 4096) == pairs.get(key)
        except RemoteProtocolError as refused:
            sound = refused.check in PROOF_CHECKS
        assert sound


def test_the_second_opinion_can_refuse() -> None:
    """The oracle is no rubber stamp: it too rejects a proof with a node missing."""
    trie = build({keccak256(bytes((n,))): bytes(40) for n in range(40)})
    key = keccak256(b"\x07")
    with pytest.raises(BadTrieProof):
        HexaryTrie.get_from_proof(trie.root, key, [rlp.decode(raw) for raw in trie.proof(key)[1:]])


# A root is trusted because a committee signed it; still, nothing that hashes right may be read as what it is not.
BRANCH = [b""] * 17
DIGEST = bytes(range(32))
NOT_NODES: list[tuple[str, rlp.Item]] = [
    ("no item", []),
    ("bytes", b"abc"),
    ("three items", [b" ", b"v", b"w"]),
    ("sixteen items", BRANCH[:16]),
    ("a branch of nothing", BRANCH),
    ("a branch of one", [DIGEST, *BRANCH[1:]]),
    ("a short child", [b"x" * 31, b"x" * 31, *BRANCH[2:]]),
    ("a long child", [b"x" * 33, b"x" * 33, *BRANCH[2:]]),
    ("a child that should have a hash", [[b"\x20", b"v" * 40], DIGEST, *BRANCH[2:]]),
    ("a child that is an empty list", [[], DIGEST, *BRANCH[2:]]),
    ("a list as value", [b"\x20" + b"\0" * 32, [b"v"]]),
    ("a leaf of nothing", [b"\x20" + b"\0" * 32, b""]),
    ("an extension of no digits", [b"\0", DIGEST]),
    ("an extension to nothing", [b"\0\0", b""]),
    ("an extension to a leaf", [b"\0\0", [b"\x20" + b"\0" * 9, b"v"]]),
    ("an unknown path form", [b"\x40\0", b"v"]),
    ("a path with padding", [b"\x0f\0", b"v"]),
    ("a path that is a list", [[b"\x20"], b"v"]),
    ("a path of no bytes", [b"", b"v"]),
]


@pytest.mark.parametrize(("name", "node"), NOT_NODES, ids=[name for name, _ in NOT_NODES])
def test_what_hashes_right_but_is_no_node_is_refused(name: str, node: rlp.Item) -> None:
    raw = rlp.encode(node)
    assert refusal(keccak256(raw), bytes(32), [raw]) == "proof-node"


PARTS: st.SearchStrategy[rlp.Item] = st.recursive(
    st.one_of(st.just(b""), st.binary(min_size=32, max_size=32), st.binary(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, min_size=2, max_size=2), st.lists(inner, min_size=17, max_size=17)),
    max_leaves=40,
)


@settings(max_examples=300, deadline=None)
@given(PARTS, st.binary(max_size=3))
def test_no_node_that_hashes_right_breaks_the_walk(node: rlp.Item, key: bytes) -> None:
    raw = rlp.encode(node)
    try:
        value = verify(keccak256(raw), key, [raw])
    except RemoteProtocolError as refused:
        fair = refused.check in PROOF_CHECKS
    else:
        fair = value is None or value in raw
    assert fair


def test_a_value_that_is_a_list_is_refused_at_a_branch() -> None:
    raw = rlp.encode([DIGEST, *BRANCH[1:16], [b"v"]])
    assert refusal(keccak256(raw), b"", [raw]) == "proof-node"


def test_a_small_node_with_a_hash_is_refused() -> None:
    leaf = rlp.encode([b"\x20", b"v"])
    raw = rlp.encode([keccak256(leaf), DIGEST, *BRANCH[2:]])
    assert refusal(keccak256(raw), b"\0", [raw, leaf]) == "proof-node"


def test_a_node_that_is_not_canonical_is_refused() -> None:
    raw = b"\xc4\x81\x20\x81\x76"  # a leaf whose bytes wear prefixes
    assert refusal(keccak256(raw), b"", [raw]) == "rlp"


def test_ten_thousand_nodes_are_refused_unread() -> None:
    nodes = [rlp.encode([DIGEST] * 16 + [b""])] * 10_000
    assert refusal(keccak256(nodes[0]), bytes(32), nodes) == "proof-size"
    assert refusal(EMPTY_ROOT, bytes(32), nodes) == "proof-size"


def test_a_large_node_is_refused_before_it_is_hashed() -> None:
    raw = bytes(5 * 2**20)
    assert refusal(keccak256(raw), bytes(32), [raw], 532) == "proof-size"


def test_a_bomb_with_the_right_hash_is_refused() -> None:
    deep = b"\xc0"
    for _ in range(50):
        deep = rlp.encode([deep])[:1] + deep if len(deep) < 55 else deep
    assert refusal(keccak256(deep), bytes(32), [deep]) in ("rlp", "proof-node")
    wide = rlp.encode([b""] * 4000)
    assert refusal(keccak256(wide), bytes(32), [wide]) == "rlp"


def test_the_deepest_path_verifies() -> None:
    """65 nodes: every digit of a 32-byte key has a sibling. The bound must not cut what can be true."""
    key = bytes(32)
    others = {
        bytes(at // 2) + bytes((0x10 if at % 2 == 0 else 0x01,)) + bytes(31 - at // 2): b"x" * 40 for at in range(64)
    }
    pairs = {key: b"v" * 40, **others}
    trie = build(pairs)
    proof = trie.proof(key)
    assert len(pairs) == len(proof) == 65
    assert trie.root == theirs_of(pairs).root_hash
    assert verify(trie.root, key, proof) == b"v" * 40


def test_nothing_is_in_an_empty_trie() -> None:
    assert keccak256(b"\x80") == EMPTY_ROOT == build({}).root == list_root([])
    assert verify(EMPTY_ROOT, b"k", []) is None
    assert verify(EMPTY_ROOT, b"k", [b"\x80"]) is None
    assert refusal(DIGEST, b"k", []) == "proof-short"
    assert build({}).proof(b"k") == []


def test_an_inlined_node_may_be_listed_once_and_only_as_it_is() -> None:
    """reth and `trie` list a node that stands in its parent, geth does not (alloy-rs/trie issue 26)."""
    trie = build({b"\x11": b"a", b"\x12": b"b"})
    (raw,) = trie.proof(b"\x11")
    inner = rlp.decode(raw)[1]
    leaf = inner[1]
    listed = [raw, rlp.encode(inner), rlp.encode(leaf)]
    assert len(listed[1]) < 32
    for proof in (listed[:1], listed[:2], [listed[0], listed[2]], listed):
        assert verify(trie.root, b"\x11", proof) == b"a"
    assert refusal(trie.root, b"\x11", [raw, rlp.encode([b"\x20", b"c"])]) == "proof-surplus"
    assert refusal(trie.root, b"\x11", [*listed, listed[2]]) == "proof-size"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), max_size=300))
def test_lists_are_those_of_the_independent_trie(items: list[bytes]) -> None:
    trie = list_trie(items)
    assert trie.root == theirs_of({rlp.encode(rlp.integer(at)): item for at, item in enumerate(items)}).root_hash
    for index in {0, 1, len(items) // 2, max(len(items) - 1, 0), len(items), len(items) + 200}:
        proof = list_proof(items, index)
        wanted = items[index] if index < len(items) else None
        assert verify(trie.root, list_key(index), proof, MAX_LIST_NODE_BYTES) == wanted
