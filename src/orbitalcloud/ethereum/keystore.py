"""Keystore V3 (Web3 Secret Storage), in and out: a key in a JSON file under a password.

A file from outside says how much work opening it costs, so that is bounded first: a hostile scrypt of n = 2³⁰ would
take a terabyte. `eth-keyfile` does the rest. Neither key nor password is in any error.

Source: https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/
"""

from __future__ import annotations

import json
from typing import Any

from orbitalcloud.core import DataError
from orbitalcloud.core.encoding import nesting
from orbitalcloud.ethereum.recursion import kept_recursion_limit

MAX_FILE_BYTES = 16_384
MAX_NESTING = 16
MAX_SCRYPT_BYTES = 512 * 2**20
"""Memory of scrypt, 128 · n · r: geth's standard (n = 262144, r = 8) takes 256 MiB."""
MAX_SCRYPT_LANES = 16
MAX_PBKDF2_ROUNDS = 10_000_000
STANDARD_SCRYPT_N = 262_144
_HEX_FIELDS = {"ciphertext": 64, "mac": 64}


def open_keystore(data: bytes, password: str) -> bytes:
    """The 32-byte key in a V3 file; `DataError` that names what is wrong: its form, its cost, or its password."""
    crypto = _crypto(data)
    _bound_cost(crypto)
    with kept_recursion_limit():
        from eth_keyfile.keyfile import decode_keyfile_json
    try:
        key = bytes(decode_keyfile_json(json.loads(data), password.encode()))
    except ValueError as error:
        if "MAC mismatch" in str(error):
            raise DataError(
                "keystore", "its MAC does not fit", "give its password, or a whole copy of the file"
            ) from None
        raise DataError("keystore", type(error).__name__, "give a file as clients write it") from None
    except Exception as error:  # eth-keyfile raises many unrelated types for malformed fields
        raise DataError("keystore", type(error).__name__, "give a file as clients write it") from None
    if len(key) != 32:
        raise DataError("keystore", f"a key of {len(key)} bytes", "give a file of a secp256k1 key")
    return key


def make_keystore(key: bytes, password: str, entropy: bytes, scrypt_n: int = STANDARD_SCRYPT_N) -> bytes:
    """A V3 file (scrypt, AES-128-CTR) of a key; salt, IV and id come from 64 bytes of `entropy`."""
    from hashlib import scrypt

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from eth_hash.auto import keccak
    from eth_keys.datatypes import PrivateKey

    if len(key) != 32 or len(entropy) != 64:
        raise DataError("keystore", f"key of {len(key)}, entropy of {len(entropy)} bytes", "give 32 and 64 bytes")
    if not password:
        raise DataError("keystore: password", "empty", "choose one: the file is no safer than it")
    if scrypt_n < 1024 or scrypt_n & (scrypt_n - 1) or 128 * 8 * scrypt_n > MAX_SCRYPT_BYTES:
        raise DataError("keystore: n", scrypt_n, f"choose a power of two, 1024 to {MAX_SCRYPT_BYTES // 1024}")
    salt, iv, name = entropy[:32], entropy[32:48], entropy[48:64]
    derived = scrypt(password.encode(), salt=salt, n=scrypt_n, r=8, p=1, dklen=32, maxmem=2 * 128 * 8 * scrypt_n)
    cipher = Cipher(algorithms.AES(derived[:16]), modes.CTR(iv)).encryptor()
    text = cipher.update(key) + cipher.finalize()
    marked = bytearray(name)
    marked[6], marked[8] = marked[6] & 0x0F | 0x40, marked[8] & 0x3F | 0x80  # a version 4 UUID (RFC 9562)
    h = marked.hex()
    made = {
        "version": 3,
        "id": f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}",
        "address": PrivateKey(key).public_key.to_canonical_address().hex(),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv.hex()},
            "ciphertext": text.hex(),
            "kdf": "scrypt",
            "kdfparams": {"dklen": 32, "n": scrypt_n, "r": 8, "p": 1, "salt": salt.hex()},
            "mac": bytes(keccak(derived[16:] + text)).hex(),
        },
    }
    return json.dumps(made, indent=2).encode() + b"\n"


def _crypto(data: bytes) -> dict[str, Any]:
    """The `crypto` table of a bounded JSON file, its fixed fields checked."""
    if len(data) > MAX_FILE_BYTES:
        raise DataError("keystore", f"{len(data)} bytes", f"a keystore has at most {MAX_FILE_BYTES}")
    try:
        if nesting(data.decode()) > MAX_NESTING:
            raise DataError("keystore", "JSON nested too deeply", "give a keystore V3 file")
        file = json.loads(data)
    except ValueError:
        raise DataError("keystore", "no JSON", "give a keystore V3 file") from None
    if not isinstance(file, dict) or file.get("version") != 3:
        version = file.get("version") if isinstance(file, dict) else None
        raise DataError("keystore: version", version, "only version 3 is read")
    crypto = next((value for key, value in file.items() if key.lower() == "crypto"), None)
    if not isinstance(crypto, dict) or not isinstance(crypto.get("kdfparams"), dict):
        raise DataError("keystore: crypto", "missing", "give a keystore V3 file")
    if crypto.get("cipher") != "aes-128-ctr":
        raise DataError("keystore: cipher", str(crypto.get("cipher"))[:40], "only aes-128-ctr is read")
    for name, digits in _HEX_FIELDS.items():
        text = crypto.get(name)
        if not isinstance(text, str) or len(text.removeprefix("0x")) != digits:
            raise DataError(f"keystore: {name}", type(text).__name__, f"give {digits} hex digits")
    return crypto


def _bound_cost(crypto: dict[str, Any]) -> None:
    """Refuse what would cost more to open than any honest file."""
    params, kdf = crypto["kdfparams"], crypto.get("kdf")

    def count(name: str) -> int:
        value = params.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise DataError(f"keystore: {name}", f"{value!r:.40}", "give a whole number above zero")
        return value

    if count("dklen") != 32:
        raise DataError("keystore: dklen", count("dklen"), "only 32 is read")
    if kdf == "scrypt":
        n, memory = count("n"), 128 * count("n") * count("r")
        if memory > MAX_SCRYPT_BYTES or count("p") > MAX_SCRYPT_LANES or n & (n - 1):
            shown = f"n {n}, r {count('r')}, p {count('p')}"
            remedy = f"a power of two n with 128·n·r up to {MAX_SCRYPT_BYTES} bytes, p up to {MAX_SCRYPT_LANES}"
            raise DataError("keystore: scrypt", shown, remedy)
    elif kdf == "pbkdf2":
        if count("c") > MAX_PBKDF2_ROUNDS:
            raise DataError("keystore: pbkdf2", count("c"), f"at most {MAX_PBKDF2_ROUNDS} rounds are spent on a file")
    else:
        raise DataError("keystore: kdf", str(kdf)[:40], "scrypt or pbkdf2")
