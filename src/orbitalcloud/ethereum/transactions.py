"""Transactions that a wallet signs: EIP-2930 (type 1), EIP-1559 (type 2), EIP-7702 (type 4), as values with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from orbitalcloud.core import DataError

MAX_LIST = 256
_LIMITS = {"chain_id": 2**63, "nonce": 2**64 - 1, "gas": 2**64}


def checksum_address(text: str) -> str:
    """`text` as an EIP-55 address; `DataError` if it is none, or if it has mixed case and the wrong checksum."""
    from eth_utils.address import is_address, to_checksum_address

    if isinstance(text, str) and text.startswith("0x") and is_address(text):
        checked = str(to_checksum_address(text))
        if text in (checked, checked.lower(), "0x" + checked[2:].upper()):
            return checked
    raise DataError("address", text, "give 0x and 40 hex digits, all in one case or with the EIP-55 checksum")


def in_range(**numbers: int) -> None:
    """`DataError` for the first number that no chain takes."""
    for name, number in numbers.items():
        if not 0 <= number < _LIMITS.get(name, 2**256):
            raise DataError(name, number, f"give an integer from 0 to below {_LIMITS.get(name, 2**256)}")


@dataclass(frozen=True, slots=True)
class Authorization:
    """EIP-7702: the signer's account runs the code of `delegate`; the signature is its (y parity, r, s).

    `chain_id` 0 would hold on every chain: it is refused.
    """

    chain_id: int
    delegate: str
    nonce: int
    y_parity: int
    r: int
    s: int

    def fields(self) -> dict[str, Any]:
        """As `eth-account` takes it."""
        return {
            "chainId": self.chain_id,
            "address": checksum_address(self.delegate),
            "nonce": self.nonce,
            "yParity": self.y_parity,
            "r": self.r,
            "s": self.s,
        }


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be signed. `to` None creates a contract. Type 1 pays `max_fee_per_gas_wei` as its gas price."""

    chain_id: int
    nonce: int
    to: str | None
    value_wei: int
    gas: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int = 0
    data: bytes = b""
    kind: Literal[1, 2, 4] = 2
    access_list: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    authorizations: tuple[Authorization, ...] = ()

    @property
    def fee_wei(self) -> int:
        """Most that its gas can cost."""
        return self.gas * self.max_fee_per_gas_wei

    def fields(self) -> dict[str, Any]:
        """As `eth-account` takes it; `DataError` for values that no chain takes."""
        self._check()
        made: dict[str, Any] = {
            "type": self.kind,
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "value": self.value_wei,
            "gas": self.gas,
            "data": self.data,
        }
        if self.kind == 1:
            made["gasPrice"] = self.max_fee_per_gas_wei
        else:
            made["maxFeePerGas"] = self.max_fee_per_gas_wei
            made["maxPriorityFeePerGas"] = self.max_priority_fee_per_gas_wei
        if self.to is not None:
            made["to"] = checksum_address(self.to)
        if self.access_list or self.kind == 1:
            made["accessList"] = [
                {"address": checksum_address(address), "storageKeys": ["0x" + key.hex() for key in keys]}
                for address, keys in self.access_list
            ]
        if self.kind == 4:
            made["authorizationList"] = [one.fields() for one in self.authorizations]
        return made

    def _check(self) -> None:
        in_range(
            chain_id=self.chain_id,
            nonce=self.nonce,
            value_wei=self.value_wei,
            gas=self.gas,
            max_fee_per_gas_wei=self.max_fee_per_gas_wei,
            max_priority_fee_per_gas_wei=self.max_priority_fee_per_gas_wei,
        )
        if self.max_priority_fee_per_gas_wei > self.max_fee_per_gas_wei:
            tip = self.max_priority_fee_per_gas_wei
            raise DataError("max_priority_fee_per_gas_wei", tip, "at most max_fee_per_gas_wei")
        if len(self.access_list) > MAX_LIST or sum(len(keys) for _, keys in self.access_list) > MAX_LIST:
            raise DataError("access_list", f"{len(self.access_list)} entries", f"at most {MAX_LIST} accounts and slots")
        if any(len(key) != 32 for _, keys in self.access_list for key in keys):
            raise DataError("access_list", "a storage key", "give 32 bytes each")
        if (self.kind == 4) != bool(self.authorizations) or len(self.authorizations) > MAX_LIST:
            shown = f"type {self.kind} with {len(self.authorizations)}"
            raise DataError("authorizations", shown, f"1 to {MAX_LIST} for type 4, none for others")
        if self.kind == 4 and self.to is None:
            raise DataError("to", None, "a type 4 transaction creates no contract")
