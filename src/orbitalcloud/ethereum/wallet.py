"""A wallet that is born where it is used: entropy in, an address out, and the key stays.

BIP-39 turns the entropy into words and a seed, BIP-32 and BIP-44 the seed into the key at m/44'/60'/0'/0/0, and
EIP-1559 transactions are signed with it (deterministic nonces, RFC 6979). `eth-account` does all of these; it takes
half a second to import, so it is imported when a wallet is born or signs, never when one is only carried.

What is secret: the words, the seed, the key, `to_bytes()` and therefore every pickle or saved state that holds a
wallet. None of them is in `repr`, `str`, an error or a log record. `to_bytes()` is for the node's own store and for
nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from orbitalcloud.core import DataError, Refused, RemoteProtocolError, Why
from orbitalcloud.ethereum.recursion import kept_recursion_limit
from orbitalcloud.ethereum.signed_text import text_digest
from orbitalcloud.ethereum.transactions import Authorization, Transaction, checksum_address, in_range
from orbitalcloud.ethereum.typed_data import Domain, typed_digest

DERIVATION_PATH = "m/44'/60'/0'/0/0"
MAX_TRANSACTION_BYTES = 131_072
"""The largest transaction that Ethereum clients accept into their pools (geth, txMaxSize: 4 times 32 KiB)."""

_TAG = b"orbital-wallet-1"
_ENTROPY_SIZES = (16, 20, 24, 28, 32)
_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction: its bytes as a node takes them, and its hash (`0x…`), its name on the chain."""

    raw: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class TransferPolicy:
    """What a wallet may sign. Everything is forbidden that is not allowed here, so an empty policy signs nothing."""

    allowed: frozenset[str] = frozenset()
    """Recipients, `0x…` in any case."""
    max_value_wei: int = 0
    max_fee_wei: int = 0
    """Most that gas may cost: gas times max_fee_per_gas_wei."""
    chain_ids: frozenset[int] = frozenset()
    data_allowed: bool = False
    """Whether a call (non-empty data) may be signed."""
    delegates: frozenset[str] = frozenset()
    """Contracts whose code the account may run as its own (EIP-7702)."""
    contracts: frozenset[str] = frozenset()
    """Contracts that typed data (EIP-712) may be signed for."""

    def require(self, *, chain_id: int, to: str | None, value_wei: int, fee_wei: int, data: bytes) -> None:
        """Return if the transfer is allowed, else raise `Refused` with the rule that forbids it."""
        known = {address.lower() for address in self.allowed}
        if chain_id not in self.chain_ids:
            raise _refusal("wallet-chain", f"chain {chain_id} is not one that this wallet signs for")
        if to is None or to.lower() not in known:
            raise _refusal("wallet-recipient", f"{to or 'a new contract'} is not on the allow-list")
        if data and not self.data_allowed:
            raise _refusal("wallet-call", f"{len(data)} bytes of call data, this wallet signs plain transfers only")
        if value_wei > self.max_value_wei:
            raise _too_much("wallet-value", "value", value_wei, self.max_value_wei)
        if fee_wei > self.max_fee_wei:
            raise _too_much("wallet-fee", "gas", fee_wei, self.max_fee_wei)

    def require_delegate(self, chain_id: int, delegate: str) -> None:
        """Return if the account may be given that code, else raise `Refused`."""
        if chain_id not in self.chain_ids:
            raise _refusal("wallet-chain", f"chain {chain_id} is not one that this wallet signs for")
        if delegate.lower() not in {address.lower() for address in self.delegates}:
            raise _refusal("wallet-delegate", f"{delegate} is no code that this account may run")

    def require_contract(self, domain: Domain) -> None:
        """Return if typed data may be signed for that contract, else raise `Refused`."""
        if domain.chain_id not in self.chain_ids:
            raise _refusal("wallet-chain", f"chain {domain.chain_id} is not one that this wallet signs for")
        if domain.contract.lower() not in {address.lower() for address in self.contracts}:
            raise _refusal("wallet-contract", f"{domain.contract} is no contract that this wallet signs for")


def _refusal(rule: str, text: str) -> Refused:
    return Refused(Why(ok=False, rule=rule, text=text))


