"""Branches and generalized indices against the official single_merkle_proof vectors.

The root of the whole state or block body comes from eth-remerkleable, an SSZ that shares nothing with ours. Types are
those of the minimal preset (consensus-specs v1.6.0-beta.0); lists that are empty in the vectors have a stand-in.
"""

from __future__ import annotations

from typing import Any

from remerkleable.basic import boolean, uint8, uint64, uint256
from remerkleable.bitfields import Bitvector
from remerkleable.byte_arrays import ByteList, Bytes4, Bytes32, Bytes48, Bytes96, ByteVector
from remerkleable.complex import Container, List, Vector

from orbitalcloud.ethereum.forks import EXECUTION_PAYLOAD_GINDEX, SHAPES, Fork
from orbitalcloud.ethereum.ssz import branch_root, is_valid_branch


def container(name: str, **fields: Any) -> Any:
    return type(name, (Container,), {"__annotations__": fields})


Bytes20 = ByteVector[20]
REGISTRY = 2**40
Composite = container("Composite", stand_in=uint64)
Checkpoint = container("Checkpoint", epoch=uint64, root=Bytes32)
Eth1Data = container("Eth1Data", deposit_root=Bytes32, deposit_count=uint64, block_hash=Bytes32)
ForkVersions = container("Fork", previous_version=Bytes4, current_version=Bytes4, epoch=uint64)
Beacon = container(
    "BeaconBlockHeader", slot=uint64, proposer_index=uint64, parent_root=Bytes32, state_root=Bytes32, body_root=Bytes32
)
Validator = container(
    "Validator",
    pubkey=Bytes48,
    withdrawal_credentials=Bytes32,
    effective_balance=uint64,
    slashed=boolean,
    activation_eligibility_epoch=uint64,
    activation_epoch=uint64,
    exit_epoch=uint64,
    withdrawable_epoch=uint64,
)
Committee = container("SyncCommittee", pubkeys=Vector[Bytes48, 32], aggregate_pubkey=Bytes48)
Aggregate = container("SyncAggregate", sync_committee_bits=Bitvector[32], sync_committee_signature=Bytes96)
Summary = container("HistoricalSummary", block_summary_root=Bytes32, state_summary_root=Bytes32)
Withdrawal = container("Withdrawal", index=uint64, validator_index=uint64, address=Bytes20, amount=uint64)
Pending = container(
    "PendingDeposit", pubkey=Bytes48, credentials=Bytes32, amount=uint64, signature=Bytes96, slot=uint64
)
Requests = container(
    "ExecutionRequests", deposits=List[Composite, 8192], withdrawals=List[Composite, 16], merges=List[Composite, 2]
)


def execution(fork: Fork, *, header: bool) -> Any:
    """ExecutionPayload or its header, Bellatrix on."""
    fields: dict[str, Any] = {
        "parent_hash": Bytes32,
        "fee_recipient": Bytes20,
        "state_root": Bytes32,
        "receipts_root": Bytes32,
        "logs_bloom": ByteVector[256],
        "prev_randao": Bytes32,
        "block_number": uint64,
        "gas_limit": uint64,
        "gas_used": uint64,
        "timestamp": uint64,
        "extra_data": ByteList[32],
        "base_fee_per_gas": uint256,
        "block_hash": Bytes32,
        "transactions": Bytes32 if header else List[ByteList[2**30], 2**20],
    }
    if fork >= Fork.CAPELLA:
        fields["withdrawals"] = Bytes32 if header else List[Withdrawal, 4]
    if fork >= Fork.DENEB:
        fields |= {"blob_gas_used": uint64, "excess_blob_gas": uint64}
    return container("Execution", **fields)


