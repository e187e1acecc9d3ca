"""`orbital verify` for Ethereum: light-client updates in a row from a checkpoint, proofs under what they verified.

orbital verify update_1421_deneb.ssz update_1422_electra.ssz --bootstrap b.ssz --checkpoint 0x…
orbital verify update.ssz proof.json --bootstrap packaged:electra-crossing
orbital verify proof.json --root 0x…        # an eth_getProof answer under a state root that you trust
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.cli.reading_files import read_bounded
from orbitalcloud.core import DataError, Instant, RemoteProtocolError, Why, from_hex, iso, parse_instant, to_hex
from orbitalcloud.ethereum import MAINNET, SEQUENCES, LightClient, parse_eip1186, verify_eip1186
from orbitalcloud.ethereum.proofs import MAX_ANSWER_BYTES

UPDATE_SUFFIX = ".ssz"
PACKAGED = "packaged:"
MAX_UPDATE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Trust:
    """Where trust starts: a bootstrap and its block root, or a state root; `at` is the time to judge slots by."""

    bootstrap: str | None = None
    checkpoint: str | None = None
    root: str | None = None
    at: str | None = None


def is_ethereum(thing: Path) -> bool:
    """Whether a file is an update (by its name) or an `eth_getProof` answer (by what it holds)."""
    if thing.suffix == UPDATE_SUFFIX:
        return True
    try:
        with thing.open("rb") as file:
            return b'"accountProof"' in file.read(MAX_ANSWER_BYTES)
    except OSError:
        return False


def verify(things: Sequence[Path], trust: Trust, as_json: bool) -> int:
    """Each thing in turn; the first that does not hold ends it. Exit 0 if all hold."""
    now = parse_instant(trust.at) if trust.at else Instant(time.time_ns())
    slot = MAINNET.slot_at(now)
    found: list[dict[str, Any]] = []
    client = None
    if any(thing.suffix == UPDATE_SUFFIX for thing in things) or trust.bootstrap:
        why, client = _begin(trust, slot)
        found.append({"thing": trust.bootstrap or "", **msgspec.to_builtins(why)})
    if client is not None or not found:
        for thing in things:
            why, facts = _one(thing, client, trust, slot)
            found.append({"thing": str(thing), **msgspec.to_builtins(why), **facts})
            if not why.ok:
                break
    holds = all(one["ok"] for one in found)
    if as_json:
        output.data({"holds": holds, "at": iso(now), "checks": found})
    else:
        for line in _lines(found):
            print(output.printable(line))
    return 0 if holds else 1


def _begin(trust: Trust, slot: int) -> tuple[Why, LightClient | None]:
    raw, root = _bootstrap(trust)
    try:
        client = LightClient.bootstrap(MAINNET, root, raw, current_slot=slot)
    except RemoteProtocolError as error:
        return Why(False, error.check, error.detail), None
    return Why(True, "checkpoint", f"slot {client.finalized.slot} of the checkpoint {to_hex(root)[:18]}…"), client


def _bootstrap(trust: Trust) -> tuple[bytes, bytes]:
    if trust.bootstrap is None:
        remedy = f"give the one that you trust: --bootstrap FILE --checkpoint 0x…, or {PACKAGED}{next(iter(SEQUENCES))}"
        raise DataError("--bootstrap", "none", remedy)
    if trust.bootstrap.startswith(PACKAGED):
        name = trust.bootstrap.removeprefix(PACKAGED)
        if name not in SEQUENCES:
            raise output.choose("--bootstrap", name, SEQUENCES)
        return SEQUENCES[name].bootstrap_bytes(), SEQUENCES[name].checkpoint_root
    if trust.checkpoint is None:
        raise DataError("--checkpoint", "none", "give the block root (0x…) that you trust for this bootstrap")
    return read_bounded(Path(trust.bootstrap), MAX_UPDATE_BYTES), _root(trust.checkpoint, "--checkpoint")


def _root(text: str, option: str) -> bytes:
    try:
        return from_hex(text, 32)
    except DataError:
        raise DataError(option, text, "give 0x and 64 hex digits") from None


def _one(thing: Path, client: LightClient | None, trust: Trust, slot: int) -> tuple[Why, dict[str, Any]]:
    if thing.suffix == UPDATE_SUFFIX:
        assert client is not None, "made where there is an update"
        return _update(read_bounded(thing, MAX_UPDATE_BYTES), client, slot)
    return _proof(read_bounded(thing, MAX_ANSWER_BYTES), client, trust)


def _update(raw: bytes, client: LightClient, slot: int) -> tuple[Why, dict[str, Any]]:
    try:
        progress = client.update(raw, slot)
    except RemoteProtocolError as error:
        return Why(False, error.check, error.detail), {}
    text = f"{progress.participants} of 512 signed; final to slot {progress.finalized_slot}, period {progress.period}"
    facts = {
        "finalized_slot": progress.finalized_slot,
        "optimistic_slot": progress.optimistic_slot,
        "period": progress.period,
        "finalized_root": to_hex(client.finalized_root),
    }
    return Why(True, "sync-committee-signature", text), facts


def _proof(raw: bytes, client: LightClient | None, trust: Trust) -> tuple[Why, dict[str, Any]]:
    failure: RemoteProtocolError | None = None
    for where, root in _roots(client, trust):
        try:
            proof = parse_eip1186(raw)
            proved = verify_eip1186(root, proof)
        except RemoteProtocolError as error:
            failure = failure or error
            continue
        account = proved.account
        facts: dict[str, Any] = {"address": to_hex(proved.address), "exists": account is not None}
        facts["storage"] = {hex(slot): hex(value) for slot, value in proved.storage.items()}
        if account is None:
            return Why(True, "account-proof", f"there is no account {facts['address']} under {where}"), facts
        facts |= {"nonce": account.nonce, "balance_wei": str(account.balance_wei)}
        slots = f", {len(proved.storage)} slots" if proved.storage else ""
        text = f"{facts['address']}: nonce {account.nonce}, {account.balance_wei} wei{slots}, under {where}"
        return Why(True, "account-proof", text), facts
    if failure is None:
        raise DataError("--root", "none", "give the state root (0x…) that you trust, or updates that lead to one")
    return Why(False, failure.check, failure.detail), {}


def _roots(client: LightClient | None, trust: Trust) -> Iterator[tuple[str, bytes]]:
    """State roots that a proof may stand under, the one that was given first."""
    if trust.root is not None:
        yield "the root given", _root(trust.root, "--root")
    if client is not None:
        for name, header in (("the finalised head", client.finalized), ("the optimistic head", client.optimistic)):
            yield f"{name}, block {header.execution.block_number}", header.execution.state_root


def _lines(found: list[dict[str, Any]]) -> Iterator[str]:
    for one in found:
        name = Path(one["thing"]).name if one["thing"] else ""
        yield f"{'✓' if one['ok'] else '✗'} {name}: {one['rule']}: {one['text']}"
