"""Text signed by an account (EIP-191, `personal_sign`), as any wallet can: how an operator gives an order.

    orbital wallet wipe KEYSTORE SATELLITE:ADDRESS             # prints the signature
    cast wallet sign "Orbital Cloud: wipe the wallet 0x… aboard …"   # Foundry, or any other wallet, makes the same

The order to wipe names the satellite and its wallet's address, so it fits no other wallet, not even the next one of a
satellite with the same name. Giving it twice changes nothing.
"""

from __future__ import annotations

from eth_hash.auto import keccak

from orbitalcloud.core import DataError, RemoteProtocolError

SIGNATURE_BYTES = 65
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def wipe_text(satellite: str, address: str) -> str:
    """What an operator signs to have the wallet of a satellite destroyed."""
    return f"Orbital Cloud: wipe the wallet {address.lower()} aboard {satellite}"


def text_digest(text: str) -> bytes:
    """EIP-191's digest (32 bytes) of a text."""
    data = text.encode()
    return bytes(keccak(b"\x19Ethereum Signed Message:\n%d" % len(data) + data))


def signer_of(text: str, signature: bytes) -> str:
    """The account that signed a text (r ‖ s ‖ v, v 27 or 28, low s), `0x…` with its checksum.

    `RemoteProtocolError('signature')` for what is no signature.
    """
    if len(signature) != SIGNATURE_BYTES or signature[64] not in (27, 28):
        raise RemoteProtocolError("signature", f"{len(signature)} bytes: give r, s and v (27 or 28), 65 in all")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise RemoteProtocolError("signature", "its s is in the upper half of the order")
    from eth_keys.datatypes import Signature

    try:
        made = Signature(signature[:64] + bytes([signature[64] - 27]))
        return str(made.recover_public_key_from_msg_hash(text_digest(text)).to_checksum_address())
    except Exception as error:  # eth-keys raises several unrelated types
        raise RemoteProtocolError("signature", f"{type(error).__name__}: {str(error)[:120]}") from None


def parse_signature(text: str) -> bytes:
    """65 bytes of `0x` and 130 hex digits; `DataError` otherwise."""
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != SIGNATURE_BYTES:
        raise DataError("signature", text[:20], "give 0x and 130 hex digits: r, s, v")
    return found
