"""What do guards against flipped bits catch, and what do they cost? Goal: `twice` and `restart` leave no wrong result.

One bit of each packaged job's weights, input, working memory or output is turned and the job executed with it, for
real: FLIPS bits of each place, by a seed. Compared with the clean run: identical, the same decision (under 0.1 % of the
pixels or scores differ), changed, crashed. Then each guard on those that did harm: how many it saw. Costs are the
meter's on Genesis-1's accelerator, and CPU seconds here. Beside it what STACK.md measured: half-precision U-Net, one
flip in its weights: 20 % identical, 74 % same decision, 5.5 % another mask. `guards.py FLIPS` asks for more.
"""

from __future__ import annotations

import sys
from collections import Counter
from time import process_time

import numpy as np
from asking import answer

from orbitalcloud.compute import WORKLOADS, Outcome, Workload, execute
from orbitalcloud.compute.bitflips import PLACES, Flip, execute_struck, footprint
from orbitalcloud.compute.cloud_mask import unpack_mask
from orbitalcloud.compute.guards import guard_work, ranges_of, run_guarded, total
from orbitalcloud.compute.tensors import Tensor, read_tensors
from orbitalcloud.compute.workloads import read_water_map
from orbitalcloud.core import DataError, Seed
from orbitalcloud.mission import load
from orbitalcloud.mission.physical import accelerator_of

FLIPS = 6
SETS = (("digest",), ("range",), ("checksum",), ("twice",), ("digest", "checksum"), ("twice", "restart"))
SAME_DECISION = 1e-3


def decision(job: Workload, output: bytes) -> Tensor:
    """What a person would act on: the class of each pixel, wet or dry, the best hundred."""
    if job.name == "water-map":
        return read_water_map(output)[0]
    tensors = read_tensors(output, "output")
    return unpack_mask(tensors["mask"]) if job.name == "cloud-mask" else np.sort(tensors["top"])


def judged(job: Workload, clean: bytes, struck: Outcome) -> str:
    """In one word."""
    if struck.failure:
        return "crashed"
    if struck.output == clean:
        return "identical"
    try:
        a, b = decision(job, clean), decision(job, struck.output)
    except (DataError, KeyError):
        return "changed"
    same = a.shape == b.shape and np.count_nonzero(a != b) <= SAME_DECISION * a.size
    return "same decision" if same else "changed"


def main(flips: int) -> int:
    """Print both tables; answer for what is left after a second run with a restart."""
    machine = accelerator_of(load("genesis-1").satellites[0])
    print(f"by the meter: {machine.name}")
    left = harmed = 0
    for job in WORKLOADS.values():
        artefact, inputs = job.artefact(), job.inputs()
        clean = execute(artefact, inputs[0], job.limits)
        ranges = ranges_of([execute(artefact, data, job.limits).output for data in inputs[:4]])
        sizes = footprint(artefact, inputs[0], clean.output, job.limits)
        bad: list[Flip] = []
        print(f"\n{job.name}: {flips} flips a place")
        for place in (one for one in PLACES if sizes[one]):
            ends = Counter[str]()
            for index in range(flips):
                flip = Flip(place, Seed.of(1).child(f"{job.name}/{place}").below(sizes[place], index))
                word = judged(job, clean.output, execute_struck(artefact, inputs[0], job.limits, flip))
                ends[word] += 1
                bad += [flip] if word != "identical" else []
            words = ", ".join(f"{100 * n / flips:.0f} % {word}" for word, n in sorted(ends.items()))
            print(f"  {place:8} {sizes[place] / 8e6:8.3f} MB   {words}")
        base = total((clean.usage,), machine)
        begun = process_time()
        execute(artefact, inputs[0], job.limits)
        alone_s = process_time() - begun
        harmed += len(bad)
        for guards in SETS:
            if artefact.kind == "wasm" and "checksum" in guards:
                continue
            cost = total(guard_work(artefact, inputs[0], clean.usage, guards), machine)
            run_guarded(artefact, inputs[0], job.limits, guards, None, ranges)
            begun = process_time()
            run_guarded(artefact, inputs[0], job.limits, guards, None, ranges)
            spent_s = process_time() - begun
            runs = [run_guarded(artefact, inputs[0], job.limits, guards, flip, ranges) for flip in bad]
            seen = sum(bool(one.trips) or one.outcome.failure is not None for one in runs)
            if "restart" in guards:
                left += sum(one.outcome.output != clean.output for one in runs)
            print(
                f"  {' + '.join(guards):18} saw {seen} of {len(bad)}; {base.energy_mj} → {cost.energy_mj} mJ, "
                f"{cost.duration_ns / base.duration_ns:.3f} × the time by the meter, {spent_s / alone_s:.2f} × CPU here"
            )
    print()
    print(f"{harmed} harmful flips, {left} left after twice + restart; the share put right:")
    return answer("guards", 1.0 - left / max(1, harmed), 1.0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else FLIPS))
