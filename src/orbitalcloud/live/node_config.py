"""What `orbital node` is told: by a TOML file, by options, or both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from orbitalcloud.core import DataError
from orbitalcloud.network import endpoint, parse_eid

MAX_CONFIG_BYTES = 1 << 20
Url = Annotated[str, Meta(max_length=300)]


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Every key has a default: a node with none of them listens nowhere and talks to nobody, but keeps mail."""

    store: str = "node"
    """Folder of the node's key and memory, beside the configuration file or the current folder."""
    name: str = ""
    """A name instead of the one that follows from the key: `alice`, `dtn://alice/` or `ipn:5.0`."""
    listen: tuple[Url, ...] = ()
    """Where neighbours come in: `tcpcl://127.0.0.1:4556`."""
    peers: tuple[Url, ...] = ()
    """Neighbours to call, and to call again: `tcpcl://host:4556`."""
    routes: tuple[str, ...] = ()
    """`NODE via NEIGHBOUR`: whom to give bundles for a node to that is not itself a neighbour."""
    plan: str = ""
    """A contact-plan file, for routes of several hops."""
    tls: Literal["", "keys", "files"] = ""
    """`keys`: TLS by the nodes' own keys, those in `keys` and those that nodes are named by; `files`: by PEM files."""
    keys: dict[str, str] = {}
    """Names of neighbours → their public keys (64 hex digits or z6Mk…), for `tls = "keys"`."""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_authority: str = ""
    """PEM files: our certificate chain, its key, and whose signature neighbours must show."""
    require_tls: bool = False
    """Whether neighbours without TLS are turned away."""
    store_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    store_bundles: Annotated[int, Meta(ge=1, le=10_000_000)] = 200_000
    """What is carried for others at most."""
    mail_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    mail_letters: Annotated[int, Meta(ge=2, le=10_000_000)] = 400_000
    """What waits for readers at most; one service may fill half."""
    remembered: Annotated[int, Meta(ge=1, le=10_000_000)] = 400_000
    """Ids of delivered bundles, against duplicates, each until it would have expired."""
    tolerate: tuple[str, ...] = ()
    """Breaches of RFC 9171 that are let pass, by name: what neighbours send that could do no better."""
    log: str = ""
    """A file for the node's Log, a JSON line an entry; at 64 MiB it is put aside as FILE.1."""


def load_config(place: Path) -> NodeConfig:
    """The configuration in a TOML file, relative paths taken from its folder; `DataError` names what is wrong."""
    try:
        data = place.read_bytes()
    except OSError as error:
        raise DataError("configuration", str(place), error.strerror or "cannot be read") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise DataError("configuration", str(place), f"at most {MAX_CONFIG_BYTES} bytes are read")
    try:
        config = msgspec.toml.decode(data, type=NodeConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        keys = ", ".join(field.encode_name for field in msgspec.structs.fields(NodeConfig))
        raise DataError(str(place), " ".join(str(error).split()), f"keys are {keys}") from None
    beside = place.resolve().parent
    paths = ("store", "plan", "tls_certificate", "tls_key", "tls_authority", "log")
    found = {key: str(beside / getattr(config, key)) for key in paths if getattr(config, key)}
    return msgspec.structs.replace(config, **found)


def node_name(text: str) -> str:
    """The node's name in an alias that a person gave; `DataError` where it is none."""
    if text.startswith(("dtn:", "ipn:")):
        eid = parse_eid(text if text.startswith("dtn:") or text.count(".") else f"{text}.0")
        if eid.is_null or eid.service not in ("", "0"):
            raise DataError("--name", text, "a node's name has no service: dtn://alice/ or ipn:5.0")
        return eid.node
    return endpoint(text).node


def static_routes(config: NodeConfig) -> list[tuple[str, str]]:
    """(destination, neighbour) of each route; `DataError` names the one that is wrong."""
    found = []
    for text in config.routes:
        words = text.split()
        if len(words) != 3 or words[1] != "via":
            raise DataError("route", text, "write NODE via NEIGHBOUR, such as: carol via bob")
        found.append((node_name(words[0]), node_name(words[2])))
    return found
