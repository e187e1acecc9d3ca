"""A stand-in for pykep 2, written for this bench: just what PASEOS 0.2.1 asks of it, and nothing else.

PASEOS needs pykep < 3, which PyPI no longer has for Python 3.11; pykep 3 has another API. This one holds an epoch, two
constants, and planets on Kepler orbits. `planet.spent` counts what it costs, so that the bench can leave it out and
count pykep as free.
"""

from __future__ import annotations

from pykep import planet

DAY2SEC = 86400.0
SEC2DAY = 1.0 / 86400.0
MJD2000_JD = 2451544.5  # the Julian date of 2000-01-01 00:00


class epoch:  # pykep's own name for it
    """An instant, as days after 2000-01-01 00:00."""

    __slots__ = ("mjd2000",)

    def __init__(self, days: float = 0.0, scale: str = "mjd2000") -> None:
        assert scale == "mjd2000", "PASEOS uses no other scale"
        self.mjd2000 = days

    @property
    def jd(self) -> float:
        """The Julian date."""
        return self.mjd2000 + MJD2000_JD

    def __str__(self) -> str:
        return f"mjd2000 {self.mjd2000}"


__all__ = ["DAY2SEC", "SEC2DAY", "epoch", "planet"]
