"""Bundle security (BPSec, RFC 9172): who made a block, that it is whole, that only the right ones read it.

Three contexts: BIB-HMAC-SHA2 and BCB-AES-GCM (RFC 9173) between those who share a key, and COSE
(draft-ietf-dtn-bpsec-cose-16), whose Ed25519 signatures strangers verify. `protect` secures a bundle as a `Policy`
says, `judge` weighs one that came; below them `sign_hmac`, `sign_cose`, `mac_cose`, `seal_gcm`, `seal_cose` add one
block each and `examine` tries every operation of a bundle. Pure: keys and IVs are arguments, nothing draws chance.
Imports `core`, `network`'s codec and `cryptography`.

Reading order: `asb`, `rules`, `keys`, `integrity`, `confidentiality`, `item`, `cose`, `examine`, `policy`, `protect`,
`guard`, `sources`.
"""

from orbitalcloud.network.security.asb import SecurityBlock, read_asb, write_asb
from orbitalcloud.network.security.confidentiality import seal_gcm
from orbitalcloud.network.security.cose import mac_cose, seal_cose, sign_cose
from orbitalcloud.network.security.examine import Examination, Finding, accepted, examine
from orbitalcloud.network.security.guard import Guard, Level, NodeKeys, policy_of
from orbitalcloud.network.security.integrity import sign_hmac
from orbitalcloud.network.security.keys import Keyring, Keys, Nonces
from orbitalcloud.network.security.policy import Demand, Judgement, Policy, Protection, judge
from orbitalcloud.network.security.protect import Credentials, protect
from orbitalcloud.network.security.sources import KnownSources, SourceRule, source_policy

__all__ = [
    "Credentials",
    "Demand",
    "Examination",
    "Finding",
    "Guard",
    "Judgement",
    "Keyring",
    "Keys",
    "KnownSources",
    "Level",
    "NodeKeys",
    "Nonces",
    "Policy",
    "Protection",
    "SecurityBlock",
    "SourceRule",
    "accepted",
    "examine",
    "judge",
    "mac_cose",
    "policy_of",
    "protect",
    "read_asb",
    "seal_cose",
    "seal_gcm",
    "sign_cose",
    "sign_hmac",
    "source_policy",
    "write_asb",
]
