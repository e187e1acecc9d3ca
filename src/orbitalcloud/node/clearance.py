"""What must be proved before the wallet signs: policy against state that the light client verified. Fails closed.

Rules, as a refusal's Why names them: `wallet-state` (nothing proved, or under a head too old), `wallet-code` (the
recipient holds code that is not allowed), `wallet-balance` (what is proved, less what is on its way, does not suffice),
`wallet-day` (the day's limit).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orbitalcloud.core import HOUR, SECOND, Instant, Refused, Why
from orbitalcloud.ethereum import Account
from orbitalcloud.ethereum.proofs import EMPTY_CODE_HASH, NO_ACCOUNT
from orbitalcloud.node.evidence import ProvedState

GWEI = 10**9
DAY_NS = 24 * HOUR


def refusal(rule: str, text: str, value: int = 0, limit: int = 0, unit: str = "") -> Refused:
    """A Why as an exception."""
    return Refused(Why(False, rule, text[:300], value, limit, unit))


def require_fresh(age_ns: int, limit_ns: int) -> None:
    """The head under which state is proved is young enough."""
    if age_ns > limit_ns:
        age_s, limit_s = -(-age_ns // SECOND), limit_ns // SECOND
        raise refusal("wallet-state", "the verified head is too old to sign by", age_s, limit_s, "s")


def account(proved: ProvedState, address: str) -> Account:
    """The proved account, an empty one where it is proved that there is none."""
    if address.lower() not in proved.accounts:
        raise refusal("wallet-state", f"nothing is proved of {address}")
    return proved.accounts[address.lower()] or NO_ACCOUNT


def require_code(recipient: Account, address: str, allowed: Collection[str]) -> None:
    """The recipient holds no code, or code that is on the list."""
    if recipient.code_hash != EMPTY_CODE_HASH and "0x" + recipient.code_hash.hex() not in allowed:
        raise refusal("wallet-code", f"{address} holds code 0x{recipient.code_hash.hex()}, which is not allowed")


def require_delegate(delegate: Account, address: str, allowed: Collection[str]) -> None:
    """What the account would run as its own (EIP-7702) is code that is on the list, and is there."""
    if "0x" + delegate.code_hash.hex() not in allowed:
        raise refusal("wallet-delegate", f"{address} holds code 0x{delegate.code_hash.hex()}, which is not allowed")


def require_balance(sender: Account, on_its_way_wei: int, cost_wei: int) -> None:
    """The balance suffices for this and for what was signed before it."""
    left = sender.balance_wei - on_its_way_wei
    if cost_wei > left:
        text = f"value and gas of {cost_wei} wei, {left} wei are proved and not on their way"
        raise refusal("wallet-balance", text, -(-cost_wei // GWEI), max(left, 0) // GWEI, "gwei")


def require_day(spent_wei: Mapping[int, int], now: Instant, cost_wei: int, limit_wei: int | None) -> None:
    """What left in the last 24 hours, and this, are within the limit."""
    if limit_wei is None:
        return
    total = cost_wei + sum(wei for at, wei in spent_wei.items() if at > now - DAY_NS)
    if total > limit_wei:
        text = f"{total} wei in 24 hours, at most {limit_wei} wei allowed"
        raise refusal("wallet-day", text, -(-total // GWEI), limit_wei // GWEI, "gwei")


def next_nonce(proved: int, used: Collection[int]) -> int:
    """The first nonce that the chain still takes and nothing on its way has: so no gap stays, and none is spent twice.

    What was replaced or executed lies below the proved nonce; what was dropped is no longer on its way.
    """
    nonce = proved
    while nonce in used:
        nonce += 1
    return nonce
