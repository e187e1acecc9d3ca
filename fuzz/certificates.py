"""Certificates that a neighbour shows: which node ids they speak for."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from orbitalcloud.live.tls import ByKey, make_certificate, raw_key, trust_anchor


@cache
def _node() -> tuple[Ed25519PrivateKey, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return key, raw_key(key.public_key())


def corpus() -> dict[str, bytes]:
    """A node's certificate, one with a long name, and a trust anchor."""
    key, raw = _node()
    made = {
        "node": make_certificate("dtn://node/", key),
        "long": make_certificate("dtn://" + "n" * 300 + "/", key),
        "anchor": trust_anchor(raw),
    }
    return {name: load_pem_x509_certificate(pem).public_bytes(Encoding.DER) for name, pem in made.items()}


def target(data: bytes) -> None:
    """It speaks for nobody but those whose key it has."""
    key, raw = _node()
    known = ByKey("dtn://me/", key, lambda: {"dtn://node/": raw, "dtn://other/": bytes(32)}, lambda raw: "dtn://own/")
    assert known.certified(data) <= {"dtn://node/", "dtn://own/"}