def state(fork: Fork) -> Any:
    """BeaconState."""
    fields: dict[str, Any] = {
        "genesis_time": uint64,
        "genesis_validators_root": Bytes32,
        "slot": uint64,
        "fork": ForkVersions,
        "latest_block_header": Beacon,
        "block_roots": Vector[Bytes32, 64],
        "state_roots": Vector[Bytes32, 64],
        "historical_roots": List[Bytes32, 2**24],
        "eth1_data": Eth1Data,
        "eth1_data_votes": List[Eth1Data, 32],
        "eth1_deposit_index": uint64,
        "validators": List[Validator, REGISTRY],
        "balances": List[uint64, REGISTRY],
        "randao_mixes": Vector[Bytes32, 64],
        "slashings": Vector[uint64, 64],
        "previous_epoch_participation": List[uint8, REGISTRY],
        "current_epoch_participation": List[uint8, REGISTRY],
        "justification_bits": Bitvector[4],
        "previous_justified_checkpoint": Checkpoint,
        "current_justified_checkpoint": Checkpoint,
        "finalized_checkpoint": Checkpoint,
        "inactivity_scores": List[uint64, REGISTRY],
        "current_sync_committee": Committee,
        "next_sync_committee": Committee,
    }
    if fork >= Fork.BELLATRIX:
        fields["latest_execution_payload_header"] = execution(fork, header=True)
    if fork >= Fork.CAPELLA:
        fields |= {"next_withdrawal_index": uint64, "next_withdrawal_validator_index": uint64}
        fields["historical_summaries"] = List[Summary, 2**24]
    if fork >= Fork.ELECTRA:
        names = ("requests_start", "deposit_balance", "exit_balance", "exit_epoch", "merge_balance", "merge_epoch")
        fields |= dict.fromkeys(names, uint64)
        fields["pending_deposits"] = List[Pending, 2**27]
        fields |= {"pending_partial_withdrawals": List[Composite, 64], "pending_consolidations": List[Composite, 64]}
    if fork >= Fork.FULU:
        fields["proposer_lookahead"] = Vector[uint64, 16]
    return container("BeaconState", **fields)


def body(fork: Fork) -> Any:
    """BeaconBlockBody, Capella on."""
    electra = fork >= Fork.ELECTRA
    fields: dict[str, Any] = {
        "randao_reveal": Bytes96,
        "eth1_data": Eth1Data,
        "graffiti": Bytes32,
        "proposer_slashings": List[Composite, 16],
        "attester_slashings": List[Composite, 1 if electra else 2],
        "attestations": List[Composite, 8 if electra else 128],
        "deposits": List[Composite, 16],
        "voluntary_exits": List[Composite, 16],
        "sync_aggregate": Aggregate,
        "execution_payload": execution(fork, header=False),
        "bls_to_execution_changes": List[Composite, 16],
    }
    if fork >= Fork.DENEB:
        fields["blob_kzg_commitments"] = List[Bytes48, 4096]
    if electra:
        fields["execution_requests"] = Requests
    return container("BeaconBlockBody", **fields)


def test_single_merkle_proof(merkle_case: Any) -> None:
    fork, proof = merkle_case.fork, merkle_case.yaml("proof")
    leaf, gindex = bytes.fromhex(proof["leaf"][2:]), int(proof["leaf_index"])
    branch = [bytes.fromhex(sibling[2:]) for sibling in proof["branch"]]
    kind = state(fork) if "BeaconState" in merkle_case.folder else body(fork)
    root = bytes(kind.decode_bytes(merkle_case.ssz("object")).hash_tree_root())
    shape = SHAPES[fork]
    wanted = {
        "execution_merkle_proof": EXECUTION_PAYLOAD_GINDEX,
        "current_sync_committee_merkle_proof": shape.current_sync_committee,
        "next_sync_committee_merkle_proof": shape.next_sync_committee,
        "finality_root_merkle_proof": shape.finalized_root,
    }
    assert gindex == wanted[merkle_case.folder.rsplit("/", 1)[1]]
    assert branch_root(leaf, branch, gindex) == root
    assert is_valid_branch(leaf, [bytes(32), *branch], gindex, root)
    assert not is_valid_branch(leaf, [b"\1" + bytes(31), *branch], gindex, root)
    assert not is_valid_branch(leaf, branch[1:], gindex, root)
    assert not is_valid_branch(leaf, branch, gindex ^ 2, root)
