"""Ethereum: wallets, transactions and the heads that were followed."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.why import Why


class WalletBorn(Base, frozen=True):
    """The satellite made its key; only the address leaves."""

    address: str


class WalletWiped(Base, frozen=True):
    """On an order that the operator's account signed, the device key was erased: nothing is signed any more."""

    address: str
    operator: str


class TransactionSigned(Base, frozen=True):
    """An EIP-1559 transaction signed on board; wei as text (beyond 2^53).

    `proved_slot`: the verified head under which balance, nonce and the recipient's code were proved; −1: none was.
    """

    hash: str
    sender: str
    to: str
    value_wei: str
    nonce: int
    chain_id: int
    proved_slot: int = -1


class TransactionRefused(Base, frozen=True):
    """The wallet's policy, or the chain, said no."""

    hash: str
    why: Why


class TransactionSettled(Base, frozen=True):
    """The chain executed it; `proved_slot`: the head under which that was proved on board, −1 where it is only told."""

    hash: str
    status: int
    block: int
    gas_used: int
    chain: str
    proved_slot: int = -1


class TransactionDoubted(Base, frozen=True):
    """A station says that the chain will not take it: that is not believed before another says so too."""

    hash: str
    why: Why


class TransactionFinal(Base, frozen=True):
    """What was settled under an optimistic head is in a final block: `proved_slot` is the head that showed it."""

    hash: str
    block: int
    proved_slot: int


class TransactionUndone(Base, frozen=True):
    """What was settled under an optimistic head is not in the chain of a later one: it waits again."""

    hash: str
    why: Why


class TransactionHanded(Base, frozen=True):
    """Somebody handed a signed transaction over, to be broadcast by a station that is not in a `forbidden` place."""

    hash: str
    sender: str
    to: str
    value_wei: str
    nonce: int
    chain_id: int
    forbidden: tuple[str, ...]


class TransactionReturned(Base, frozen=True):
    """The sender's station knows what became of it: `status` 1, 0 (reverted) or −1 (no block has it); `why` says if
    that was proved or claimed."""

    hash: str
    status: int
    block: int
    gas_used: int
    delay_ms: int
    proof_bytes: int
    why: Why


class HeadAdvanced(Base, frozen=True):
    """The light client verified data and moved; `rotated` when the sync committee changed.

    `size_bytes` is what came up for it, proofs included; `energy_uj` what the radio took to receive that and the
    computer to check it. `network` is the chain's name.
    """

    source: str
    period: int
    finalized_slot: int
    optimistic_slot: int
    finalized_root: str
    participants: int
    rotated: bool
    size_bytes: int
    lag_s: int
    network: str = "mainnet"
    energy_uj: int = 0


class UpdateRefused(Base, frozen=True):
    """The light client refused data, or a proof under its head; `check` names the check that failed."""

    source: str
    check: str
    detail: str
    network: str = "mainnet"


ChainEntry = (
    WalletBorn
    | WalletWiped
    | TransactionSigned
    | TransactionRefused
    | TransactionSettled
    | TransactionDoubted
    | TransactionFinal
    | TransactionUndone
    | TransactionHanded
    | TransactionReturned
    | HeadAdvanced
    | UpdateRefused
)
