"""The wallet: words, keys and addresses as published, signatures that recover, secrets that stay."""

from __future__ import annotations

import hashlib
import hmac
import pickle
import subprocess
import sys
import traceback
from contextlib import suppress
from typing import Any

import mnemonic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DataError, Refused, RemoteProtocolError
from orbitalcloud.ethereum import TransferPolicy, Wallet, recover_sender, transaction_hash
from orbitalcloud.ethereum.transactions import checksum_address
from orbitalcloud.ethereum.wallet import derive_key, mnemonic_of, seed_of

GWEI = 10**9
TO = "0x3535353535353535353535353535353535353535"
B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def xprv_key(text: str) -> bytes:
    """The private key inside an extended key (BIP-32, base58check)."""
    number = 0
    for letter in text:
        number = number * 58 + B58.index(letter)
    payload, check = number.to_bytes(82, "big")[:78], number.to_bytes(82, "big")[78:]
    assert hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] == check
    return payload[46:]


def test_bip39_vectors(bip39_vectors: list[list[str]]) -> None:
    assert len(bip39_vectors) == 24
    for entropy, words, seed, root in bip39_vectors:
        assert mnemonic_of(bytes.fromhex(entropy)) == words
        assert seed_of(words, "TREZOR").hex() == seed
        assert derive_key(bytes.fromhex(seed), "m") == xprv_key(root)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_words_are_those_of_an_independent_library(entropy: bytes) -> None:
    theirs = mnemonic.Mnemonic("english")
    words = theirs.to_mnemonic(entropy)
    assert mnemonic_of(entropy) == words
    assert seed_of(words) == theirs.to_seed(words)


# BIP-32's own test vectors 1 to 3 (bitcoin/bips, bip-0032.mediawiki): seed, path, extended private key.
BIP32 = [
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'/1/2'/2/1000000000",
        "xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0/2147483647'/1/2147483646'/2",
        "xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QWTyefMLEcBYJUuekgW4BYPJcr9E7j",
    ),
    (
        "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be",
        "m/0'",
        "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L",
    ),
]


@pytest.mark.parametrize(("seed", "path", "extended"), BIP32)
def test_bip32_vectors(seed: str, path: str, extended: str) -> None:
    assert derive_key(bytes.fromhex(seed), path) == xprv_key(extended)


def test_bip32_master_key_by_hand() -> None:
    seed = bytes(range(64))
    assert derive_key(seed, "m") == hmac.digest(b"Bitcoin seed", seed, "sha512")[:32]


def test_the_published_account_of_the_test_words() -> None:
    """Hardhat's and anvil's first account, from 'test test … junk' at m/44'/60'/0'/0/0."""
    words = "test test test test test test test test test test test junk"
    theirs = mnemonic.Mnemonic("english").to_entropy(words)
    wallet = Wallet.born(bytes(theirs))
    assert wallet.recovery_words() == words
    assert wallet.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    key = derive_key(seed_of(words))
    assert key.hex() == "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@pytest.mark.parametrize(
    "address",
    [  # EIP-55's own examples
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_checksum_addresses(address: str) -> None:
    assert checksum_address(address) == address
    assert checksum_address(address.lower()) == address
    mixed = address[:2] + address[2:].swapcase()
    if mixed[2:] not in (mixed[2:].lower(), mixed[2:].upper()):
        with pytest.raises(DataError, match="address"):
            checksum_address(mixed)


@pytest.fixture(scope="module")
def wallet() -> Wallet:
    return Wallet.born(bytes(range(32)))


def sign(wallet: Wallet, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "chain_id": 1,
        "nonce": 9,
        "to": TO,
        "value_wei": 10**18,
        "gas": 21_000,
        "max_fee_per_gas_wei": 20 * GWEI,
        "max_priority_fee_per_gas_wei": GWEI,
    }
    return wallet.sign_transaction(**(given | changes))


def test_signing_recovers_and_repeats(wallet: Wallet) -> None:
    signed = sign(wallet)
    assert signed.raw[0] == 2
    assert recover_sender(signed.raw) == wallet.address
    assert transaction_hash(signed.raw) == signed.hash
    assert sign(wallet) == signed  # RFC 6979: no chance in it
    assert sign(wallet, nonce=10).hash != signed.hash


def test_the_signed_bytes_say_what_was_asked(wallet: Wallet) -> None:
    """Read back with `rlp` alone: EIP-1559's fields in their order."""
    import rlp

    fields = rlp.decode(sign(wallet, data=b"\1\2\3", gas=60_000).raw[1:])
    numbers = [int.from_bytes(part, "big") for part in fields[:5]]
    assert numbers == [1, 9, GWEI, 20 * GWEI, 60_000]
    assert fields[5] == bytes.fromhex(TO[2:])
    assert int.from_bytes(fields[6], "big") == 10**18
    assert fields[7] == b"\1\2\3"
    assert fields[8] == []
    assert len(fields) == 12


def test_contract_creation_has_no_recipient(wallet: Wallet) -> None:
    import rlp

    signed = sign(wallet, to=None, data=b"\x60\x00", gas=100_000)
    assert rlp.decode(signed.raw[1:])[5] == b""
    assert recover_sender(signed.raw) == wallet.address


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": -1},
        {"nonce": 2**64 - 1},
        {"value_wei": -1},
        {"value_wei": 2**256},
        {"gas": 2**64},
        {"max_fee_per_gas_wei": 1},
        {"to": "0x1234"},
        {"to": TO[2:]},
        {"to": "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
    ],
)
def test_impossible_values_are_refused(wallet: Wallet, change: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        sign(wallet, **change)


def test_entropy_of_a_wrong_size() -> None:
    for size in (0, 15, 17, 31, 33, 64):
        with pytest.raises(DataError, match="entropy"):
            Wallet.born(bytes(size))


def test_words_that_do_not_check_out_are_not_repeated() -> None:
    words = "test " * 11 + "secret"
    with pytest.raises(DataError) as refused:
        seed_of(words)
    assert "secret" not in str(refused.value)


# ------------------------------------------------------------------------------------------------- policy

POLICY = TransferPolicy(
    allowed=frozenset({TO}), max_value_wei=10**18, max_fee_wei=21_000 * 20 * GWEI, chain_ids=frozenset({1})
)


def test_what_the_policy_allows_is_signed(wallet: Wallet) -> None:
    assert sign(wallet, policy=POLICY) == sign(wallet)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"chain_id": 10}, "wallet-chain"),
        ({"to": "0x" + "36" * 20}, "wallet-recipient"),
        ({"to": None, "data": b"\0"}, "wallet-recipient"),
        ({"data": b"\0"}, "wallet-call"),
        ({"value_wei": 10**18 + 1}, "wallet-value"),
        ({"gas": 21_001}, "wallet-fee"),
        ({"policy": TransferPolicy()}, "wallet-chain"),
    ],
)
def test_what_the_policy_forbids_is_refused_by_rule(wallet: Wallet, change: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refused) as refused:
        sign(wallet, **({"policy": POLICY} | change))
    why = refused.value.why
    assert why.rule == rule
    assert not why.ok
    if why.unit:
        assert why.value > why.limit


