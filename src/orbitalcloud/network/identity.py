"""A node is its key: names that follow from an Ed25519 public key, and that nobody hands out.

    public key ─► z6Mk…                          base58btc of the multicodec prefix and the key
               ─► dtn://z6Mk…/                   its endpoint
               ─► did:key:z6Mk…                  the same name where people write W3C identifiers
               ─► ipn:5432.0                     an alias of 14 bits for peers that speak only `ipn`

The first three are the key in other letters: whoever holds one can check a signature. The alias is too short for that:
two keys can share one, which `ipn_aliases` says by name. What people call nodes, `Petnames`, are their own affair: a
petname is a word of one mission or one person, and never on its own a reason to believe anything.

Multibase and multicodec as in the did:key method (W3C CCG, "The did:key Method v0.7", 3.1.1 and its Ed25519 vectors).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orbitalcloud.core.errors import DataError
from orbitalcloud.network.eid import Eid, endpoint, parse_eid

KEY_BYTES = 32
SIGNATURE_BYTES = 64
DID_KEY = "did:key:"

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""base58btc: no 0, O, I and l (draft-msporny-base58-03, 2)."""
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE58BTC = "z"
_ED25519_PUB = b"\xed\x01"
"""Multicodec 0xed as an unsigned varint."""
NAME_CHARACTERS = 48
"""`z6Mk…`: always this long, as the two bytes in front are fixed."""

IPN_PRIVATE_MOST = 0x3FFF
"""The last node number that anyone may use without asking (RFC 9758, Table 4: 1 to 2¹⁴ − 1, Private Use)."""

_PRIME = 2**255 - 19
_LOW_ORDER = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)
"""y of the eight points whose order divides 8: under such a "key" a stranger can make signatures that verify."""
_MOST_CHARACTERS = 128