def _too_much(rule: str, what: str, wei: int, limit_wei: int) -> Refused:
    text = f"{what} of {wei} wei, at most {limit_wei} wei allowed"
    # Rounded away from each other, in gwei, so that 64-bit log records hold them and still show which is greater.
    return Refused(Why(ok=False, rule=rule, text=text, value=-(-wei // _GWEI), limit=limit_wei // _GWEI, unit="gwei"))


class Wallet:
    """One key and its address. Make one with `Wallet.born`; read one back with `Wallet.from_bytes`."""

    __slots__ = ("_entropy", "_key", "address")

    address: str
    """The account, with its EIP-55 checksum."""

    def __init__(self, entropy: bytes, key: bytes, address: str) -> None:
        self._entropy, self._key, self.address = entropy, key, address

    @classmethod
    def born(cls, entropy: bytes) -> Wallet:
        """A wallet from 16, 20, 24, 28 or 32 bytes of entropy: BIP-39 words, no passphrase, path m/44'/60'/0'/0/0."""
        key = derive_key(seed_of(mnemonic_of(entropy)))
        with kept_recursion_limit():
            from eth_account import Account

        return cls(bytes(entropy), key, str(Account.from_key(key).address))

    @classmethod
    def from_key(cls, key: bytes) -> Wallet:
        """A wallet of a private key that came from elsewhere, as from a keystore: it has no words."""
        if len(key) != 32:
            raise DataError("private key", f"{len(key)} bytes", "give 32 bytes")
        with kept_recursion_limit():
            from eth_account import Account
        try:
            return cls(b"", bytes(key), str(Account.from_key(key).address))
        except Exception:  # eth-keys raises several types, and names the key in some
            raise DataError("private key", "32 bytes", "give a number below the order of secp256k1") from None

    def recovery_words(self) -> str:
        """The BIP-39 words that restore this wallet elsewhere. Secret: for its owner once, never stored or sent."""
        return mnemonic_of(self._entropy)

    def sign_transaction(
        self,
        chain_id: int,
        nonce: int,
        to: str | None,
        value_wei: int,
        gas: int,
        max_fee_per_gas_wei: int,
        max_priority_fee_per_gas_wei: int,
        data: bytes = b"",
        *,
        policy: TransferPolicy | None = None,
    ) -> Signed:
        """Sign an EIP-1559 transaction (`to` None creates a contract).

        Before the key is used: `DataError` for values that no chain takes, `Refused` where `policy` forbids it.
        """
        transaction = Transaction(
            chain_id, nonce, to, value_wei, gas, max_fee_per_gas_wei, max_priority_fee_per_gas_wei, data
        )
        return self.sign(transaction, policy=policy)

    def sign(self, transaction: Transaction, *, policy: TransferPolicy | None = None) -> Signed:
        """Sign a transaction of any type that `Transaction` has.

        Before the key is used: `DataError` for values that no chain takes, `Refused` where `policy` forbids it.
        """
        fields, one = transaction.fields(), transaction
        if policy is not None:
            policy.require(
                chain_id=one.chain_id, to=one.to, value_wei=one.value_wei, fee_wei=one.fee_wei, data=one.data
            )
            for authorization in one.authorizations:
                policy.require_delegate(authorization.chain_id, authorization.delegate)
        with kept_recursion_limit():
            from eth_account import Account

        signed = Account.sign_transaction(fields, self._secret())
        return Signed(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())

    def authorise(
        self, chain_id: int, delegate: str, nonce: int, *, policy: TransferPolicy | None = None
    ) -> Authorization:
        """Let this account run the code of `delegate` (EIP-7702), on one chain, at one nonce."""
        in_range(chain_id=chain_id, nonce=nonce)
        if chain_id == 0:
            raise DataError("chain_id", 0, "name the chain: an authorization for all chains can be replayed on each")
        place = checksum_address(delegate)
        if policy is not None:
            policy.require_delegate(chain_id, place)
        with kept_recursion_limit():
            from eth_account import Account
        made = Account.sign_authorization({"chainId": chain_id, "address": place, "nonce": nonce}, self._secret())
        return Authorization(chain_id, place, nonce, made.y_parity, made.r, made.s)

    def sign_typed(
        self, domain: Domain, content: bytes, *, policy: TransferPolicy | None = None
    ) -> tuple[int, int, int]:
        """(v, r, s) over EIP-712 typed data for one contract on one chain; `content` is its struct hash (32 bytes)."""
        if len(content) != 32:
            raise DataError("typed data", f"{len(content)} bytes", "give the 32 bytes of a struct hash")
        if policy is not None:
            policy.require_contract(domain)
        from eth_keys.datatypes import PrivateKey

        made = PrivateKey(self._secret()).sign_msg_hash(typed_digest(domain, content))
        return made.v + 27, made.r, made.s

    def sign_text(self, text: str) -> bytes:
        """Sign a text as `personal_sign` does (EIP-191): r ‖ s ‖ v, 65 bytes."""
        from eth_keys.datatypes import PrivateKey

        made = PrivateKey(self._secret()).sign_msg_hash(text_digest(text))
        return int(made.r).to_bytes(32, "big") + int(made.s).to_bytes(32, "big") + bytes([made.v + 27])

    def _secret(self) -> bytes:
        if not self._key:
            raise _refusal("wallet-wiped", "the key was wiped on command: nothing is signed any more")
        return self._key

    def wipe(self) -> None:
        """Forget the key: this object signs nothing any more. What is at rest is wiped with the device key (`sealing`).

        Python may keep copies of bytes that it made on the way until their memory is used again; a board that must
        be sure powers its computer down.
        """
        self._entropy = self._key = b""

    def to_bytes(self) -> bytes:
        """The wallet's secret bytes, checksummed, for the node's own store."""
        account = bytes.fromhex(self.address[2:]) + _checksum_bits(self.address)
        body = _TAG + bytes([len(self._entropy)]) + self._entropy + self._key + account
        return body + _tear_check(body)

    @classmethod
    def from_bytes(cls, data: bytes) -> Wallet:
        """The wallet that wrote `data`; `DataError` (which shows none of it) if it is torn or something else."""
        at = len(_TAG) + 1
        size = data[at - 1] if data.startswith(_TAG) and len(data) >= at else 0
        body, check = data[: at + size + 32 + 25], data[at + size + 32 + 25 :]
        if size not in _ENTROPY_SIZES or _tear_check(body) != check:
            raise DataError("wallet", f"{len(data)} bytes", "restore a whole copy of the node's store")
        entropy, key, account = body[at : at + size], body[at + size : at + size + 32], body[at + size + 32 :]
        return cls(entropy, key, _with_bits(account[:20], account[20:]))

    def __reduce__(self) -> tuple[Any, ...]:
        return Wallet.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wallet) and self.address == other.address and self._key == other._key

    def __repr__(self) -> str:
        return f"<Wallet {self.address}>"


def _tear_check(body: bytes) -> bytes:
    return sha256(body).digest()[:8]


def _checksum_bits(address: str) -> bytes:
    """Which of the 40 hex digits are capitals, as five bytes: EIP-55 without hashing again."""
    return sum(1 << at for at, digit in enumerate(address[2:]) if digit.isupper()).to_bytes(5, "big")


def _with_bits(account: bytes, bits: bytes) -> str:
    flags = int.from_bytes(bits, "big")
    digits = (digit.upper() if flags >> at & 1 else digit for at, digit in enumerate(account.hex()))
    return "0x" + "".join(digits)


def mnemonic_of(entropy: bytes) -> str:
    """BIP-39 English words of 16, 20, 24, 28 or 32 bytes."""
    if len(entropy) not in _ENTROPY_SIZES:
        raise DataError("entropy", f"{len(entropy)} bytes", "give 16, 20, 24, 28 or 32 bytes (BIP-39)")
    with kept_recursion_limit():
        from eth_account.hdaccount import Mnemonic

    return str(Mnemonic().to_mnemonic(bytes(entropy)))


def seed_of(words: str, passphrase: str = "") -> bytes:
    """BIP-39 seed (64 bytes) of words with a valid checksum; `DataError`, which does not repeat them, otherwise."""
    with kept_recursion_limit():
        from eth_account.hdaccount import Mnemonic

    if not Mnemonic().is_mnemonic_valid(words):
        raise DataError("mnemonic", f"{len(words.split())} words", "give 12 to 24 BIP-39 English words that check out")
    return bytes(Mnemonic.to_seed(words, passphrase))


def derive_key(seed: bytes, path: str = DERIVATION_PATH) -> bytes:
    """BIP-32 private key (32 bytes) of a seed at a path."""
    with kept_recursion_limit():
        from eth_account.hdaccount import key_from_seed

    return bytes(key_from_seed(seed, path))


def recover_sender(raw: bytes) -> str:
    """Who signed a raw transaction; `RemoteProtocolError('transaction')` if its bytes or its signature are wrong."""
    if not 0 < len(raw) <= MAX_TRANSACTION_BYTES:
        raise RemoteProtocolError("transaction", f"{len(raw)} bytes, 1 to {MAX_TRANSACTION_BYTES} allowed")
    with kept_recursion_limit():
        from eth_account import Account

    try:
        return str(Account.recover_transaction(raw))
    except Exception as error:  # eth-account, rlp and eth-keys raise many unrelated types for malformed bytes
        raise RemoteProtocolError("transaction", f"{type(error).__name__}: {str(error)[:120]}") from None


def transaction_hash(raw: bytes) -> str:
    """Keccak-256 of a raw transaction: its name on the chain."""
    from eth_hash.auto import keccak

    return "0x" + bytes(keccak(raw)).hex()
