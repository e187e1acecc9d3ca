"""The states of charge at which a satellite changes what it does, from the mission's or from its reserve."""

from __future__ import annotations

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.mission.types import Satellite
from orbitalcloud.physics import Shedding


def charge_levels(one: Satellite) -> tuple[float, float, Shedding]:
    """(safe below, safe above, shedding): the mission's, and where it says nothing, shares of the reserve.

    The software acts before the bus does: reserve > safe mode > payload > radio > heating. `DataError` where what the
    mission says is not in that order.
    """
    below = 0.5 * one.reserve if one.safe_below is None else one.safe_below
    above = max(below, 0.75 * one.reserve) if one.safe_above is None else one.safe_above
    if below > one.reserve:
        remedy = f"choose at most the reserve, {one.reserve:g}: jobs would run in safe mode"
        raise DataError("safe_below", below, remedy)
    if below >= above and below > 0.0:
        raise DataError("safe_above", above, f"choose more than safe_below, {below:g}, or safe mode never ends")
    said = msgspec.structs.asdict(one.shed) if one.shed is not None else {}
    given = {key: value for key, value in said.items() if value is not None}
    usual = {"heating": 0.4 * below, "radio": 0.6 * below, "payload": 0.8 * below, "restore_by": 0.02, "restart": 0.05}
    shedding = Shedding(**{**usual, **given})
    if shedding.payload > below:
        remedy = f"choose at most safe_below, {below:g}: the software shuts down before the bus cuts it off"
        raise DataError("shed.payload", shedding.payload, remedy)
    return below, above, shedding