def base58(data: bytes) -> str:
    """`data` in base58btc; a leading zero byte is a `1`."""
    number, letters = int.from_bytes(data, "big"), []
    while number:
        number, value = divmod(number, 58)
        letters.append(_ALPHABET[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def read_base58(text: str) -> bytes:
    """The bytes of `text`; `DataError` where it is too long (its cost grows with the square) or has another letter."""
    if len(text) > _MOST_CHARACTERS:
        raise DataError("base58", text, f"at most {_MOST_CHARACTERS} letters are read")
    number = 0
    for letter in text:
        if letter not in _VALUE:
            raise DataError("base58", text, f"{letter!r} is none of base58btc's letters")
        number = number * 58 + _VALUE[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


# Names of a key -----------------------------------------------------------------------------------------------------


def check_key(public: bytes) -> bytes:
    """`public` itself; `DataError` unless it is 32 bytes, in its one encoding, and nobody's without a private key.

    RFC 8032 5.1.3 reads y modulo p in one way only; an encoding with y ≥ p would be a second name of the same key.
    """
    y = int.from_bytes(public, "little") & ~(1 << 255)
    if len(public) != KEY_BYTES or y >= _PRIME or y in _LOW_ORDER:
        raise DataError("public key", public.hex(), "an Ed25519 key has 32 bytes, y below p, and is of no small order")
    return public


def key_name(public: bytes) -> str:
    """`z6Mk…`, the name that follows from the key."""
    return _BASE58BTC + base58(_ED25519_PUB + check_key(public))


def read_key_name(name: str) -> bytes:
    """The public key that `z6Mk…` is; `DataError` where it is not one, as `key_name` would write it."""
    if len(name) == NAME_CHARACTERS and name.startswith(_BASE58BTC):
        data = read_base58(name[1:])
        if data.startswith(_ED25519_PUB):
            return check_key(data.removeprefix(_ED25519_PUB))
    raise DataError("key name", name, f"write z6Mk… ({NAME_CHARACTERS} letters), the multibase of an Ed25519 key")


def key_eid(public: bytes, service: str = "") -> Eid:
    """`dtn://z6Mk…/service`; with no service the node's own (administrative) endpoint."""
    return endpoint(key_name(public), service)


def eid_key(eid: Eid) -> bytes | None:
    """The public key that an endpoint's node is; None where its name is no key's (a petname, an `ipn` number)."""
    if len(eid.node) != NAME_CHARACTERS:
        return None
    try:
        return read_key_name(eid.node)
    except DataError:
        return None


def did_key(public: bytes) -> str:
    """`did:key:z6Mk…`."""
    return DID_KEY + key_name(public)


def read_did_key(text: str) -> bytes:
    """The public key of a `did:key:z6Mk…`; `DataError` where it is none, or of another kind of key."""
    if not text.startswith(DID_KEY):
        raise DataError("did:key", text, "write did:key:z6Mk…")
    return read_key_name(text.removeprefix(DID_KEY))


def ipn_alias(public: bytes, attempt: int = 0) -> int:
    """A node number of RFC 9758's private range (1 to 16,383) that follows from the key; `attempt` gives another."""
    hashed = hashlib.blake2b(
        check_key(public), digest_size=8, salt=attempt.to_bytes(8, "big"), person=b"orbital-ipn-node"
    ).digest()
    return 1 + int.from_bytes(hashed, "big") % IPN_PRIVATE_MOST


def ipn_alias_eid(public: bytes, service: int = 0, attempt: int = 0) -> Eid:
    """`ipn:<alias>.<service>`."""
    return parse_eid(f"ipn:{ipn_alias(public, attempt)}.{service}")


def ipn_aliases(keys: Iterable[bytes], attempts: Mapping[bytes, int] | None = None) -> dict[int, bytes]:
    """Alias → key of those that are to speak `ipn` with each other; `DataError` names two that share a number.

    `attempts` gives a key another try; both ends must then be told of it. Of 150 keys two share a number one time in
    two, so the alias is for a handful of peers, and for nothing that is to be believed.
    """
    chosen: dict[int, bytes] = {}
    for public in sorted(set(keys)):
        number = ipn_alias(public, (attempts or {}).get(public, 0))
        if number in chosen:
            pair = f"{key_name(chosen[number])} and {key_name(public)}"
            raise DataError("ipn alias", number, f"{pair} share it: give one of them another attempt")
        chosen[number] = public
    return chosen


# Signatures ---------------------------------------------------------------------------------------------------------


def public_of(private: bytes) -> bytes:
    """The public key of 32 private bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, domain: bytes, message: bytes) -> bytes:
    """The 64-byte signature over `domain`, a zero byte and `message`: what is signed for one use fits no other."""
    assert domain, "a domain is a word"
    assert b"\0" not in domain, "the zero byte ends it"
    return Ed25519PrivateKey.from_private_bytes(private).sign(domain + b"\0" + message)


def verify(public: bytes, domain: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of `public` signed `message` for `domain`; False for what is no key or no signature."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(check_key(public)).verify(signature, domain + b"\0" + message)
    except (InvalidSignature, ValueError, DataError):
        return False
    return True


# What people call them ----------------------------------------------------------------------------------------------


class Petnames:
    """Names of one mission or person for keys, one to one. Local: nothing that came from a peer goes in by itself."""

    __slots__ = ("_keys", "_names")

    def __init__(self, names: Mapping[str, bytes] | None = None) -> None:
        self._keys: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}
        for name, public in (names or {}).items():
            self.add(name, public)

    def add(self, name: str, public: bytes) -> None:
        """Bind; `DataError` where the name or the key is bound otherwise, or the name looks like a key's."""
        endpoint(name)
        if len(name) == NAME_CHARACTERS and name.startswith("z6Mk"):
            raise DataError("petname", name, "a name that looks like a key could pass for that key")
        known = self._keys.get(name)
        if known is not None and known != public:
            raise DataError("petname", name, f"it is bound to {key_name(known)}: forget that first")
        if self._names.get(public, name) != name:
            raise DataError("petname", name, f"the key is called {self._names[public]} already")
        self._keys[name], self._names[check_key(public)] = public, name

    def forget(self, name: str) -> None:
        """Unbind; nothing happens where it is not bound."""
        public = self._keys.pop(name, None)
        if public is not None:
            del self._names[public]

    def key(self, name: str) -> bytes | None:
        """The key of a petname or of a key's own name; None where it is neither."""
        known = self._keys.get(name)
        if known is not None or len(name) != NAME_CHARACTERS:
            return known
        try:
            return read_key_name(name)
        except DataError:
            return None

    def name(self, public: bytes) -> str:
        """What people here call the key; its own name where they do not."""
        return self._names.get(public) or key_name(public)

    def __contains__(self, name: object) -> bool:
        return name in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._keys))

    def __len__(self) -> int:
        return len(self._keys)
