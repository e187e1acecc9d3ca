"""The contracts of a development chain, there from its first blocks: deployed by an account whose key is the seed's.

Their addresses follow from that account and its nonces (CREATE), so that nodes know them before launch; the code that
must stand there is read from an EVM that deployed the same. People of the mission, the purse's two owners on the
ground, have keys of the seed too: it is play money (docs/decisions/0013).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from orbitalcloud.core import Instant, Seed, to_hex
from orbitalcloud.ethereum import Wallet, rlp
from orbitalcloud.ethereum.contracts import COSIGNER, REGISTRY, SETTLEMENT
from orbitalcloud.ethereum.transactions import Transaction, checksum_address
from orbitalcloud.ethereum.trie import keccak256
from orbitalcloud.twin.chain import InProcessChain

FOUNDER_WEI = 10**24
MAX_FEE_WEI, TIP_WEI = 20 * 10**9, 10**9
DEPLOY_GAS, CALL_GAS = 5_000_000, 500_000
REGISTRY_NONCE, SETTLEMENT_NONCE, NAMING_NONCE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SettlementTerms:
    """What registry and settlement are made with; seconds and wei."""

    stake_wei: int
    delay_s: int
    window_s: int
    patience_s: int
    penalty_wei: int


@dataclass(frozen=True, slots=True)
class PurseTerms:
    """The purse: which satellite holds the key in orbit, the veto's window, and what lies in it."""

    satellite: str
    window_s: int
    funded_wei: int


@dataclass(frozen=True)
class Founding:
    """What is on the chain when the mission begins. Pickles as what it follows from."""

    seed: Seed
    chain_id: int
    settlement: SettlementTerms | None = None
    purse: PurseTerms | None = None

    def __getstate__(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in ("seed", "chain_id", "settlement", "purse")}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)

    @cached_property
    def founder(self) -> Wallet:
        """Who deploys, and carries what people on the ground send."""
        return Wallet.born(self.seed.child("founder").bytes(32))

    def owner(self, number: int) -> Wallet:
        """One of the purse's two owners on the ground."""
        return Wallet.born(self.seed.child("purse owner").bytes(32, number))

    def address(self, nonce: int) -> str:
        """What the founder's transaction of that nonce deploys (CREATE, yellow paper §7)."""
        made = keccak256(rlp.encode([bytes.fromhex(self.founder.address[2:]), rlp.integer(nonce)]))
        return checksum_address("0x" + made[12:].hex())

    @property
    def registry(self) -> str:
        return self.address(REGISTRY_NONCE)

    @property
    def office(self) -> str:
        """The settlement contract."""
        return self.address(SETTLEMENT_NONCE)

    @property
    def purse_nonce(self) -> int:
        return 0 if self.settlement is None else NAMING_NONCE + 1

    @property
    def purse_address(self) -> str:
        return self.address(self.purse_nonce)

    @property
    def next_nonce(self) -> int:
        """The first nonce of the founder's that founding does not use."""
        return self.purse_nonce + (0 if self.purse is None else 2)

    def transactions(self, wallets: Mapping[str, str]) -> list[bytes]:
        """What deploys the contracts, signed; `wallets` are the satellites' addresses by name."""
        made: list[bytes] = []

        def add(to: str | None, value_wei: int, data: bytes) -> None:
            gas = DEPLOY_GAS if to is None else CALL_GAS
            made.append(self.send(len(made), to, value_wei, data, gas))

        terms, purse = self.settlement, self.purse
        if terms is not None:
            add(None, 0, REGISTRY.deploy(terms.stake_wei, terms.delay_s))
            add(None, 0, SETTLEMENT.deploy(self.registry, terms.window_s, terms.patience_s, terms.penalty_wei))
            add(self.registry, 0, REGISTRY.call("name_settlement", self.office))
        if purse is not None:
            orbit = wallets.get(purse.satellite, "0x" + "01" * 20)
            owners = [self.owner(0).address, self.owner(1).address, orbit]
            add(None, 0, COSIGNER.deploy(owners, purse.window_s))
            add(self.purse_address, purse.funded_wei, b"")
        return made

    def send(self, nonce: int, to: str | None, value_wei: int, data: bytes, gas: int = CALL_GAS) -> bytes:
        """A transaction of the founder's, signed."""
        draft = Transaction(self.chain_id, nonce, to, value_wei, gas, MAX_FEE_WEI, TIP_WEI, data)
        return self.founder.sign(draft).raw

    @cached_property
    def code_hashes(self) -> dict[str, str]:
        """Hash of the code of each contract, by its address, lower case: of one that was deployed with these terms."""
        chain = InProcessChain(self.chain_id, {self.founder.address: FOUNDER_WEI}, Instant(0))
        for raw in self.transactions({}):
            chain.send_raw_transaction(raw, Instant(0))
        places = [] if self.settlement is None else [self.registry, self.office]
        places += [] if self.purse is None else [self.purse_address]
        return {place.lower(): to_hex(keccak256(chain.code(place))) for place in places}
