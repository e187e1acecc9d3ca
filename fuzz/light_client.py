"""SSZ of light-client updates and bootstraps (all forks, kinds found from the bytes), and the saved store."""

from __future__ import annotations

from importlib.resources import files

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum import MAINNET, decode_bootstrap, decode_update
from orbitalcloud.ethereum.codec import encode_bootstrap, encode_update
from orbitalcloud.ethereum.light_client import LightClient

_DATA = files("orbitalcloud") / "data" / "ethereum"


def corpus() -> dict[str, bytes]:
    """Real mainnet updates and bootstraps, Deneb to Fulu."""
    return {place.name: place.read_bytes() for place in _DATA.iterdir() if place.name.endswith(".ssz")}


def target(data: bytes) -> None:
    """What decodes encodes to the same bytes."""
    refused = 0
    try:
        update = decode_update(MAINNET, data)
    except RemoteProtocolError:
        refused += 1
    else:
        fork = MAINNET.fork_at_slot(update.attested_header.slot)
        again = [encode_update(MAINNET, update, fork, kind) for kind in ("update", "finality", "optimistic")]
        assert data in again, "an update encodes to what it was decoded from"
    try:
        bootstrap = decode_bootstrap(MAINNET, data)
    except RemoteProtocolError:
        refused += 1
    else:
        fork = MAINNET.fork_at_slot(bootstrap.header.slot)
        assert encode_bootstrap(MAINNET, bootstrap, fork) == data
    LightClient.from_bytes(MAINNET, data)
