"""Keystores as published and as other programs read them, secrets at rest, and every kind of signature."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DataError, Instant, Refused
from orbitalcloud.ethereum import TransferPolicy, Wallet, recover_sender
from orbitalcloud.ethereum.keystore import make_keystore, open_keystore
from orbitalcloud.ethereum.sealing import seal, unseal
from orbitalcloud.ethereum.transactions import Authorization, Transaction
from orbitalcloud.ethereum.typed_data import Domain
from orbitalcloud.twin.chain import InProcessChain

# The two examples of the Web3 Secret Storage definition (ethereum.org, "test vectors").
KEY = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
PBKDF2: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
SCRYPT: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 262144,
            "r": 1,
            "p": 8,
            "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
        },
        "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}


def changed(vector: dict[str, Any], **values: object) -> bytes:
    """The vector with fields of `crypto` or `kdfparams` replaced."""
    file = json.loads(json.dumps(vector))
    for name, value in values.items():
        place = file["crypto"]["kdfparams"] if name in file["crypto"]["kdfparams"] else file["crypto"]
        place[name] = value
    return json.dumps(file).encode()


@pytest.mark.parametrize("vector", [PBKDF2, SCRYPT], ids=["pbkdf2", "scrypt"])
def test_published_keystores_open(vector: dict[str, Any]) -> None:
    assert open_keystore(json.dumps(vector).encode(), "testpassword") == KEY
    with pytest.raises(DataError, match="MAC"):
        open_keystore(json.dumps(vector).encode(), "testpasswore")


def test_ours_is_opened_by_eth_account() -> None:
    made = make_keystore(KEY, "a password", hashlib.sha512(b"entropy").digest(), scrypt_n=1024)
    assert bytes(Account.decrypt(json.loads(made), "a password")) == KEY
    assert open_keystore(made, "a password") == KEY
    assert json.loads(made)["address"] == Account.from_key(KEY).address[2:].lower()


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (changed(SCRYPT, n=2**30), "scrypt"),
        (changed(SCRYPT, r=2**20), "scrypt"),
        (changed(SCRYPT, p=10_000), "scrypt"),
        (changed(SCRYPT, n=262143), "scrypt"),
        (changed(SCRYPT, n="262144"), "n"),
        (changed(SCRYPT, dklen=2**31), "dklen"),
        (changed(PBKDF2, c=2**40), "pbkdf2"),
        (changed(PBKDF2, c=0), "c"),
        (changed(PBKDF2, kdf="argon2"), "kdf"),
        (changed(PBKDF2, cipher="none"), "cipher"),
        (changed(PBKDF2, ciphertext="00"), "ciphertext"),
        (changed(PBKDF2, mac=7), "mac"),
        (b"[" * 10_000, "JSON"),
        (b"{}", "version"),
        (b'{"version": 3}', "crypto"),
        (b" " * 20_000, "bytes"),
        (b"\xff\xfe", "JSON"),
    ],
)
def test_hostile_keystores_are_refused_before_any_work(data: bytes, names: str) -> None:
    with pytest.raises(DataError, match=names):
        open_keystore(data, "testpassword")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_keystore_or_a_named_refusal(data: bytes) -> None:
    with pytest.raises(DataError):
        open_keystore(data, "x")


def test_sealed_secrets_open_only_where_and_as_what_they_were_sealed() -> None:
    device, salt = hashlib.sha256(b"device").digest(), hashlib.sha256(b"salt").digest()
    sealed = seal(KEY, device, "wallet", salt)
    assert KEY not in sealed
    assert unseal(sealed, device, "wallet") == KEY
    for torn in (sealed[:-1], sealed[:40], b"", sealed + b"x", sealed[:60] + bytes([sealed[60] ^ 1]) + sealed[61:]):
        with pytest.raises(DataError, match="wallet") as told:
            unseal(torn, device, "wallet")
        assert KEY.hex() not in str(told.value)
    with pytest.raises(DataError):
        unseal(sealed, device, "identity")
    with pytest.raises(DataError):
        unseal(sealed, hashlib.sha256(b"another").digest(), "wallet")


# Signatures ---------------------------------------------------------------------------------------------------------

WALLET = Wallet.born(bytes(range(16)))
TO, CODE = "0x" + "35" * 20, "0x" + "77" * 20
POLICY = TransferPolicy(
    allowed=frozenset({TO}),
    max_value_wei=10**18,
    max_fee_wei=10**18,
    chain_ids=frozenset({31337}),
    delegates=frozenset({CODE}),
    contracts=frozenset({CODE}),
)


def test_the_example_of_eip_712() -> None:
    """Key, digest and signature as the EIP's own test (Example.js) gives them."""
    cow = Wallet(b"", hashlib.sha3_256(b"").digest(), CODE)
    from eth_hash.auto import keccak

    cow._key = bytes(keccak(b"cow"))
    person = [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}]
    mail = [
        {"name": "from", "type": "Person"},
        {"name": "to", "type": "Person"},
        {"name": "contents", "type": "string"},
    ]
    domain = Domain(1, "0xcccccccccccccccccccccccccccccccccccccccc", "Ether Mail", "1")
    message = encode_typed_data(
        {"name": "Ether Mail", "version": "1", "chainId": 1, "verifyingContract": domain.contract},
        {"Person": person, "Mail": mail},
        {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    )
    assert domain.separator.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    v, r, s = cow.sign_typed(domain, message.body)
    assert v == 28
    assert hex(r) == "0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
    assert hex(s) == "0x7299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"


def test_each_kind_of_transaction_is_mined_by_a_real_evm() -> None:
    chain = InProcessChain(31337, {WALLET.address: 10**19})
    slot = (TO, (bytes(32), bytes([1]) * 32))
    authorization = WALLET.authorise(31337, CODE, 3, policy=POLICY)
    common: dict[str, Any] = {"chain_id": 31337, "to": TO, "value_wei": 5, "max_fee_per_gas_wei": 10**10}
    for transaction in (
        Transaction(**common, nonce=0, gas=30_000, kind=1, access_list=(slot,)),
        Transaction(**common, nonce=1, gas=30_000, kind=2, access_list=(slot,)),
        Transaction(**common, nonce=2, gas=100_000, kind=4, authorizations=(authorization,)),
    ):
        signed = WALLET.sign(transaction, policy=POLICY)
        assert signed.raw[0] == transaction.kind
        assert recover_sender(signed.raw) == WALLET.address
        receipt = chain.receipt(chain.send_raw_transaction(signed.raw, Instant(transaction.nonce)))
        assert receipt is not None
        assert receipt.status == 1
    assert chain.code(WALLET.address) == bytes.fromhex("ef0100" + CODE[2:]), "EIP-7702's designator"


@pytest.mark.parametrize(
    ("attempt", "rule"),
    [
        (lambda: WALLET.authorise(31337, TO, 0, policy=POLICY), "wallet-delegate"),
        (lambda: WALLET.authorise(1, CODE, 0, policy=POLICY), "wallet-chain"),
        (lambda: WALLET.sign_typed(Domain(31337, TO), bytes(32), policy=POLICY), "wallet-contract"),
        (lambda: WALLET.sign_typed(Domain(1, CODE), bytes(32), policy=POLICY), "wallet-chain"),
        (
            lambda: WALLET.sign(
                Transaction(31337, 0, TO, 0, 9, 9, kind=4, authorizations=(Authorization(31337, TO, 0, 0, 1, 1),)),
                policy=POLICY,
            ),
            "wallet-delegate",
        ),
    ],
)
def test_what_is_not_allowed_is_refused(attempt: Any, rule: str) -> None:
    with pytest.raises(Refused) as told:
        attempt()
    assert told.value.why.rule == rule


@pytest.mark.parametrize(
    ("transaction", "names"),
    [
        (Transaction(1, 0, TO, 0, 9, 9, kind=4), "authorizations"),
        (Transaction(1, 0, TO, 0, 9, 9, authorizations=(Authorization(1, TO, 0, 0, 1, 1),)), "authorizations"),
        (Transaction(1, 0, None, 0, 9, 9, kind=4, authorizations=(Authorization(1, TO, 0, 0, 1, 1),)), "to"),
        (Transaction(1, 0, TO, 0, 9, 9, 10), "priority"),
        (Transaction(1, 0, TO, 0, 9, 9, access_list=((TO, (b"short",)),)), "access_list"),
        (Transaction(1, 0, TO, 0, 9, 9, access_list=((TO, ()),) * 300), "access_list"),
        (Transaction(1, 0, TO, 0, 2**64, 9), "gas"),
    ],
)
def test_wrong_transactions_are_named(transaction: Transaction, names: str) -> None:
    with pytest.raises(DataError, match=names):
        WALLET.sign(transaction)


def test_an_authorization_for_all_chains_is_refused() -> None:
    with pytest.raises(DataError, match="all chains"):
        WALLET.authorise(0, CODE, 0)


def test_a_wiped_wallet_signs_nothing() -> None:
    wallet = Wallet.born(bytes(16))
    wallet.wipe()
    for attempt in (
        lambda: wallet.sign(Transaction(1, 0, TO, 0, 9, 9)),
        lambda: wallet.sign_typed(Domain(1, CODE), bytes(32)),
        lambda: wallet.authorise(1, CODE, 0),
    ):
        with pytest.raises(Refused, match="wiped"):
            attempt()
