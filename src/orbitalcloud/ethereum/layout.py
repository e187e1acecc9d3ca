"""Where our contracts keep what: storage slots, so that a light client can have it proved (EIP-1186).

Vyper numbers variables in the order of their declaration, immutables aside; a mapping's value stands at
keccak256(mapping's slot ‖ key), a struct's fields in the slots after it (Vyper documentation, “Scoping and
Declarations: Storage Layout”; HashMap keys are hashed after the slot, not before it as in Solidity). Guards against
re-entry take no slot, being transient (EIP-1153). `tests/ethereum/test_layout.py` compares each with an EVM.
"""

from __future__ import annotations

from eth_hash.auto import keccak

from orbitalcloud.ethereum.typed_data import Word, word

SERVING_STAKE = 1
"""`registry`: the stake of all nodes that serve."""
NEXT_NUMBER = 4
"""`cosigner`: the number that the next proposal will have."""
OWNERS = (0, 1, 2)
"""`cosigner`: its three owners."""

OPEN, CLAIMED, PAID, REFUNDED = 1, 2, 4, 8
"""`settlement`: states of a job."""


def node_slots(node: str) -> tuple[int, ...]:
    """`registry.nodes[node]`: operator, stake, since, free_from."""
    return _fields(_at(0, node), 4)


def job_slots(job: bytes) -> tuple[int, ...]:
    """`settlement.jobs[job]`: customer, code, input, price, fee, quorum, deadline, state."""
    return _fields(_at(0, job), 8)


def batch_slots(executor: str, number: int) -> tuple[int, ...]:
    """`settlement.batches[executor][number]`: root, mix, posted, serving stake then."""
    return _fields(_at(_at(2, executor), number), 4)


def claim_slots(job: bytes) -> tuple[int, ...]:
    """`settlement.claims[job]`: executor, then how many co-signed, then up to eight who did."""
    fields = _fields(_at(1, job), 13)
    return (fields[0], *fields[4:])


def credit_slot(owner: str) -> int:
    """`settlement.credit[owner]`: what it may withdraw, wei."""
    return _at(4, owner)


def proposal_slots(number: int) -> tuple[int, ...]:
    """`cosigner.proposals[number]`: to, value, hash of the data, executable from, third owner, done."""
    return _fields(_at(3, number), 6)


def address_of(value: int) -> str:
    """A word as the address that it holds, lower case."""
    return "0x" + (value % 2**160).to_bytes(20, "big").hex()


def _at(slot: int, key: Word) -> int:
    return int.from_bytes(keccak(slot.to_bytes(32, "big") + word(key)), "big")


def _fields(first: int, count: int) -> tuple[int, ...]:
    return tuple((first + at) % 2**256 for at in range(count))
