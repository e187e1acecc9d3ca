"""EIP-712: hashes of typed data whose fields are single words, as our contracts use.

`struct_hash` is keccak256(type hash ‖ fields), each field one 32-byte word; `typed_digest` binds it to one contract on
one chain, and is what a key signs. Types with arrays or nested structs are not needed here; `eth-account` signs those
for people (`wallet`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from eth_hash.auto import keccak

from orbitalcloud.core import DataError, RemoteProtocolError

DOMAIN_NAME, DOMAIN_VERSION = "Orbital Cloud", "1"
_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1 (SEC 2, 2.4.1)."""

Word = int | bytes | str
"""An unsigned integer, 32 bytes, or an address as `0x…`."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The contract, on its chain, that signatures are for: they mean nothing to any other."""

    chain_id: int
    contract: str
    name: str = DOMAIN_NAME
    version: str = DOMAIN_VERSION

    @property
    def separator(self) -> bytes:
        """EIP-712's domain separator (32 bytes)."""
        return _separator(self)


@lru_cache(maxsize=64)
def _separator(domain: Domain) -> bytes:
    name, version = keccak(domain.name.encode()), keccak(domain.version.encode())
    return struct_hash(_DOMAIN_TYPE, (name, version, domain.chain_id, domain.contract))


@lru_cache(maxsize=64)
def type_hash(declaration: str) -> bytes:
    """keccak256 of a type's declaration, such as `Batch(bytes32 root,uint256 number,uint256 count)`."""
    return bytes(keccak(declaration.encode("ascii")))


def word(value: Word) -> bytes:
    """One ABI word; `DataError` where the value has none."""
    if isinstance(value, bytes) and len(value) == 32:
        return value
    if isinstance(value, int) and 0 <= value < 2**256:
        return value.to_bytes(32, "big")
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:]).rjust(32, b"\0")
        except ValueError:
            pass
    raise DataError("typed data", f"{value!r:.80}", "give an unsigned integer, 32 bytes, or an address 0x…")


def struct_hash(declaration: str, fields: Sequence[Word]) -> bytes:
    """hashStruct of EIP-712 for fields of one word each."""
    return bytes(keccak(type_hash(declaration) + b"".join(map(word, fields))))


def typed_digest(domain: Domain, content: bytes) -> bytes:
    """The 32 bytes that a key signs: 0x1901 ‖ domain separator ‖ struct hash, hashed."""
    return bytes(keccak(b"\x19\x01" + domain.separator + content))


def typed_signer(domain: Domain, content: bytes, signature: tuple[int, int, int]) -> str:
    """The account that signed typed data (v, r, s; low s), `0x…` with its checksum; `RemoteProtocolError('signature')`
    for what is no signature."""
    v, r, s = signature
    if v not in (27, 28) or not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise RemoteProtocolError("signature", "v is 27 or 28, r and s below the order, s in its lower half")
    from eth_keys.datatypes import Signature

    try:
        made = Signature(vrs=(v - 27, r, s))
        return str(made.recover_public_key_from_msg_hash(typed_digest(domain, content)).to_checksum_address())
    except Exception as error:  # eth-keys raises several unrelated types
        raise RemoteProtocolError("signature", f"{type(error).__name__}: {str(error)[:120]}") from None
