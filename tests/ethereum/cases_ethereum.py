"""Numeric validation cases of the Ethereum package: their number, ours, and where theirs comes from."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from orbitalcloud.core import parse_instant
from orbitalcloud.ethereum import FULU_HEAD, MAINNET, LightClient, Wallet, decode_bootstrap
from orbitalcloud.ethereum.wallet import mnemonic_of, seed_of

_DATA = Path(__file__).parents[1] / "data" / "ethereum"
_COLLECTED = "mainnet, collected by corpus-core/colibri-stateless @ 18ec8a2 (index of the beacon API's answers)"
_NOW = 20_000_000


@lru_cache(maxsize=2)
def _archive(name: str) -> dict[str, bytes]:
    raw = lzma.decompress((_DATA / f"{name}.tar.xz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def _follow(start: int, periods: list[int]) -> LightClient:
    files = _archive("mainnet")
    (raw,) = (data for name, data in files.items() if name.startswith(f"bootstraps/{start}_"))
    client = LightClient.bootstrap(MAINNET, decode_bootstrap(MAINNET, raw).header.beacon.root, raw)
    for period in periods:
        (raw,) = (data for name, data in files.items() if name.startswith(f"updates/{period}_"))
        client.update(raw, _NOW)
    return client


def _fulu_block() -> float:
    client = LightClient.bootstrap(MAINNET, FULU_HEAD.checkpoint_root, FULU_HEAD.bootstrap_bytes())
    client.update(FULU_HEAD.update_bytes()[0], _NOW)
    return client.optimistic.execution.block_number


def _bip39_right() -> float:
    vectors = json.loads(_archive("spec")["wallet/bip39_trezor_vectors.json"])["english"]
    return sum(
        mnemonic_of(bytes.fromhex(entropy)) == words and seed_of(words, "TREZOR").hex() == seed
        for entropy, words, seed, _ in vectors
    )


def _transfer_gas() -> float:
    from orbitalcloud.twin.chain import InProcessChain

    wallet = Wallet.born(bytes(32))
    chain = InProcessChain(1337, {wallet.address: 10**18})
    signed = wallet.sign_transaction(1337, 0, "0x" + "35" * 20, 1, 21_000, 3 * 10**9, 10**9)
    receipt = chain.receipt(chain.send_raw_transaction(signed.raw, parse_instant("2026-03-20T12:00:00Z")))
    return receipt.gas_used if receipt else -1


def _slot(text: str) -> Callable[[], float]:
    return lambda: MAINNET.slot_at(parse_instant(text))


def _case(case: str, source: str, quantity: str, unit: str, theirs: float, ours: Callable[[], float]) -> dict[str, Any]:
    return {
        "case": f"ethereum: {case}",
        "source": source,
        "quantity": quantity,
        "unit": unit,
        "theirs": theirs,
        "tolerance": 0,
        "ours": ours,
        "note": "exact",
    }


CASES: list[dict[str, Any]] = [
    _case(
        "28 mainnet periods in a row (1379 to 1406, Deneb)",
        _COLLECTED,
        "finalised slot",
        "slot",
        11518368,
        lambda: _follow(1379, list(range(1379, 1407))).finalized.slot,
    ),
    _case(
        "mainnet over the fork from Deneb to Electra (1421, 1422)",
        _COLLECTED,
        "finalised slot",
        "slot",
        11651008,
        lambda: _follow(1421, [1421, 1422]).finalized.slot,
    ),
    _case(
        "mainnet finality update under Fulu",
        "m-reynaldo35/eth-avm-light-client @ d475cd9 (JSON of a beacon node)",
        "execution block number of the attested header",
        "block",
        25697300,
        _fulu_block,
    ),
    _case(
        "Electra on mainnet",
        "EIP-7600 (Pectra), epoch 364032 at 2025-05-07T10:05:11Z",
        "slot of that instant",
        "slot",
        364032 * 32,
        _slot("2025-05-07T10:05:11Z"),
    ),
    _case(
        "Fulu on mainnet",
        "EIP-7607 (Fusaka), epoch 411392 at 2025-12-03T21:49:11Z",
        "slot of that instant",
        "slot",
        411392 * 32,
        _slot("2025-12-03T21:49:11Z"),
    ),
    _case("BIP-39 vectors, English", "trezor/python-mnemonic 0.21", "vectors reproduced", "vectors", 24, _bip39_right),
    _case(
        "a plain transfer", "Ethereum yellow paper, appendix G (Gtransaction)", "gas used", "gas", 21_000, _transfer_gas
    ),
]
