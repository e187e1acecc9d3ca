"""What a bundle asks to be kept from (private block 222), and what a source saved of bundles it awaits."""

from __future__ import annotations

from orbitalcloud.core import Instant, RemoteProtocolError
from orbitalcloud.network import AgentLimits, ContactPlan, endpoint
from orbitalcloud.network.assurance import PREFIX, Assurance
from orbitalcloud.network.avoiding import MAX_NAMES, avoiding, read_not_through
from orbitalcloud.network.bundle import encode
from orbitalcloud.network.making import make_bundle
from orbitalcloud.network.routes import Routes

_NOW = Instant(1_774_008_000_000_000_000)


def _assurance() -> Assurance:
    return Assurance("a", Routes(ContactPlan(), "a", 4096, 0), AgentLimits())


def corpus() -> dict[str, bytes]:
    """A block of ours, and a saved wait."""
    bundle = make_bundle(endpoint("b", "m"), endpoint("a"), _NOW, 1, 60_000, b"words", 1, 30)
    avoided = avoiding(bundle, 2, ["sat-001", "sat-002"])
    saved: list[object] = []
    _assurance().track(_NOW, bundle, encode(bundle), "b", Instant(_NOW + 10**12), saved)  # type: ignore[arg-type]
    waits = [value for one in saved if (value := getattr(one, "value", None)) is not None]
    return {"block": avoided.blocks[0].data, "saved": waits[0]}


def target(data: bytes) -> None:
    """A wish of few names or a refusal; a wait that goes on or is dropped."""
    try:
        assert len(read_not_through(data)[1]) <= MAX_NAMES
    except RemoteProtocolError:
        pass
    one = _assurance()
    one.restore(_NOW, {PREFIX + "x": data}, [])
    one.fired(Instant(_NOW + 1), lambda name: True, [])
