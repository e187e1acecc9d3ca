"""The tree of everything that can go wrong and be told to a person.

    OrbitalError
    ├── DataError             a value read from outside is wrong: place, value, remedy
    │   └── MissionError      … in a mission file: with file, line and key
    ├── Refused               a node or the Governor said no; carries its Why
    ├── ProtocolError
    │   ├── LocalProtocolError    we used a protocol wrongly
    │   └── RemoteProtocolError   the peer did, or its bytes are malformed
    ├── Unreachable           something outside does not answer
    └── Interrupted           the person stopped it; what was done is kept

A broken invariant is an `AssertionError`, never one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbitalcloud.core.why import Why


class OrbitalError(Exception):
    """Root of every error that is shown to a person without a traceback."""

    exit_code = 2


class DataError(OrbitalError):
    """A value from outside is wrong. Names the place, shows the value, says what would be right."""

    def __init__(self, place: str, value: object, remedy: str) -> None:
        self.place, self.value, self.remedy = place, value, remedy
        super().__init__(f"{place}: {_short(value)}: {remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.place, self.value, self.remedy)


class MissionError(DataError):
    """A wrong mission file: the file, the line (1-based, 0 if unknown), the key, what is wrong, what would be right."""

    def __init__(self, file: str, line: int, key: str, value: object, remedy: str) -> None:
        self.file, self.line, self.key = file, line, key
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {key}" if key else where, value, remedy)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.file, self.line, self.key, self.value, self.remedy)


class Refused(OrbitalError):
    """A request was understood and denied; `why` says which rule, the value and the limit."""

    exit_code = 1

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(str(why))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.why,)


class ProtocolError(OrbitalError):
    """A protocol was broken; see the two kinds."""


class LocalProtocolError(ProtocolError):
    """Our own side asked for something that the protocol does not allow."""


class RemoteProtocolError(ProtocolError):
    """The peer's bytes break the protocol; `check` is a stable short name of the rule that failed."""

    def __init__(self, check: str, detail: str = "") -> None:
        self.check, self.detail = check, detail
        super().__init__(f"{check}: {detail}" if detail else check)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.check, self.detail)


class Unreachable(OrbitalError):
    """Something outside (a JSON-RPC node, a socket) does not answer."""

    exit_code = 1


class Interrupted(OrbitalError):
    """The person pressed Ctrl-C (or the process was told to end); what was finished is on disk."""

    exit_code = 130


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else text[:117] + "…"
