"""Connectivity in a mission file: flows between places on the ground, and the network that is to carry them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from orbitalcloud.mission.parts import Name, Part, Text

Mbps = Annotated[float, Meta(gt=0, le=1e9)]
ANY_STATION = "any-station"


class Terminal(Part, frozen=True, kw_only=True):
    """A user's terminal: in a packaged `city`, or at a latitude and longitude (WGS 84, geodetic). Without `mask_deg`
    that of `[connectivity]` holds; `air` names the catalogue site whose air holds, for radios with a budget."""

    name: Name
    city: Text | None = None
    latitude_deg: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude_deg: Annotated[float, Meta(ge=-180, le=360)] | None = None
    height_m: Annotated[float, Meta(ge=-500, le=9000)] = 0.0
    mask_deg: Annotated[float, Meta(ge=0, lt=90)] | None = None
    air: Text | None = None


class Flow(Part, frozen=True, kw_only=True):
    """Data from `source` to `destination`: each a terminal, a packaged city (a user's terminal there) or a station (a
    gateway); the destination may be `any-station`, whichever is nearest over the network. Without `demand_mbps` it
    takes what it fairly gets."""

    name: Name | None = None
    source: Text
    destination: Text
    demand_mbps: Mbps | None = None


class Connectivity(Part, frozen=True, kw_only=True):
    """The network of flows. `topology` says which satellites are linked: `+grid` of each Walker, `free` (greedily the
    shortest links, as many as a satellite has `terminals`), or `none` (bent pipe).

    Rates: of links between satellites `isl_mbps` or the budget of `isl_radio`; of users' terminals and of stations
    (gateways) a rate by hand or the budget of a radio, up towards the satellite; `satellite_mbps` bounds what all
    users' beams of one satellite carry each way. With `relays` a path may come down to a station and go up again.
    """

    topology: Literal["+grid", "free", "none"] = "+grid"
    terminals: Annotated[int, Meta(ge=1, le=16)] = 4
    relays: bool = False
    range_km: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    grazing_height_km: Annotated[float, Meta(ge=0, le=1000)] | None = None
    mask_deg: Annotated[float, Meta(ge=0, lt=90, description="of users' terminals")] = 25.0
    step_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    processing_ms: Annotated[float, Meta(ge=0, le=1000, description="in each satellite, each way")] = 0.0
    isl_radio: Text | None = None
    isl_mbps: Mbps | None = None
    user_radio: Text | None = None
    user_up_mbps: Mbps | None = None
    user_down_mbps: Mbps | None = None
    gateway_radio: Text | None = None
    gateway_up_mbps: Mbps | None = None
    gateway_down_mbps: Mbps | None = None
    satellite_mbps: Mbps | None = None
