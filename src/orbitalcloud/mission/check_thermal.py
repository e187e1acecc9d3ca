"""What a bus's thermal side cannot be: checked for the catalogue's buses and for what a mission makes of them."""

from __future__ import annotations

from orbitalcloud.core import DataError
from orbitalcloud.mission.physical import design_of
from orbitalcloud.mission.resolved import Bus
from orbitalcloud.physics.heat import radiation_to


def check_thermal(bus: Bus, where: str) -> None:
    """`DataError` where the network cannot be: roles and couplings to nodes that do not exist, names twice, limits the
    wrong way round, a node that nothing touches, a finish, view factor or control that cannot work."""
    names = [node.name for node in bus.heat]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{where}.heat", name, "name each node once")
    _roles(bus, names, where)
    for coupling in bus.couplings:
        for end in coupling.between:
            if end not in names:
                raise DataError(f"{where}.couplings", end, f"name one of {', '.join(names)}")
        if coupling.between[0] == coupling.between[1]:
            raise DataError(f"{where}.couplings", coupling.between[0], "couple two different nodes")
        if coupling.conductance_w_per_k <= 0.0 and coupling.exchange_area_m2 <= 0.0:
            pair = "–".join(coupling.between)
            remedy = "give conductance_w_per_k or exchange_area_m2 above 0, or leave the coupling out"
            raise DataError(f"{where}.couplings", f"{pair}: nothing passes", remedy)
    for node in bus.heat:
        if not node.cold_limit_c < node.hot_limit_c:
            raise DataError(f"{where}.heat.{node.name}", node.cold_limit_c, "put the cold limit below the hot limit")
        seen = any(sight.node == node.name for other in bus.heat for face in other.faces for sight in face.sees)
        coupled = any(node.name in coupling.between for coupling in bus.couplings)
        if not (coupled or node.faces or seen or node.name == bus.roles.array):
            raise DataError(f"{where}.heat.{node.name}", "no coupling and no face", "couple it, or give it a face")
    try:
        design = design_of(bus)
        radiation_to(design.thermal, design.faces())
    except DataError as error:
        raise DataError(f"{where}: {error.place}", error.value, error.remedy) from None


def _roles(bus: Bus, names: list[str], where: str) -> None:
    roles = bus.roles
    for role in ("array", "body", "battery", "payload", "radiator"):
        name = getattr(roles, role)
        if name is not None and name not in names:
            known = ", ".join(names) or "the nodes that you give"
            remedy = f"have a node of that name, or say in roles which of {known} it is"
            raise DataError(f"{where}.roles.{role}", name, remedy)
