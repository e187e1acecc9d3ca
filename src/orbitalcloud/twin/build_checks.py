"""What a job's verification and guards ask of a flight before it begins: copies for others, and what is normal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from orbitalcloud.compute import Artefact, Job, Limits, execute
from orbitalcloud.compute.policies import Policy, copy_name
from orbitalcloud.twin.carrier import Carrier


def copies_of(carrier: Carrier, policy: Policy, job: Job, target: str, number: int) -> Iterator[tuple[Job, str]]:
    """The job, or its copies under names that say so, each for another satellite."""
    count = policy.copies_of(job.id, carrier.seed)
    if count == 1:
        yield job, target
        return
    names = carrier.world.names
    first = names.index(target) if target in names else number
    for copy in range(count):
        name = copy_name(job.id, copy + 1, count, policy.agree)
        yield msgspec.structs.replace(job, id=name), names[(first + copy) % len(names)]


def sound_outputs(artefact: Artefact, inputs: Sequence[bytes], limits: Limits) -> list[bytes]:
    """What the first four inputs give on the ground: the guard `range` learns from them."""
    outcomes = [execute(artefact, data, limits) for data in inputs[:4]]
    return [one.output for one in outcomes if one.ok]
