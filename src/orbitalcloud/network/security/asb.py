"""Abstract security blocks (RFC 9172 3.6): what the data of a BIB and of a BCB are, as data and as bytes.

Of the three contexts known here (BIB-HMAC-SHA2 and BCB-AES-GCM of RFC 9173, COSE of draft-ietf-dtn-bpsec-cose-16)
parameters and results are read; of any other context only targets and source, the rest stays as it came. What
`read_asb` takes, `write_asb` writes back byte for byte, except an AAD scope whose keys were out of order.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import BLOCK_CONFIDENTIALITY, BLOCK_INTEGRITY, MAX_BLOCKS, Block, Bundle, encode
from orbitalcloud.network.eid import Eid, read_eid
from orbitalcloud.network.security import item

BIB_HMAC_SHA2, BCB_AES_GCM, COSE = 1, 2, 3
"""Security context identifiers (RFC 9173 5.1; draft-ietf-dtn-bpsec-cose-16)."""

CONTEXTS = {BLOCK_INTEGRITY: (BIB_HMAC_SHA2, COSE), BLOCK_CONFIDENTIALITY: (BCB_AES_GCM, COSE)}
"""Which contexts a block of each type may name and be understood here."""

SECURITY = (BLOCK_INTEGRITY, BLOCK_CONFIDENTIALITY)
PARAMETERS_PRESENT = 0x01
MAX_PARAMETERS = 16
MAX_RESULTS = 8
COSE_SCOPE = 5
"""The one parameter of the known contexts that is a map."""

PRIMARY, TARGET, CONTAINER, EVERYTHING = 0x01, 0x02, 0x04, 0x07
"""Scope flags of RFC 9173 3.3.3 and 4.3.4: the primary block, the target's header, the security block's header."""

Value = int | bytes | dict[int, int]


class SecurityBlock(msgspec.Struct, frozen=True):
    """The content of a security block: `results[i]` belongs to `targets[i]`.

    `flags` are kept as they came (reserved bits are ignored, RFC 9172 3.6); `opaque` is what follows the source where
    the context is unknown, and then parameters and results are empty.
    """

    targets: tuple[int, ...]
    context: int
    source: Eid
    parameters: tuple[tuple[int, Value], ...]
    results: tuple[tuple[tuple[int, bytes], ...], ...]
    flags: int = PARAMETERS_PRESENT
    opaque: bytes = b""

    def number(self, key: int, default: int) -> int:
        """The parameter `key` as an unsigned integer; `RemoteProtocolError` if it is something else."""
        value = self._parameter(key, default)
        if not isinstance(value, int):
            raise RemoteProtocolError("asb-parameter", f"parameter {key} is not an unsigned integer")
        return value

    def octets(self, key: int, default: bytes = b"") -> bytes:
        """The parameter `key` as bytes; `RemoteProtocolError` if it is something else."""
        value = self._parameter(key, default)
        if not isinstance(value, bytes):
            raise RemoteProtocolError("asb-parameter", f"parameter {key} is not a byte string")
        return value

    def scope_map(self, key: int, default: dict[int, int]) -> dict[int, int]:
        """The parameter `key` as an AAD scope; `RemoteProtocolError` if it is something else."""
        value = self._parameter(key, default)
        if not isinstance(value, dict):
            raise RemoteProtocolError("asb-parameter", f"parameter {key} is not an AAD scope")
        return value

    def _parameter(self, key: int, default: Value) -> Value:
        return next((value for found, value in self.parameters if found == key), default)

    def result(self, index: int, key: int) -> bytes:
        """The only result of target `index`, which must have the id `key`."""
        results = self.results[index]
        if len(results) != 1 or results[0][0] != key:
            raise RemoteProtocolError("asb-result", f"target {self.targets[index]} has not the one result {key}")
        return results[0][1]

    def only_parameters(self, *known: int) -> None:
        """`RemoteProtocolError` where there is a parameter that the context does not have."""
        strange = [key for key, _ in self.parameters if key not in known]
        if strange:
            raise RemoteProtocolError("asb-parameter", f"parameter {strange[0]} is not of context {self.context}")


# Writing ------------------------------------------------------------------------------------------------------------


def write_asb(block: SecurityBlock) -> bytes:
    """The data of the security block."""
    parts = [cbor.head(cbor.ARRAY, len(block.targets)), *[cbor.unsigned(target) for target in block.targets]]
    parts += [item.integer(block.context), cbor.unsigned(block.flags), block.source.encoded]
    if block.opaque:
        return b"".join(parts) + block.opaque
    if block.flags & PARAMETERS_PRESENT:
        parts.append(cbor.head(cbor.ARRAY, len(block.parameters)))
        parts += [b"\x82" + cbor.unsigned(key) + _value(value) for key, value in block.parameters]
    parts.append(cbor.head(cbor.ARRAY, len(block.results)))
    for results in block.results:
        parts.append(cbor.head(cbor.ARRAY, len(results)))
        parts += [b"\x82" + cbor.unsigned(key) + cbor.byte_string(value) for key, value in results]
    return b"".join(parts)


def _value(value: Value) -> bytes:
    if isinstance(value, int):
        return cbor.unsigned(value)
    return cbor.byte_string(value) if isinstance(value, bytes) else item.write_scope(value)


# Reading ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def read_asb(data: bytes) -> SecurityBlock:
    """The security block that `data` is, wholly; `RemoteProtocolError` for anything else.

    Remembered for a moment: each step of a bundle's examination asks for it again.
    """
    targets, at = _read_targets(data)
    context, at = item.read_integer(data, at)
    flags, at = cbor.read_unsigned(data, at)
    source, at = read_eid(data, at)
    if context not in (BIB_HMAC_SHA2, BCB_AES_GCM, COSE):
        if at == len(data):
            raise RemoteProtocolError("truncated", f"ends at byte {at} without results")
        return SecurityBlock(targets, context, source, (), (), flags, data[at:])
    parameters: tuple[tuple[int, Value], ...] = ()
    if flags & PARAMETERS_PRESENT:
        parameters, at = _read_parameters(data, at, context)
    results, at = _read_results(data, at, len(targets))
    if at != len(data):
        raise RemoteProtocolError("trailing-bytes", f"{len(data) - at} bytes after the results")
    return SecurityBlock(targets, context, source, parameters, results, flags)


def _read_targets(data: bytes) -> tuple[tuple[int, ...], int]:
    count, at = cbor.read_array(data, 0)
    if not 1 <= count <= MAX_BLOCKS:
        raise RemoteProtocolError("asb-targets", f"{count} targets; 1 to {MAX_BLOCKS} are taken")
    targets = []
    for _ in range(count):
        target, at = cbor.read_unsigned(data, at)
        targets.append(target)
    if len(set(targets)) != count:
        raise RemoteProtocolError("asb-targets", "a target stands twice")
    return tuple(targets), at


def _read_parameters(data: bytes, at: int, context: int) -> tuple[tuple[tuple[int, Value], ...], int]:
    count, at = cbor.read_array(data, at)
    if count > MAX_PARAMETERS:
        raise RemoteProtocolError("asb-parameter", f"{count} parameters; at most {MAX_PARAMETERS} are taken")
    found: list[tuple[int, Value]] = []
    for _ in range(count):
        key, at = _read_pair(data, at)
        value: Value
        if context == COSE and key == COSE_SCOPE:
            value, at = item.read_scope(data, at)
        elif at < len(data) and data[at] >> 5 == cbor.UNSIGNED:
            value, at = cbor.read_unsigned(data, at)
        else:
            value, at = cbor.read_bytes(data, at)
        found.append((key, value))
    if len({key for key, _ in found}) != count:
        raise RemoteProtocolError("asb-parameter", "a parameter stands twice")
    return tuple(found), at


def _read_results(data: bytes, at: int, targets: int) -> tuple[tuple[tuple[tuple[int, bytes], ...], ...], int]:
    count, at = cbor.read_array(data, at)
    if count != targets:
        raise RemoteProtocolError("asb-result", f"{count} result sets for {targets} targets")
    sets = []
    for _ in range(targets):
        size, at = cbor.read_array(data, at)
        if size > MAX_RESULTS:
            raise RemoteProtocolError("asb-result", f"{size} results of one target; at most {MAX_RESULTS} are taken")
        results = []
        for _ in range(size):
            key, at = _read_pair(data, at)
            value, at = cbor.read_bytes(data, at)
            results.append((key, value))
        sets.append(tuple(results))
    return tuple(sets), at


def _read_pair(data: bytes, at: int) -> tuple[int, int]:
    if data[at : at + 1] != b"\x82":
        raise RemoteProtocolError("asb-pair", f"byte {at}: an id and its value are an array of 2")
    return cbor.read_unsigned(data, at + 1)


# What a security operation covers -----------------------------------------------------------------------------------


def primary_bytes(bundle: Bundle) -> bytes:
    """The encoded primary block, its CRC included."""
    return encode(msgspec.structs.replace(bundle, blocks=()))[1:-1]


def find_block(bundle: Bundle, number: int) -> Block:
    """The canonical block of this number; `RemoteProtocolError` if there is none."""
    for block in bundle.blocks:
        if block.number == number:
            return block
    raise RemoteProtocolError("security-target", f"there is no block {number}")


def header_bytes(block: Block) -> bytes:
    """Type, number and flags, encoded one after the other: how scopes bind a block's place in its bundle."""
    return cbor.unsigned(block.type) + cbor.unsigned(block.number) + cbor.unsigned(block.flags)


