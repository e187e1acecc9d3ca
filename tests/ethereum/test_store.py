"""The store survives a reboot at any instant, and believes no torn or foreign bytes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum import DENEB_RUN, ELECTRA_CROSSING, FULU_HEAD, MAINNET, LightClient, decode_update
from orbitalcloud.ethereum.sync_protocol import process_update

NOW = 20_000_000


def test_rebooting_between_updates_changes_nothing(begin: Any) -> None:
    unbroken, rebooted = begin(DENEB_RUN), begin(DENEB_RUN)
    for raw in DENEB_RUN.update_bytes():
        rebooted = LightClient.from_bytes(MAINNET, rebooted.to_bytes())
        assert unbroken.update(raw, NOW) == rebooted.update(raw, NOW)
        rebooted = pickle.loads(pickle.dumps(rebooted))
        assert rebooted.store == unbroken.store
        assert rebooted.to_bytes() == unbroken.to_bytes()


def test_the_best_update_is_kept(begin: Any) -> None:
    """Fulu's finality update finalises what is final already, so it waits as the best one seen."""
    client = begin(FULU_HEAD)
    client.update(FULU_HEAD.update_bytes()[0], NOW)
    assert client.store.best_valid_update is not None
    assert LightClient.from_bytes(MAINNET, client.to_bytes()).store == client.store


def test_a_refusal_leaves_no_trace(begin: Any) -> None:
    client = begin(ELECTRA_CROSSING)
    before = client.to_bytes()
    raw = bytearray(ELECTRA_CROSSING.update_bytes()[0])
    raw[-300] ^= 1
    with pytest.raises(RemoteProtocolError):
        client.update(bytes(raw), NOW)
    assert client.to_bytes() == before


@pytest.mark.parametrize("size", [0, 1, 43, 44, 76, 1000, 50_000])
def test_torn_stores_are_refused(begin: Any, size: int) -> None:
    with pytest.raises(DataError, match="light-client store"):
        LightClient.from_bytes(MAINNET, begin(ELECTRA_CROSSING).to_bytes()[:size])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60_000), st.integers(1, 255))
def test_changed_stores_are_refused(at: int, change: int) -> None:
    client = LightClient.bootstrap(MAINNET, ELECTRA_CROSSING.checkpoint_root, ELECTRA_CROSSING.bootstrap_bytes())
    data = bytearray(client.to_bytes())
    data[at % len(data)] ^= change
    with pytest.raises(DataError):
        LightClient.from_bytes(MAINNET, bytes(data))


def test_a_store_of_another_chain_is_refused(begin: Any) -> None:
    other = replace(MAINNET, name="elsewhere", genesis_validators_root=b"\1" * 32)
    with pytest.raises(DataError, match="elsewhere"):
        LightClient.from_bytes(other, begin(ELECTRA_CROSSING).to_bytes())


def test_processing_is_pure(begin: Any) -> None:
    """The same store and update give the same new store, and the old one is as it was."""
    store = begin(ELECTRA_CROSSING).store
    before = store.to_bytes(MAINNET)
    update = decode_update(MAINNET, ELECTRA_CROSSING.update_bytes()[0])
    assert process_update(MAINNET, store, update, NOW) == process_update(MAINNET, store, update, NOW)
    assert store.to_bytes(MAINNET) == before
