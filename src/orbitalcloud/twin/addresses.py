"""Addresses of an emulation's nodes, and what an IP header says of who sends and who is meant.

Node i (from 1) is 10.77.x.y with i = 256 x + y, and fd77::i: private ranges (RFC 1918 3, RFC 4193 3.1), which mean
nothing outside the emulation. Headers are read as RFC 791 3.1 and RFC 8200 3 have them, as far as the addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

PREFIX_4, BITS_4 = IPv4Address("10.77.0.0"), 16
PREFIX_6, BITS_6 = IPv6Address("fd77::"), 64
MAX_ADDRESSES = 65_000
_LEAST_4, _LEAST_6 = 20, 40


@dataclass(frozen=True, slots=True)
class Address:
    """One node's two addresses."""

    node: str
    ipv4: IPv4Address
    ipv6: IPv6Address


def addresses(nodes: Sequence[str]) -> tuple[Address, ...]:
    """Each node's, by its place in the list."""
    assert len(nodes) <= MAX_ADDRESSES, len(nodes)
    return tuple(Address(node, PREFIX_4 + index, PREFIX_6 + index) for index, node in enumerate(nodes, 1))


def hosts_table(known: Sequence[Address]) -> str:
    """The nodes in the form of /etc/hosts (hosts(5)), the machine itself first."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{address} {one.node}" for one in known for address in (one.ipv4, one.ipv6)]
    return "\n".join(lines) + "\n"


class Directory:
    """Whose address is whose."""

    __slots__ = ("_nodes",)

    def __init__(self, known: Sequence[Address]) -> None:
        self._nodes = {address.packed: one.node for one in known for address in (one.ipv4, one.ipv6)}

    def ends(self, packet: bytes) -> tuple[str, str]:
        """(sender, receiver) of a packet by its header; "" for an address that is nobody's, or where there is none."""
        version = packet[0] >> 4 if packet else 0
        if version == 4 and len(packet) >= _LEAST_4:
            return self._nodes.get(packet[12:16], ""), self._nodes.get(packet[16:20], "")
        if version == 6 and len(packet) >= _LEAST_6:
            return self._nodes.get(packet[8:24], ""), self._nodes.get(packet[24:40], "")
        return "", ""