def scope_bytes(bundle: Bundle, scope: int, target: int, container: Block) -> bytes:
    """What stands before the target in RFC 9173's IPPT (3.7), and is all of its AAD (4.7.2).

    Where the target is the primary block, neither it nor its header is repeated.
    """
    parts = [cbor.unsigned(scope)]
    if target:
        if scope & PRIMARY:
            parts.append(primary_bytes(bundle))
        if scope & TARGET:
            parts.append(header_bytes(find_block(bundle, target)))
    if scope & CONTAINER:
        parts.append(header_bytes(container))
    return b"".join(parts)


# Adding and removing blocks -----------------------------------------------------------------------------------------


def new_block(bundle: Bundle, kind: int, number: int | None, flags: int, crc: int) -> Block:
    """An empty security block with `number`, or the least that is free; `LocalProtocolError` in a fragment."""
    if bundle.is_fragment:
        raise LocalProtocolError(f"{bundle.id}: security is not added to a fragment (RFC 9172 5.2)")
    taken = {block.number for block in bundle.blocks}
    if number is None:
        number = next(free for free in range(2, MAX_BLOCKS + 3) if free not in taken)
    if number in taken or number == 0 or len(bundle.blocks) >= MAX_BLOCKS:
        raise LocalProtocolError(f"{bundle.id}: there is no room for a security block {number}")
    return Block(kind, number, b"", flags, crc)


