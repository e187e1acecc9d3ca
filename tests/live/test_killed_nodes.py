"""Two node processes, killed outright and restarted, deliver every letter once: twenty seconds of `make test-kill`."""

from __future__ import annotations

from network.killed_nodes import holds, prove, told


def test_two_processes_killed_and_restarted_at_random_deliver_every_letter_once():
    proof, nodes, took = prove(minutes=0.2, letters=3000, seed=5, mean_s=1.2)
    assert holds(proof), told(proof, nodes, took)
    assert sum(node.kills for node in nodes) >= 4
