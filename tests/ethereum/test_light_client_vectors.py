"""The sync protocol against the official vectors, Altair to Fulu, forks crossed while running."""

from __future__ import annotations

from typing import Any

from orbitalcloud.ethereum import LightClientStore
from orbitalcloud.ethereum.codec import decode_bootstrap, decode_update, encode_bootstrap, encode_update, execution_root
from orbitalcloud.ethereum.forks import ChainConfig
from orbitalcloud.ethereum.sync_protocol import (
    apply_bootstrap,
    is_better_update,
    process_force_update,
    process_update,
    validate_bootstrap,
)
from orbitalcloud.ethereum.types import LightClientHeader


def hexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def check_header(config: ChainConfig, header: LightClientHeader, expected: dict[str, str]) -> None:
    assert header.slot == int(expected["slot"])
    assert header.beacon.root == hexed(expected["beacon_root"])
    if "execution_root" in expected:
        assert execution_root(config, header) == hexed(expected["execution_root"])


def test_sync(sync_case: Any) -> None:
    config, meta = sync_case.config(), sync_case.yaml("meta")
    digests = sync_case.forks_by_digest(config)
    raw = sync_case.ssz("bootstrap")
    fork = digests[hexed(meta["bootstrap_fork_digest"])]
    bootstrap = decode_bootstrap(config, raw)
    assert bootstrap == decode_bootstrap(config, raw, fork)
    assert encode_bootstrap(config, bootstrap, fork) == raw
    validate_bootstrap(config, bootstrap, hexed(meta["trusted_block_root"]))
    store = apply_bootstrap(bootstrap)
    for step in sync_case.yaml("steps"):
        ((name, what),) = step.items()
        if name == "process_update":
            raw = sync_case.ssz(what["update"])
            fork = digests[hexed(what["update_fork_digest"])]
            update = decode_update(config, raw)
            assert update == decode_update(config, raw, fork, "update")
            assert encode_update(config, update, fork) == raw
            strict = process_update(config, store, update, int(what["current_slot"]), strict=True)
            store = process_update(config, store, update, int(what["current_slot"]))
            assert store == strict
        elif name == "force_update":
            store = process_force_update(config, store, int(what["current_slot"]))
        else:
            assert name == "upgrade_store"  # ours is held in the newest shape: an upgrade changes nothing
        check_header(config, store.finalized_header, what["checks"]["finalized_header"])
        check_header(config, store.optimistic_header, what["checks"]["optimistic_header"])
        assert LightClientStore.from_bytes(config, store.to_bytes(config)) == store


def test_update_ranking(ranking_case: Any) -> None:
    config = _config_in_force(ranking_case)
    count = int(ranking_case.yaml("meta")["updates_count"])
    updates = [
        decode_update(config, ranking_case.ssz(f"updates_{i}"), ranking_case.fork, "update") for i in range(count)
    ]
    for better, update in enumerate(updates):
        for worse in updates[better + 1 :]:
            assert is_better_update(config, update, worse)
            assert not is_better_update(config, worse, update)


def _config_in_force(case: Any) -> ChainConfig:
    """The ranking cases carry no configuration; only the preset's periods matter to them."""
    from orbitalcloud.ethereum import MINIMAL_PRESET, ForkEntry

    return ChainConfig("minimal", MINIMAL_PRESET, bytes(32), 0, 6, (ForkEntry(case.fork, bytes(4), 0),))
