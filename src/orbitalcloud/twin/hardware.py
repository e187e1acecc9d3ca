"""The computer of a craft, as the meter prices it. (Its power, heat and orbit: `mission.physical`.)"""

from __future__ import annotations

from orbitalcloud.compute import Accelerator
from orbitalcloud.mission import Craft

KELVIN_AT_0_C = 273.15


def accelerator_of(craft: Craft) -> Accelerator:
    """The computer of one craft."""
    item = craft.accelerator
    return Accelerator(
        name=craft.accelerator_name,
        peak_ops_per_s=item.peak_ops_per_s,
        utilisation=item.utilisation,
        fuel_per_s=item.fuel_per_s,
        idle_w=item.idle_w,
        active_w=item.active_w,
        throttled_w=item.throttled_w,
        throttled_ops_fraction=item.throttled_ops_fraction,
        boot_s=item.boot_s,
        memory_bytes=item.memory_bytes,
    )
