"""Ethereum aboard: a wallet whose key never leaves, and a light client that trusts no ground station.

All of it is sans-IO: bytes and slots come in as arguments, values and named refusals come out. The way in is
`LightClient` (bootstrap from a checkpoint, then updates) and `Wallet` (born from entropy, signs EIP-1559). Under them:
`ssz` (the encoding), `forks` (presets, forks and chains as tables), `types` and `codec` (the objects and their bytes),
`bls` and `committee` (signatures), `sync_protocol` (`validate_*` only checks, `apply_*` only changes), `store` (what
survives a reboot), `mainnet` (constants and packaged real data). What is true on chain is proved against a verified
header by `proofs` (accounts, slots, transactions, receipts), over `trie` and `rlp`. Imports: core,
`py-arkworks-bls12381`, `eth-hash` (Keccak), and `eth-account`, which is loaded only when a wallet is born or signs.
"""

from orbitalcloud.ethereum.codec import decode_bootstrap, decode_update
from orbitalcloud.ethereum.forks import MAINNET_PRESET, MINIMAL_PRESET, ChainConfig, Fork, ForkEntry, Preset
from orbitalcloud.ethereum.light_client import LightClient, Progress
from orbitalcloud.ethereum.mainnet import DENEB_RUN, ELECTRA_CROSSING, FULU_HEAD, MAINNET, SEQUENCES, MainnetSequence
from orbitalcloud.ethereum.proofs import (
    Account,
    BlockHeader,
    EthProof,
    TransactionReceipt,
    VerifiedProof,
    decode_receipt,
    parse_eip1186,
    verify_account,
    verify_code,
    verify_eip1186,
    verify_header,
    verify_receipt_inclusion,
    verify_storage,
    verify_transaction_branch,
    verify_transaction_inclusion,
)
from orbitalcloud.ethereum.store import LightClientStore
from orbitalcloud.ethereum.trie import list_proof, list_root
from orbitalcloud.ethereum.wallet import Signed, TransferPolicy, Wallet, recover_sender, transaction_hash

__all__ = [
    "DENEB_RUN",
    "ELECTRA_CROSSING",
    "FULU_HEAD",
    "MAINNET",
    "MAINNET_PRESET",
    "MINIMAL_PRESET",
    "SEQUENCES",
    "Account",
    "BlockHeader",
    "ChainConfig",
    "EthProof",
    "Fork",
    "ForkEntry",
    "LightClient",
    "LightClientStore",
    "MainnetSequence",
    "Preset",
    "Progress",
    "Signed",
    "TransactionReceipt",
    "TransferPolicy",
    "VerifiedProof",
    "Wallet",
    "decode_bootstrap",
    "decode_receipt",
    "decode_update",
    "list_proof",
    "list_root",
    "parse_eip1186",
    "recover_sender",
    "transaction_hash",
    "verify_account",
    "verify_code",
    "verify_eip1186",
    "verify_header",
    "verify_receipt_inclusion",
    "verify_storage",
    "verify_transaction_branch",
    "verify_transaction_inclusion",
]
