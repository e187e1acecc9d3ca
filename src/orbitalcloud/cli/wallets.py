"""`orbital wallet`: keystores (V3) on the ground: make one, show its address, sign a transaction with it.

The wallet of a satellite is born on board and never comes down; these are for operators and customers. The password
is asked for on a terminal, or read from ORBITAL_PASSWORD; it is never an argument, which other users could see.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from orbitalcloud.cli import output
from orbitalcloud.cli.reading_files import read_bounded
from orbitalcloud.core import DataError, from_hex
from orbitalcloud.ethereum import keystore
from orbitalcloud.ethereum.keystore import MAX_FILE_BYTES, make_keystore, open_keystore
from orbitalcloud.ethereum.signed_text import wipe_text
from orbitalcloud.ethereum.transactions import Transaction, checksum_address
from orbitalcloud.ethereum.wallet import MAX_TRANSACTION_BYTES, Wallet, derive_key, mnemonic_of, seed_of

PASSWORD = "ORBITAL_PASSWORD"

Number = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern=r"^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$")]


class _Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An unsigned transaction as JSON, with the names that JSON-RPC uses; numbers as such, as text or as 0x…"""

    chain_id: Number
    nonce: Number
    gas: Number
    to: str | None = None
    value: Number = 0
    data: str = "0x"
    type: Literal[1, 2, "0x1", "0x2"] = 2
    max_fee_per_gas: Number = 0
    max_priority_fee_per_gas: Number = 0
    gas_price: Number = 0


def wallet(action: str, file: Path, what: str | None, as_json: bool) -> int:
    """One of new, address, sign and wipe."""
    match action:
        case "new":
            return _new(file, as_json)
        case "address":
            return _show({"address": _address(file)}, as_json)
        case "sign" if what is not None:
            return _sign(file, Path(what), as_json)
        case "sign":
            raise DataError("wallet sign", "no transaction", "orbital wallet sign KEYSTORE TX.json")
        case "wipe":
            return _wipe(file, what or "", as_json)
    raise output.choose("wallet", action, ("new", "address", "sign", "wipe"))


def _show(facts: dict[str, Any], as_json: bool) -> int:
    if as_json:
        output.data(facts)
    else:
        print("\n".join(str(value) for value in facts.values()))
    return 0


def _new(file: Path, as_json: bool) -> int:
    """A keystore of a new wallet; its words are shown once, on a terminal only."""
    if file.exists():
        raise DataError(str(file), "is there already", "name a new file: a keystore is never overwritten")
    password = _password(twice=True)
    entropy = os.urandom(32)
    key = derive_key(seed_of(mnemonic_of(entropy)))
    made = make_keystore(key, password, os.urandom(64), keystore.STANDARD_SCRYPT_N)
    output.write_file(file, lambda place: _write_private(place, made))
    if output.terminal():
        output.say("Write these words down; they restore the wallet, and are not shown again:\n")
        output.say(f"  {mnemonic_of(entropy)}\n")
    return _show({"address": _address(file)}, as_json)


def _write_private(place: Path, data: bytes) -> None:
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _address(file: Path) -> str:
    try:
        told = json.loads(read_bounded(file, MAX_FILE_BYTES))
        return checksum_address("0x" + str(told["address"]).removeprefix("0x").lower())
    except (ValueError, KeyError, TypeError, RecursionError, DataError) as error:
        if isinstance(error, DataError) and error.place == str(file):
            raise
        raise DataError(str(file), "no keystore with an address", "give a keystore V3 file") from None


def _sign(file: Path, transaction: Path, as_json: bool) -> int:
    drafted = _draft(read_bounded(transaction, MAX_TRANSACTION_BYTES), transaction)
    key = open_keystore(read_bounded(file, MAX_FILE_BYTES), _password())
    signer = Wallet.from_key(key)
    signed = signer.sign(drafted)
    return _show({"raw": "0x" + signed.raw.hex(), "hash": signed.hash, "from": signer.address}, as_json)


def _wipe(file: Path, what: str, as_json: bool) -> int:
    """The order to destroy a satellite's wallet, for `[[wipe]]` of a mission: signed by the operator's account."""
    satellite, _, address = what.rpartition(":")
    if not satellite:
        raise DataError("wallet wipe", what or "nothing", "orbital wallet wipe KEYSTORE SATELLITE:ADDRESS")
    text = wipe_text(satellite, checksum_address(address))
    signer = Wallet.from_key(open_keystore(read_bounded(file, MAX_FILE_BYTES), _password()))
    return _show({"signature": "0x" + signer.sign_text(text).hex(), "text": text, "operator": signer.address}, as_json)


def _draft(data: bytes, place: Path) -> Transaction:
    try:
        one = msgspec.json.decode(data, type=_Draft)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        remedy = "give chainId, nonce, gas, to, value, data, maxFeePerGas, maxPriorityFeePerGas"
        raise DataError(str(place), str(error), remedy) from None
    kind: Literal[1, 2] = 1 if one.type in (1, "0x1") else 2
    most = one.gas_price if kind == 1 else one.max_fee_per_gas
    return Transaction(
        _number(one.chain_id),
        _number(one.nonce),
        one.to,
        _number(one.value),
        _number(one.gas),
        _number(most),
        _number(one.max_priority_fee_per_gas) if kind == 2 else 0,
        from_hex(one.data),
        kind,
    )


def _number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16 if value.startswith("0x") else 10)


def _password(twice: bool = False) -> str:
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise DataError("password", "none", f"set {PASSWORD}, or call this from a terminal")
    first = getpass.getpass("password: ", sys.stderr)
    if twice and getpass.getpass("again: ", sys.stderr) != first:
        raise DataError("password", "two different ones", "type the same twice")
    return first
