"""The Log's vocabulary: every kind of entry, typed. Integers, text and booleans: no float's rounding is in a digest.

`at` is nanoseconds since the POSIX epoch (UTC), `node` the mission's name of who says it (empty for the driver).
Units stand last in each name: `_ns`, `_mj` (millijoule), `_mw` (milliwatt), `_mk` (millikelvin), `_ppm`, `_udeg`,
`_mdeg`, `_bps`. On disk an entry is one line of JSON whose `kind` is the class's name in kebab case. One module a part,
each with the union of its entries; `Entry` is all of theirs.
"""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.records.chain import (
    ChainEntry,
    HeadAdvanced,
    TransactionHanded,
    TransactionRefused,
    TransactionReturned,
    TransactionSettled,
    TransactionSigned,
    UpdateRefused,
    WalletBorn,
    WalletWiped,
)
from orbitalcloud.core.records.flight import (
    FaultInjected,
    FlightEnded,
    FlightEntry,
    FlightStarted,
    NodeStarted,
    SatelliteDescribed,
    StationDescribed,
)
from orbitalcloud.core.records.jobs import (
    JobAccepted,
    JobDeferred,
    JobFailed,
    JobFinished,
    JobRefused,
    JobsEntry,
    JobStarted,
    JobStopped,
    JobSubmitted,
    ReceiptSigned,
    ResultDelivered,
)
from orbitalcloud.core.records.network import (
    BundleCreated,
    BundleDelivered,
    BundleDropped,
    BundleFragmented,
    BundleReceived,
    BundleSent,
    BundleWaits,
    FrameLost,
    FrameRefused,
    NetworkEntry,
)
from orbitalcloud.core.records.world import (
    AnomalyCrossed,
    BrownOut,
    ContactClosed,
    ContactOpened,
    EnergyAccount,
    LightChanged,
    LoadsShed,
    SafeMode,
    Telemetry,
    Upset,
    WeatherOutage,
    WorldEntry,
)

Entry = FlightEntry | WorldEntry | NetworkEntry | JobsEntry | ChainEntry

__all__ = [
    "AnomalyCrossed",
    "Base",
    "BrownOut",
    "BundleCreated",
    "BundleDelivered",
    "BundleDropped",
    "BundleFragmented",
    "BundleReceived",
    "BundleSent",
    "BundleWaits",
    "ContactClosed",
    "ContactOpened",
    "EnergyAccount",
    "Entry",
    "FaultInjected",
    "FlightEnded",
    "FlightStarted",
    "FrameLost",
    "FrameRefused",
    "HeadAdvanced",
    "JobAccepted",
    "JobDeferred",
    "JobFailed",
    "JobFinished",
    "JobRefused",
    "JobStarted",
    "JobStopped",
    "JobSubmitted",
    "LightChanged",
    "LoadsShed",
    "NodeStarted",
    "ReceiptSigned",
    "ResultDelivered",
    "SafeMode",
    "SatelliteDescribed",
    "StationDescribed",
    "Telemetry",
    "TransactionHanded",
    "TransactionRefused",
    "TransactionReturned",
    "TransactionSettled",
    "TransactionSigned",
    "UpdateRefused",
    "Upset",
    "WalletBorn",
    "WalletWiped",
    "WeatherOutage",
]
