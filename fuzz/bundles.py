"""Frames between nodes, the bundles in them (BPv7, CBOR), their security blocks, and the orders that they carry."""

from __future__ import annotations

from orbitalcloud.core import DataError, Instant, RemoteProtocolError
from orbitalcloud.network import bundle
from orbitalcloud.network.convergence import decode_frame
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.making import make_bundle
from orbitalcloud.network.security.asb import read_asb
from orbitalcloud.node import orders

_KINDS = (
    orders.SubmitJob,
    orders.SendUpdate,
    orders.Pay,
    orders.Settled,
    orders.Dropped,
    orders.LabelledUpdate,
    orders.WipeWallet,
    orders.SendTransaction,
    orders.CarryTransaction,
    orders.Outcome,
    orders.AskChain,
    orders.TellChain,
    orders.Inclusion,
)


def corpus() -> dict[str, bytes]:
    """A bundle as we make them, and orders."""
    order = orders.encode_order(orders.CarryTransaction(b"\x02\xf8" * 20, "svalbard", ("NO", "CN")))
    proof = orders.Inclusion("0x" + "11" * 32, 3, (b"\3" * 50,), (b"\4" * 50,), (b"\5" * 50,))
    to, by = endpoint("genesis-1", "carry"), endpoint("svalbard")
    made = make_bundle(to, by, Instant(1_774_008_360 * 10**9), 1, 86_400_000, order, 2, 16)
    return {
        "bundle": bundle.encode(made),
        "carry": order,
        "wipe": orders.encode_order(orders.WipeWallet("genesis-1", bytes(65))),
        "outcome": orders.encode_order(orders.Outcome("0x" + "11" * 32, 1, 7, 21_000, "svalbard")),
        "tell": orders.encode_order(orders.TellChain((b"\1" * 40,), (), (proof,), b"\2" * 32)),
        "ask": orders.encode_order(orders.AskChain(1421, True, ("0x" + "22" * 20,), ("0x" + "11" * 32,))),
        "dropped": orders.encode_order(orders.Dropped("0x" + "11" * 32, "insufficient funds")),
    }


def target(data: bytes) -> None:
    """A bundle that is taken encodes and decodes to itself."""
    for read in (_bundle, decode_frame, read_asb, *(lambda data, kind=kind: _order(data, kind) for kind in _KINDS)):
        try:
            read(data)
        except (DataError, RemoteProtocolError):
            pass


def _bundle(data: bytes) -> None:
    made = bundle.decode(data)
    assert bundle.decode(bundle.encode(made)) == made


def _order(data: bytes, kind: type) -> None:
    order = orders.decode_order(data, kind)
    assert orders.decode_order(orders.encode_order(order), kind) == order
