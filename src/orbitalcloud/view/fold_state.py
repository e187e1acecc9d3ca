"""What the fold knows so far, and the growing telemetry of a satellite."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from orbitalcloud.core import records as r
from orbitalcloud.core.errors import DataError
from orbitalcloud.view.flight import Bundle, Contact, Header, Job, Receipt, Series, Station, Transaction


class Columns:
    """Growing telemetry of one satellite: flat integer arrays, turned into numpy at the end."""

    __slots__ = ("flat", "temperatures", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.flat = array("q")
        self.temperatures = array("q")

    def append(self, entry: r.Telemetry) -> None:
        if len(entry.temperatures_mk) != self.width:
            raise DataError(entry.node, len(entry.temperatures_mk), f"every reading has {self.width} temperatures")
        self.flat.extend(
            (
                entry.at,
                entry.charge_ppm,
                entry.generated_mw,
                entry.load_mw,
                entry.sunlit_ppm,
                entry.latitude_udeg,
                entry.longitude_udeg,
                entry.height_m,
                entry.dose_urad,
            )
        )
        self.temperatures.extend(entry.temperatures_mk)

    def series(self) -> Series:
        flat = np.array(self.flat, dtype=np.int64).reshape(-1, 9)
        heat = np.array(self.temperatures, dtype=np.int64).reshape(len(flat), self.width)
        real = flat.astype(np.float64)  # divided below, not multiplied: a reading at its limit stays equal to it
        return Series(
            at_ns=flat[:, 0].copy(),
            charge=real[:, 1] / 1e6,
            generated_w=real[:, 2] / 1e3,
            load_w=real[:, 3] / 1e3,
            sunlit=real[:, 4] / 1e6,
            temperature_k=heat.astype(np.float64) / 1e3,
            latitude_deg=real[:, 5] / 1e6,
            longitude_deg=real[:, 6] / 1e6,
            height_m=real[:, 7].copy(),
            dose_rad=np.where(flat[:, 8] < 0, -1.0, real[:, 8] / 1e6),
        )


@dataclass(slots=True)
class State:
    """What the fold knows so far."""

    header: Header = field(default_factory=Header)
    entries: int = 0
    last: int = 0
    described: dict[str, r.SatelliteDescribed] = field(default_factory=dict)
    columns: dict[str, Columns] = field(default_factory=dict)
    light: dict[str, list[r.LightChanged]] = field(default_factory=dict)
    brown_outs: dict[str, list[r.BrownOut]] = field(default_factory=dict)
    safe_modes: dict[str, list[r.SafeMode]] = field(default_factory=dict)
    sheds: dict[str, list[r.LoadsShed]] = field(default_factory=dict)
    accounts: dict[str, r.EnergyAccount] = field(default_factory=dict)
    crossings: dict[str, list[r.AnomalyCrossed]] = field(default_factory=dict)
    upsets: dict[str, list[r.Upset]] = field(default_factory=dict)
    wallets: dict[str, r.WalletBorn] = field(default_factory=dict)
    wiped: dict[str, int] = field(default_factory=dict)
    reliance: list[r.TrustChanged] = field(default_factory=list)
    notices: list[r.NoticePublished | r.NoticeTaken | r.NoticeRefused | r.KeyEnded] = field(default_factory=list)
    stations: dict[str, Station] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    weather: list[r.WeatherOutage] = field(default_factory=list)
    work_steps: list[r.WorkStep] = field(default_factory=list)
    trust: list[r.UpsetStruckJob | r.GuardTripped | r.JobVerified] = field(default_factory=list)
    purse_steps: list[r.PurseStep] = field(default_factory=list)
    open_contacts: dict[tuple[str, str], int] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    heads: list[r.HeadAdvanced] = field(default_factory=list)
    refused_updates: list[r.UpdateRefused] = field(default_factory=list)
    faults: list[r.FaultInjected] = field(default_factory=list)
    lost: list[r.FrameLost] = field(default_factory=list)
    refused_frames: list[r.FrameRefused] = field(default_factory=list)
    starts: list[r.NodeStarted] = field(default_factory=list)
