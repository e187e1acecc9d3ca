"""Frames and places: TEME, GCRS and ITRS; WGS 84 latitude, longitude and height; azimuth and elevation.

- TEME: true equator, mean equinox of date, the frame of SGP4 and of this package's designed orbits.
- GCRS: the geocentric inertial frame of ephemerides. TEME is reached by IAU 2000B precession-nutation and the
  equation of the equinoxes.
- ITRS: Earth-fixed. TEME turns into it by GMST 1982 at UT1 and the pole (Vallado et al. 2006, AIAA 2006-6753).

A matrix `M` of shape (n_times, 3, 3) takes components by `M @ r`.
"""

from __future__ import annotations

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.physics.constants import EARTH_FLATTENING, EARTH_RADIUS_M
from orbitalcloud.physics.time import julian_tt, julian_ut1, nanoseconds, pole_rad

Floats = NDArray[np.float64]

_E2 = EARTH_FLATTENING * (2.0 - EARTH_FLATTENING)


def gcrs_to_teme(times_ns: ArrayLike) -> Floats:
    """Matrices GCRS → TEME, (n_times, 3, 3). Costs some 20 µs a time: call it on sparse times and interpolate."""
    tt = julian_tt(times_ns)
    true_of_date = erfa.pnm00b(*tt)
    return np.asarray(erfa.rxr(_about_z(erfa.eqeq94(*tt)), true_of_date))


def gmst_rad(times_ns: ArrayLike) -> Floats:
    """Greenwich mean sidereal time (IAU 1982), the angle from TEME's x to the meridian of Greenwich, (n_times,)."""
    return np.asarray(erfa.gmst82(*julian_ut1(times_ns)))


def teme_to_itrs(times_ns: ArrayLike) -> Floats:
    """Matrices TEME → ITRS, (n_times, 3, 3): sidereal angle at UT1, then the pole (first order: exact to 1e-12)."""
    x, y = pole_rad(times_ns)
    wobble = np.zeros((*x.shape, 3, 3))
    wobble[..., 0, 0] = wobble[..., 1, 1] = wobble[..., 2, 2] = 1.0
    wobble[..., 0, 2], wobble[..., 2, 0] = x, -x
    wobble[..., 1, 2], wobble[..., 2, 1] = -y, y
    return np.asarray(wobble @ _about_z(gmst_rad(times_ns)))


def gcrs_to_itrs(times_ns: ArrayLike) -> Floats:
    """Matrices GCRS → ITRS by IAU 2000B and the pole, (n_times, 3, 3)."""
    times = nanoseconds(times_ns)
    return np.asarray(erfa.c2t00b(*julian_tt(times), *julian_ut1(times), *pole_rad(times)))


def _about_z(angle_rad: Floats) -> Floats:
    """Matrices that turn the frame by `angle_rad` (n,) about z, (n, 3, 3)."""
    matrix = np.zeros((*angle_rad.shape, 3, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = np.cos(angle_rad)
    matrix[..., 0, 1] = np.sin(angle_rad)
    matrix[..., 1, 0] = -matrix[..., 0, 1]
    matrix[..., 2, 2] = 1.0
    return matrix


def itrs_of_geodetic(latitude_rad: ArrayLike, longitude_rad: ArrayLike, height_m: ArrayLike) -> Floats:
    """ITRS position in metres, (..., 3), of WGS 84 latitude, longitude and height, each (...)."""
    latitude, longitude, height = np.broadcast_arrays(
        np.asarray(latitude_rad, float), np.asarray(longitude_rad, float), np.asarray(height_m, float)
    )
    normal = EARTH_RADIUS_M / np.sqrt(1.0 - _E2 * np.sin(latitude) ** 2)
    across = (normal + height) * np.cos(latitude)
    up = (normal * (1.0 - _E2) + height) * np.sin(latitude)
    return np.stack([across * np.cos(longitude), across * np.sin(longitude), up], axis=-1)


def geodetic_of_itrs(position_itrs_m: Floats) -> tuple[Floats, Floats, Floats]:
    """WGS 84 latitude (rad), longitude (rad, −π…π) and height (m), each (...), of ITRS positions (..., 3).

    Fukushima's 2006 method as in ERFA: below 1e-9 m near the Earth.
    """
    longitude, latitude, height = erfa.gc2gde(EARTH_RADIUS_M, EARTH_FLATTENING, position_itrs_m)
    return np.asarray(latitude), np.asarray(longitude), np.asarray(height)


def up_of_geodetic(latitude_rad: ArrayLike, longitude_rad: ArrayLike) -> Floats:
    """The ellipsoid's outward normal in ITRS, (..., 3)."""
    latitude, longitude = np.asarray(latitude_rad, float), np.asarray(longitude_rad, float)
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=-1)


def look_angles(
    site_latitude_rad: float, site_longitude_rad: float, site_height_m: float, position_itrs_m: Floats
) -> tuple[Floats, Floats, Floats]:
    """Azimuth (rad, from north over east), elevation (rad, geometric) and range (m), each (...), towards (..., 3)."""
    line = np.asarray(position_itrs_m, float) - itrs_of_geodetic(site_latitude_rad, site_longitude_rad, site_height_m)
    up = up_of_geodetic(site_latitude_rad, site_longitude_rad)
    east = np.array([-np.sin(site_longitude_rad), np.cos(site_longitude_rad), 0.0])
    north = np.cross(up, east)
    distance = np.linalg.norm(line, axis=-1)
    azimuth = np.mod(np.arctan2(line @ east, line @ north), 2.0 * np.pi)
    return azimuth, np.arcsin(np.clip(line @ up / distance, -1.0, 1.0)), distance
