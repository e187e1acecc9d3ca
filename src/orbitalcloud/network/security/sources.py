"""Whom a live node believes: rules of its owner by source, and keys that follow from names or are bound to them.

    dtn://z6Mk…/   the name is the key: verified by anybody, with nothing shared
    alice, ipn:5   a name that says nothing: verified where the owner has bound a key to it, else refused
    a rule         what the owner says of a source, or of all whose names begin so

A rule for one name goes before everything. A rule for many (`ipn:*`, `*`) never excuses a source whose key is known: it
is for those who cannot sign, and must not let others pass for somebody who does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from orbitalcloud.network.bundle import PAYLOAD
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.identity import Petnames
from orbitalcloud.network.security.asb import COSE
from orbitalcloud.network.security.guard import Level, NodeKeys, policy_of
from orbitalcloud.network.security.keys import Use
from orbitalcloud.network.security.policy import ANY_SOURCE, Demand, Policy

KEY_NAMED = "z6Mk*"
"""Every source that is named by an Ed25519 key (`identity.key_name`)."""


class SourceRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What blocks of a type (the payload) must be, from a node or, with a `*` at the end, from all named so.

    A payload that falls short costs the bundle; an extension block is taken off.
    """

    source: str
    level: Level
    block: int = PAYLOAD

    @property
    def is_wide(self) -> bool:
        """Whether it is for more than one name."""
        return self.source.endswith("*")

    @property
    def demand(self) -> Demand:
        """The same for `judge`."""
        if self.level == "none":
            return Demand(self.source, self.block)
        fixed = self.block == PAYLOAD
        sealed = self.level == "sealed"
        return Demand(self.source, self.block, True, sealed, "drop" if fixed else "strip", (COSE,), binds_primary=True)


def source_policy(own: Level, rules: Iterable[SourceRule], names: Petnames) -> Policy:
    """The policy of a node that secures its own bundles to `own`, and asks that of everybody whom no rule names."""
    given = list(rules)
    keyed = [SourceRule(source, own) for source in (KEY_NAMED, *names)] if own != "none" else []
    wide = [rule for rule in given if rule.is_wide]
    ordered = [*(rule for rule in given if not rule.is_wide), *keyed, *wide, SourceRule(ANY_SOURCE, own)]
    return Policy(tuple(rule.demand for rule in ordered), policy_of(own, ()).protections)


@dataclass(slots=True)
class KnownSources:
    """`Keys` of a live node: the key that a name is, or that is bound to it, unless that key has ended."""

    names: Petnames = field(repr=False)
    shared: NodeKeys = field(repr=False)
    """Where sealed bundles are opened with."""
    has_ended: Callable[[bytes], bool] = field(repr=False, default=lambda key: False)

    def find(self, use: Use, source: Eid, kid: bytes = b"") -> bytes | None:
        """See `Keys`."""
        if use != "verify" or kid:
            return self.shared.find(use, source, kid)
        key = self.names.key(source.node)
        return None if key is None or self.has_ended(key) else key
