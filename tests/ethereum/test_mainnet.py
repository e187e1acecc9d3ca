"""Every real mainnet update that we have, from raw bytes, through Deneb, Electra and Fulu."""

from __future__ import annotations

from typing import Any

import pytest

from orbitalcloud.core import RemoteProtocolError, iso, parse_instant
from orbitalcloud.ethereum import (
    DENEB_RUN,
    ELECTRA_CROSSING,
    FULU_HEAD,
    MAINNET,
    Fork,
    LightClient,
    decode_bootstrap,
    decode_update,
)
from orbitalcloud.ethereum.codec import encode_bootstrap, encode_update
from orbitalcloud.ethereum.forks import fork_digest

Files = dict[str, bytes]
NOW = 20_000_000


def bootstrap(files: Files, period: int) -> LightClient:
    (raw,) = (data for name, data in files.items() if name.startswith(f"bootstraps/{period}_"))
    return LightClient.bootstrap(MAINNET, decode_bootstrap(MAINNET, raw).header.beacon.root, raw)


def update(files: Files, period: int) -> bytes:
    (raw,) = (data for name, data in files.items() if name.startswith(f"updates/{period}_"))
    return raw


def follow(files: Files, start: int, periods: list[int]) -> LightClient:
    client = bootstrap(files, start)
    for period in periods:
        client.update(update(files, period), NOW)
        # A reboot after each update must change nothing.
        client = LightClient.from_bytes(MAINNET, client.to_bytes())
    return client


def test_decoded_facts_are_those_of_the_index(mainnet_files: Files, mainnet_index: list[dict[str, Any]]) -> None:
    assert len(mainnet_index) == 46
    for entry in mainnet_index:
        raw, fork = mainnet_files[entry["file"].removeprefix("mainnet/")], Fork[entry["fork"].upper()]
        version = next(each.version for each in MAINNET.schedule if each.fork is fork)
        if "fork_digest" in entry:
            assert fork_digest(version, MAINNET.genesis_validators_root).hex() == entry["fork_digest"]
        if entry["kind"] == "bootstrap":
            value = decode_bootstrap(MAINNET, raw)
            assert value.header.slot == entry["slot"]
            assert encode_bootstrap(MAINNET, value, fork) == raw
            continue
        found = decode_update(MAINNET, raw)
        facts = (found.attested_header.slot, found.finalized_header.slot, found.signature_slot)
        assert facts == (entry["attested_slot"], entry["finalized_slot"], entry["signature_slot"])
        assert found.sync_aggregate.participants == entry["participants"]
        assert encode_update(MAINNET, found, fork) == raw


def test_28_periods_of_deneb_in_a_row(mainnet_files: Files) -> None:
    client = follow(mainnet_files, 1379, list(range(1379, 1407)))
    assert client.period == 1406
    # What period 1406 announced is what the independent checkpoint of 1407 holds.
    following = bootstrap(mainnet_files, 1407).store.current_sync_committee
    assert client.store.next_sync_committee == following


def test_over_the_fork_from_deneb_to_electra(mainnet_files: Files) -> None:
    client = follow(mainnet_files, 1421, [1421, 1422])
    assert client.finalized.slot == 11651008
    assert MAINNET.fork_at_slot(client.finalized.slot) is Fork.ELECTRA
    independent = bootstrap(mainnet_files, 1422).store.current_sync_committee
    assert client.store.current_sync_committee == independent


@pytest.mark.parametrize("period", [1428, 1600, 1601, 1602])
def test_electra_updates_alone(mainnet_files: Files, period: int) -> None:
    client = follow(mainnet_files, period, [period])
    assert client.optimistic.slot > period * 8192


@pytest.mark.parametrize(("first", "second"), [(1573, 1574), (1601, 1602)])
def test_early_update_without_finality_in_its_period_needs_force(mainnet_files: Files, first: int, second: int) -> None:
    """These were served minutes into their period: finality still lies in the period before, so the next committee
    is not final, and the period after can be checked only once the specification's timeout forces it."""
    client = follow(mainnet_files, first, [first])
    with pytest.raises(RemoteProtocolError) as refused:
        client.update(update(mainnet_files, second), NOW)
    assert refused.value.check == "period"
    soon = client.finalized.slot + MAINNET.preset.slots_per_period
    assert client.force_update(soon) is None
    forced = client.force_update(soon + 1)
    assert forced is not None
    assert forced.committee_changed
    assert (
        client.update(update(mainnet_files, second), NOW).finalized_slot
        == decode_update(MAINNET, update(mainnet_files, second)).finalized_header.slot
    )


def test_an_early_update_does_not_rotate(mainnet_files: Files) -> None:
    client = follow(mainnet_files, 1600, [1600, 1601])
    assert client.period == 1600
    with pytest.raises(RemoteProtocolError, match="period"):
        client.update(update(mainnet_files, 1602), NOW)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("sequence", [ELECTRA_CROSSING, DENEB_RUN, FULU_HEAD], ids=lambda each: each.name)
def test_packaged_sequences_verify(begin: Any, sequence: Any, strict: bool) -> None:
    client = begin(sequence, strict=strict)
    for raw in sequence.update_bytes():
        progress = client.update(raw, NOW)
        assert progress.optimistic_advanced
        assert progress.participants > 341
    assert progress.committee_changed is (sequence is not FULU_HEAD)


def test_fulu_finality_update_is_fulu(begin: Any) -> None:
    client = begin(FULU_HEAD)
    progress = client.update(FULU_HEAD.update_bytes()[0], 14934334)
    assert MAINNET.fork_at_slot(progress.optimistic_slot) is Fork.FULU
    assert client.optimistic.execution.block_number == 25697300  # as its JSON said


def test_slots_and_time() -> None:
    # Mainnet's genesis, and the published activation times of Electra and Fulu (ethereum.org, Pectra and Fusaka).
    assert iso(MAINNET.instant_of_slot(0)) == "2020-12-01T12:00:23Z"
    assert MAINNET.slot_at(parse_instant("2025-05-07T10:05:11Z")) == 364032 * 32
    assert MAINNET.slot_at(parse_instant("2025-12-03T21:49:11Z")) == 411392 * 32
    assert MAINNET.slot_at(parse_instant("2020-12-01T12:00:22Z")) == -1