# ------------------------------------------------------------------------------------------------- secrets


def test_it_comes_back_from_its_bytes_and_from_a_pickle(wallet: Wallet) -> None:
    for back in (Wallet.from_bytes(wallet.to_bytes()), pickle.loads(pickle.dumps(wallet))):
        assert back == wallet
        assert back.address == wallet.address
        assert back.recovery_words() == wallet.recovery_words()
        assert sign(back) == sign(wallet)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_torn_bytes_are_refused_without_showing_them(at: int, change: int) -> None:
    wallet = Wallet.born(bytes(16))
    data = wallet.to_bytes()
    torn = bytearray(data)
    torn[at % len(data)] ^= change
    for lie in (bytes(torn), data[: at % len(data)], data + b"\0"):
        with pytest.raises(DataError) as refused:
            Wallet.from_bytes(lie)
        assert data.hex()[40:60] not in str(refused.value)


def test_no_secret_in_any_text(wallet: Wallet) -> None:
    secrets = [derive_key(seed_of(wallet.recovery_words())), bytes(range(32))]
    texts = [repr(wallet), str(wallet), f"{wallet}", repr([wallet]), repr(sign(wallet))]
    try:
        sign(wallet, value_wei=-1)
    except DataError:
        texts.append(traceback.format_exc())
    for text in texts:
        assert wallet.recovery_words().split()[3] not in text
        for secret in secrets:
            assert secret.hex() not in text
            assert str(int.from_bytes(secret, "big")) not in text
    assert not hasattr(wallet, "__dict__")


def test_the_recursion_limit_of_the_process_stays(wallet: Wallet) -> None:
    """eth-account and what it loads raise it to 100,000, where deeply nested input ends the process."""
    program = (
        "import sys; before = sys.getrecursionlimit();"
        "from orbitalcloud.ethereum import Wallet, recover_sender;"
        "wallet = Wallet.born(bytes(16));"
        "recover_sender(wallet.sign_transaction(1, 0, None, 0, 60000, 1, 0).raw);"
        "assert 'py_ecc' in sys.modules; sys.exit(sys.getrecursionlimit() - before)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_malformed_transactions_have_no_sender(wallet: Wallet) -> None:
    raw = sign(wallet).raw
    for lie in (b"", b"\2", raw[:-1], b"\x7f" + raw[1:], bytes(200_000), raw[:40] + b"\xff" * 40):
        with pytest.raises(RemoteProtocolError) as refused:
            recover_sender(lie)
        assert refused.value.check == "transaction"
    changed = bytearray(raw)
    changed[30] ^= 1
    with suppress(RemoteProtocolError):
        assert recover_sender(bytes(changed)) != wallet.address
