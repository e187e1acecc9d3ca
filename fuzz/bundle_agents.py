"""A whole agent with its guard, and what peers can make it do: status reports, security blocks, reassembly, any frame.

The input is read as frames, one after another, two bytes of length each; and alone as a bundle, put into a right frame,
so that the fuzz reaches the decoders behind the sums.
"""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core import Contact, Instant, RemoteProtocolError
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Reassembly, admin, decode, encode
from orbitalcloud.network.bundle import TOLERANCES
from orbitalcloud.network.convergence import Segment, encode_segment, transfer_name
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.making import make_bundle
from orbitalcloud.network.security import Credentials, Guard, NodeKeys, Nonces, examine, policy_of, protect

DATA = Path(__file__).parents[1] / "tests" / "data" / "network"
T0 = Instant(1_774_008_000_000_000_000)
OUT = Contact("b", "a", T0, Instant(T0 + 10**12), 1_000_000, "x")
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = NodeKeys({"a": SIGNER.public_key().public_bytes_raw()}, bytes(32))
LIMITS = AgentLimits(store_bytes=1 << 16, store_bundles=16, bundle_bytes=1 << 15, status_reports=4)


def corpus() -> dict[str, bytes]:
    """Bundles of RFC 9173, ION, HDTN and of issues of others; signed and sealed ones, reports and frames of ours."""
    found = {path.stem: path.read_bytes() for path in (DATA / "bpv7-seeds").iterdir()}
    for name in ("captured-here", "differential-issues"):
        for number, case in enumerate(json.loads((DATA / f"{name}.json").read_text())["cases"]):
            found[f"{name}-{number}"] = bytes.fromhex(case["hex"])
    for number, case in enumerate(json.loads((DATA / "hdtn-live-bpsec.json").read_text())["cases"]):
        found[f"hdtn-{number}"] = bytes.fromhex(case["bundle"])
    asked = sum(admin.ASK)
    plain = make_bundle(endpoint("b", "x"), endpoint("a"), T0, 1, 60_000, b"payload", 2, 30, asked, endpoint("a"))
    for level in ("signed", "sealed"):
        policy = policy_of(level, ())
        own = Credentials(endpoint("a"), SIGNER, cipher_key=KEYS.cipher_key("a"))
        found[level] = encode(protect(plain, policy, own, Nonces(b"fuzz")))
    report = admin.encode_report(admin.report_on(plain, admin.DELIVERED, 0, T0))
    found["record"] = report
    found["report"] = encode(make_bundle(endpoint("b"), endpoint("c"), T0, 2, 60_000, report, 0, 30, 2))
    frame = _frame(found["signed"])
    return found | {"frames": 2 * (len(frame).to_bytes(2, "big") + frame)}


def target(data: bytes) -> None:
    """Nothing but refusals; limits hold; a report that is read is written back."""
    try:
        report = admin.decode_record(data)
        assert admin.decode_record(admin.encode_report(report)) == report
    except RemoteProtocolError:
        pass
    try:
        bundle = decode(data, 1 << 15, TOLERANCES)
        if bundle.is_fragment:
            Reassembly(bundle.total_bytes).add(bundle)
        else:
            examine(bundle, KEYS, strict=False)
    except RemoteProtocolError:
        pass
    for tolerate in (frozenset[str](), TOLERANCES):
        agent = _agent(tolerate)
        agent.received(T0, "a", _frame(data))
        agent.received(Instant(T0 + 1), "a", _frame(data))
        rest = data
        while len(rest) > 2:
            size = int.from_bytes(rest[:2], "big")
            agent.received(T0, "a", rest[2 : 2 + size])
            rest = rest[2 + size :]
        assert agent.stored_bytes <= 1 << 16
        assert agent.stored_bundles <= 16


def _agent(tolerate: frozenset[str]) -> BundleAgent:
    limits = AgentLimits(
        store_bytes=LIMITS.store_bytes,
        store_bundles=LIMITS.store_bundles,
        bundle_bytes=LIMITS.bundle_bytes,
        status_reports=LIMITS.status_reports,
        tolerate=tolerate,
    )
    rules = (("a", "signed"), ("*", "none"))
    agent = BundleAgent("b", ContactPlan([OUT]), limits, Guard("b", policy_of("signed", rules), KEYS), {"ipn:1": "b"})
    agent.opened(T0, OUT)
    return agent


def _frame(wire: bytes) -> bytes:
    return encode_segment(Segment(transfer_name(wire), len(wire) or 1, 0, wire, True))
