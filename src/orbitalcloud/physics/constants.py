"""The physical constants of this package, each with its source."""

from __future__ import annotations

EARTH_MU_M3_S2 = 3.986004418e14
"""Earth's gravitational parameter, WGS 84 (NGA.STND.0036, 2014)."""

EARTH_RADIUS_M = 6378137.0
"""Semi-major axis of the WGS 84 ellipsoid (NGA.STND.0036)."""

EARTH_FLATTENING = 1.0 / 298.257223563
"""Flattening of the WGS 84 ellipsoid (NGA.STND.0036)."""

EARTH_POLAR_RADIUS_M = EARTH_RADIUS_M * (1.0 - EARTH_FLATTENING)
"""Semi-minor axis of the WGS 84 ellipsoid."""

EARTH_J2 = 1.08262668355e-3
EARTH_J4 = -1.61962159137e-6
"""Unnormalised zonal harmonics of EGM96 (Lemoine et al. 1998, NASA/TP-1998-206861)."""

EARTH_ROTATION_RAD_S = 7.292115e-5
"""Earth's rotation rate (WGS 84); it enters velocities only, angles come from UT1."""

SUN_RADIUS_M = 6.957e8
"""Nominal solar radius (IAU 2015 Resolution B3, arXiv 1510.07674)."""

ASTRONOMICAL_UNIT_M = 149_597_870_700.0
"""IAU 2012 Resolution B2."""

SOLAR_CONSTANT_W_M2 = 1361.0
"""Total solar irradiance at 1 au (IAU 2015 Resolution B3; Kopp & Lean 2011, doi 10.1029/2010GL045777)."""

STEFAN_BOLTZMANN_W_M2_K4 = 5.670374419e-8
"""CODATA 2018; exact from the SI's definitions."""

SPEED_OF_LIGHT_M_S = 299_792_458.0
"""Exact (SI)."""

EARTH_ALBEDO = 0.29
EARTH_INFRARED_W_M2 = 240.0
"""Global annual means of CERES EBAF Ed4 (Loeb et al. 2018, doi 10.1175/JCLI-D-17-0208.1): 99 of 340 W/m² reflected,
240 W/m² emitted. Local values range over roughly 0.1–0.6 and 150–350 W/m² (NASA/TM-2001-211221)."""

MEAN_SUN_RAD_S = 1.99106380e-7
"""Rate of the mean Sun's right ascension, 360° in a tropical year of 365.242190 d (Simon et al. 1994)."""

EARTH_J3 = -2.53265648533e-6
EARTH_J5 = -2.27296082869e-7
EARTH_J6 = 5.40681239107e-7
"""Unnormalised zonal harmonics of EGM96, as J2 and J4."""

EARTH_J7_TO_J21 = (
    -3.50560903e-07,
    -2.04029738e-07,
    -1.2211803e-07,
    -2.44391673e-07,
    2.4348108e-07,
    -1.82185912e-07,
    -2.16834203e-07,
    1.22078138e-07,
    -1.2205319e-08,
    2.7064947e-08,
    -1.13507945e-07,
    -3.70959138e-08,
    2.06271005e-08,
    -1.38044323e-07,
    -4.09931067e-08,
)
"""Unnormalised, of EIGEN-6S at 2005 (Förste et al. 2011, Geophysical Research Abstracts 13, EGU2011-3242-2). Only what
depends on the sum of the odd ones needs them: frozen orbits."""

SUN_MU_M3_S2 = 1.32712440041279419e20
MOON_MU_M3_S2 = 4.902800118e12
"""Gravitational parameters of DE440 (Park et al. 2021, doi 10.3847/1538-3881/abd414)."""