def with_security(bundle: Bundle, block: Block, asb: SecurityBlock) -> Bundle:
    """The bundle with the security block after those at its front."""
    index = 0
    while bundle.blocks[index].type in SECURITY:
        index += 1
    fresh = msgspec.structs.replace(block, data=write_asb(asb))
    blocks = (*bundle.blocks[:index], fresh, *bundle.blocks[index:])
    return msgspec.structs.replace(bundle, blocks=blocks)


def with_data(bundle: Bundle, number: int, data: bytes) -> Bundle:
    """The bundle with other data in the block of this number."""
    blocks = tuple(
        msgspec.structs.replace(block, data=data) if block.number == number else block for block in bundle.blocks
    )
    return msgspec.structs.replace(bundle, blocks=blocks)


def without_target(bundle: Bundle, number: int, target: int) -> Bundle:
    """The bundle with one operation of security block `number` removed, and the block with its last operation."""
    block = find_block(bundle, number)
    asb = read_asb(block.data)
    index = asb.targets.index(target)
    if len(asb.targets) == 1:
        return without_block(bundle, number)
    assert not asb.opaque, "operations of an unknown context are not taken apart"
    fewer = msgspec.structs.replace(
        asb,
        targets=asb.targets[:index] + asb.targets[index + 1 :],
        results=asb.results[:index] + asb.results[index + 1 :],
    )
    return with_data(bundle, number, write_asb(fewer))


def without_block(bundle: Bundle, number: int) -> Bundle:
    """The bundle without its block of this number."""
    return msgspec.structs.replace(bundle, blocks=tuple(block for block in bundle.blocks if block.number != number))
