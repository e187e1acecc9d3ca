"""A canary: does *exact* hold on this machine? Packaged work is run here and compared with the digests shipped with it.

The exact class of verification rests on a claim that was measured on x86-64 and (emulated) aarch64: a module and an
integer model give the same bytes everywhere. Real hardware may falsify it, by a vector instruction that saturates or a
runtime that rounds elsewhere, and so can a broken accelerator. Whoever fails here must not vouch for exact results.
"""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.compute.runtime import execute
from orbitalcloud.compute.workloads import workload
from orbitalcloud.core.encoding import digest_of

DIGESTS = {
    "water-map": "sha256:c6d9e3e8b8bc073ffd114b60faf4f511498c762b8397485ed9c661ae7ed05be0",
    "protein-fitness": "sha256:157ca30dbb9efb3cbd653c4f34f933290a107022cf97a51fb2b16182768034b5",
}
"""Of the output for each workload's first packaged input: x86-64 with AVX2, ONNX Runtime 1.32, Wasmtime 50."""
FUEL = 8_197_323
"""What the module burns for it: fuel is part of the claim."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One packaged job run here. `ok`: the same bytes and, of a module, the same fuel."""

    workload: str
    ok: bool
    found: str
    expected: str
    runtime: str
    text: str


def canary() -> tuple[Canary, ...]:
    """Run the packaged exact jobs, about 0.1 s; never raises for what they do."""
    return tuple(_run(name, expected) for name, expected in DIGESTS.items())


def _run(name: str, expected: str) -> Canary:
    job = workload(name)
    outcome = execute(job.artefact(), job.inputs()[0], job.limits)
    found = digest_of(outcome.output)
    if outcome.failure:
        text = f"{outcome.failure}: {outcome.text}"
    elif found != expected:
        text = f"the output is {found[:19]}…, not {expected[:19]}…"
    elif outcome.usage.fuel and outcome.usage.fuel != FUEL:
        text = f"{outcome.usage.fuel} fuel burnt, not {FUEL}"
    else:
        return Canary(name, True, found, expected, outcome.runtime, "the packaged bytes")
    return Canary(name, False, found, expected, outcome.runtime, text)
