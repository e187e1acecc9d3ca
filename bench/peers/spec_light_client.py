"""The official Python specification on one real mainnet update: spec_light_client.py BOOTSTRAP UPDATE ROOT RUNS.

Runs in an environment of its own, which the bench makes. Prints JSON: the median CPU milliseconds of a check from raw
bytes (`validate_light_client_update`, its own BLS backend the fastest it has).
"""

import json
import sys
import time
from pathlib import Path

from eth_consensus_specs.deneb import mainnet as spec
from eth_consensus_specs.utils import bls

bls.bls_active = True

bootstrap_path, update_path, root, runs = sys.argv[1:]
raw = Path(update_path).read_bytes()
genesis = spec.Root(bytes.fromhex("4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"))
bootstrap = spec.LightClientBootstrap.decode_bytes(Path(bootstrap_path).read_bytes())


def check() -> float:
    """One check with a store and an update that remember no roots yet."""
    store = spec.initialize_light_client_store(spec.Root(bytes.fromhex(root)), bootstrap)
    before = time.process_time()
    update = spec.LightClientUpdate.decode_bytes(raw)
    spec.validate_light_client_update(store, update, spec.Slot(20_000_000), genesis)
    return (time.process_time() - before) * 1e3


taken = sorted(check() for _ in range(int(runs)))
print(json.dumps({"milliseconds": taken[len(taken) // 2]}))
