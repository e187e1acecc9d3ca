"""The Merkle-Patricia trie: check what a proof says of a key, and make roots and proofs of our own lists.

A trie maps byte strings to byte strings, and its root commits to all of it. Keys are paths of hex digits. A node is a
branch (sixteen children and a value), an extension (a shared stretch of path and one child) or a leaf (the rest of the
path and a value). A child is named by the Keccak-256 of its RLP, or stands in its parent where that RLP has fewer than
32 bytes. A proof is the nodes on the way from the root to where the key's path ends: at its value, or at the place
where it would branch off, which proves that it is absent.

One walk (`_walk`) goes down a path. `verify` feeds it a stranger's proof and believes only what hashes to what the
node above promised; `Trie.proof` feeds it its own nodes and keeps what it was fed. A proof must be exact: every node
in order, none missing, none besides, but for a node that stands in its parent, which some clients (reth) also
list by itself: that one is taken, if it is the same bytes.

Refusals, by name: `proof-size` (more nodes or bytes than the key's path can need), `proof-short`, `proof-hash`,
`proof-node` (hashes right but is no trie node: the root is not a trie's), `proof-surplus`, `rlp`.

Sources: Ethereum yellow paper, appendix D; EIP-1186. Roots and proofs are held to ethereum/tests and to `trie`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eth_hash.auto import keccak

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum.rlp import MAX_DEPTH, Item, decode, encode, integer

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
"""Root of the trie that maps nothing: Keccak-256 of the RLP of the empty string."""

MAX_STATE_NODE_BYTES = 532
"""The largest node of the state and storage tries: a branch with sixteen hashes. Their leaves are smaller."""
MAX_LIST_NODE_BYTES = 10 * 2**20
"""Bound of a node that holds a transaction or receipt: a block has at most 10 MiB (EIP-7934, and the gossip limit
before it), and 60 M gas buys 7.5 MB of logs (8 gas a byte)."""

_INLINE = 32
_MAX_NODE_ITEMS = 17 + 16 * 31  # a branch whose children all stand in it, each of at most 31 bytes
_MAX_INDEX = 2**24


def keccak256(data: bytes) -> bytes:
    """Keccak-256 (the padding before SHA-3's), Ethereum's hash."""
    return keccak(data)


class _Nodes(Protocol):
    """Where a walk finds nodes: by the hash that the parent gives, or in the parent itself."""

    def open(self, digest: bytes) -> bytes: ...
    def inlined(self, node: Item) -> None: ...


def verify(root: bytes, key: bytes, proof: Sequence[bytes], max_node_bytes: int = MAX_STATE_NODE_BYTES) -> bytes | None:
    """The value of `key` in the trie of `root` (32 bytes, trusted), or None where `proof` shows that it has none.

    `key` is the path itself: hash it first where the trie is a secure one (state, storage).
    """
    assert len(root) == 32, "a root is 32 bytes"
    path = key.hex()
    if len(proof) > len(path) + 1:
        raise RemoteProtocolError("proof-size", f"{len(proof)} nodes, this key's path has at most {len(path) + 1}")
    if root == EMPTY_ROOT and not proof:  # how clients write the proof that nothing is in an empty trie
        return None
    given = _Given(proof, max_node_bytes)
    value = _walk(root, path, given)
    given.finish()
    return value


class _Given:
    """A stranger's proof, read node by node; every one must hash to what was promised."""

    __slots__ = ("limit", "proof", "used")

    def __init__(self, proof: Sequence[bytes], limit: int) -> None:
        self.proof, self.limit, self.used = proof, limit, 0

    def open(self, digest: bytes) -> bytes:
        if self.used == len(self.proof):
            raise RemoteProtocolError("proof-short", f"the proof ends before its node {self.used}")
        raw = self.proof[self.used]
        if len(raw) > self.limit:
            raise RemoteProtocolError("proof-size", f"node {self.used} has {len(raw)} bytes, at most {self.limit} fit")
        if keccak(raw) != digest:
            raise RemoteProtocolError("proof-hash", f"node {self.used} is not the one that {digest.hex()[:16]}… names")
        self.used += 1
        return raw

    def inlined(self, node: Item) -> None:
        if self.used < len(self.proof) and self.proof[self.used] == encode(node):
            self.used += 1

    def finish(self) -> None:
        if self.used != len(self.proof):
            raise RemoteProtocolError("proof-surplus", f"{len(self.proof) - self.used} nodes that no path leads to")


def _walk(root: bytes, path: str, nodes: _Nodes) -> bytes | None:
    """Follow `path` (hex digits) down from `root`: the value there, or None."""
    node = _decoded(nodes.open(root), at_root=True)
    at, below_extension = 0, False
    while node:
        if len(node) == 17:
            below_extension = False
            if node.count(b"") > 15:
                raise RemoteProtocolError("proof-node", "a branch of fewer than two")
            if at == len(path):
                return _value(node[16]) or None
            child, at = node[int(path[at], 16)], at + 1
        elif len(node) == 2 and not below_extension:
            digits, is_leaf = _digits(node[0])
            if is_leaf:
                value = _value(node[1])
                if not value:
                    raise RemoteProtocolError("proof-node", "a leaf with no value")
                return value if digits == path[at:] else None
            if not digits or not node[1]:
                raise RemoteProtocolError("proof-node", "an extension of nothing")
            if not path.startswith(digits, at):
                return None
            child, at, below_extension = node[1], at + len(digits), True
        else:
            where = ", below an extension" if below_extension else ""
            raise RemoteProtocolError("proof-node", f"a node of {len(node)} items{where}")
        node = _child(child, nodes)
    return None


def _child(child: Item, nodes: _Nodes) -> list[Item]:
    """The node that a branch or extension names; an empty list where there is none."""
    if isinstance(child, list):
        if len(encode(child)) >= _INLINE:
            raise RemoteProtocolError("proof-node", "a node of 32 bytes or more stands in its parent")
        if not child:
            raise RemoteProtocolError("proof-node", "a node of 0 items")
        nodes.inlined(child)
        return child
    if len(child) == 32:
        return _decoded(nodes.open(child), at_root=False)
    if child:
        raise RemoteProtocolError("proof-node", f"a child named by {len(child)} bytes")
    return []


def _decoded(raw: bytes, *, at_root: bool) -> list[Item]:
    """The items of a node; an empty list for the root of the empty trie."""
    if not at_root and len(raw) < _INLINE:
        raise RemoteProtocolError("proof-node", f"a node of {len(raw)} bytes should stand in its parent")
    node = decode(raw, max_depth=MAX_DEPTH, max_items=_MAX_NODE_ITEMS)
    if isinstance(node, list) and node:
        return node
    if node == b"":  # the root of the empty trie: below a root, nothing so short has a hash
        return []
    raise RemoteProtocolError("proof-node", "neither branch, extension nor leaf")


def _digits(item: Item) -> tuple[str, bool]:
    """The hex digits of a compact path, and whether it ends in a leaf (yellow paper, appendix C)."""
    text = item.hex() if isinstance(item, bytes) else ""
    flag = text[:1]
    if flag in ("1", "3"):
        return text[1:], flag == "3"
    if text[:2] in ("00", "20"):
        return text[2:], flag == "2"
    raise RemoteProtocolError("proof-node", "a path with no such form")


def _value(item: Item) -> bytes:
    if isinstance(item, list):
        raise RemoteProtocolError("proof-node", "a list where the value should be")
    return item


@dataclass(frozen=True, slots=True)
class Trie:
    """A trie of our own: its root, and every node that has a hash, by that hash."""

    root: bytes
    nodes: Mapping[bytes, bytes] = field(repr=False)

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`."""
        return _walk(self.root, key.hex(), _Kept(self.nodes))

    def proof(self, key: bytes) -> list[bytes]:
        """The nodes that prove what `key` maps to, or that it maps to nothing; none for an empty trie."""
        kept = _Kept(self.nodes)
        _walk(self.root, key.hex(), kept)
        return [] if self.root == EMPTY_ROOT else kept.opened


class _Kept:
    """Our own nodes; remembers which were asked for."""

    __slots__ = ("nodes", "opened")

    def __init__(self, nodes: Mapping[bytes, bytes]) -> None:
        self.nodes, self.opened = nodes, list[bytes]()

    def open(self, digest: bytes) -> bytes:
        self.opened.append(self.nodes[digest])
        return self.opened[-1]

    def inlined(self, node: Item) -> None:
        """Its bytes are in the parent, which is kept."""


def build(pairs: Mapping[bytes, bytes]) -> Trie:
    """The trie of `pairs` (no value may be empty: that is how a trie says that there is none)."""
    nodes: dict[bytes, bytes] = {}
    if not pairs:
        return Trie(EMPTY_ROOT, {EMPTY_ROOT: encode(b"")})
    assert all(pairs.values()), "an empty value cannot be told from none"
    entries = sorted((key.hex(), value) for key, value in pairs.items())
    raw = encode(_built(entries, 0, nodes))
    root = keccak(raw)
    nodes[root] = raw
    return Trie(root, nodes)


def _built(entries: list[tuple[str, bytes]], at: int, nodes: dict[bytes, bytes]) -> list[Item]:
    """The node over sorted `entries`, whose paths agree on their first `at` digits."""
    first, value = entries[0]
    if len(entries) == 1:
        return [_compact(first[at:], leaf=True), value]
    last = entries[-1][0]  # sorted: what the first and the last share, all share
    shared = next((here for here in range(at, len(first)) if first[here] != last[here]), len(first))
    if shared > at:
        return [_compact(first[at:shared], leaf=False), _reference(_built(entries, shared, nodes), nodes)]
    ends_here = len(first) == at
    branch: list[Item] = [b""] * 16
    low = int(ends_here)
    while low < len(entries):
        digit = int(entries[low][0][at], 16)
        high = bisect_left(entries, digit + 1, low, key=lambda entry: int(entry[0][at], 16))
        branch[digit] = _reference(_built(entries[low:high], at + 1, nodes), nodes)
        low = high
    return [*branch, value if ends_here else b""]


def _reference(node: list[Item], nodes: dict[bytes, bytes]) -> Item:
    raw = encode(node)
    if len(raw) < _INLINE:
        return node
    digest = keccak(raw)
    nodes[digest] = raw
    return digest


def _compact(digits: str, *, leaf: bool) -> bytes:
    flag = 2 * leaf + len(digits) % 2
    return bytes.fromhex(f"{flag:x}{digits}" if flag % 2 else f"{flag:x}0{digits}")


def list_key(index: int) -> bytes:
    """The key under which a block's transactions, receipts and withdrawals tries hold item `index`: its RLP."""
    assert 0 <= index < _MAX_INDEX, "no block has so many items"
    return encode(integer(index))


def list_trie(items: Sequence[bytes]) -> Trie:
    """The trie of a block's transactions or receipts, each as its typed envelope (EIP-2718): build once, prove many."""
    return build({list_key(index): item for index, item in enumerate(items)})


def list_root(items: Sequence[bytes]) -> bytes:
    """The transactions root or receipts root of a block."""
    return list_trie(items).root


def list_proof(items: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes that prove item `index` of a block's list, or, from the list's end on, that there is none."""
    return list_trie(items).proof(list_key(index))
