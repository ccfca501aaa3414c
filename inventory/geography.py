"""Where postal areas lie: one point for each, from GeoNames (CC BY 4.0), so that distances need no network.

Countries divide their postcodes differently. The file keeps what says enough to choose a warehouse: the letters of a
British postcode, three characters of an Irish or American one, two of the others. An area is found by the longest
beginning of a postcode that the file has.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

AREAS = Path(__file__).parent / "data" / "postal_areas.csv"
EARTH_RADIUS_KM = 6371.0


def normalized(postcode: str) -> str:
    """Return a postcode as areas are compared: capitals and digits alone."""
    return "".join(c for c in postcode.upper() if c.isalnum())


@lru_cache(maxsize=65_536)
def kilometres_between(country: str, postcode: str, other_country: str, other_postcode: str) -> int | None:
    """Return the distance as the crow flies between two postal areas, in whole km; None where one is not known."""
    here, there = _point(country, postcode), _point(other_country, other_postcode)
    return None if here is None or there is None else round(_distance(*here, *there))


def _point(country: str, postcode: str) -> tuple[float, float] | None:
    areas, code = _areas(), normalized(postcode)
    return next((areas[country, code[:n]] for n in range(len(code), 0, -1) if (country, code[:n]) in areas), None)


def _distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the great-circle distance by the haversine formula."""
    a, b = radians(latitude), radians(other_latitude)
    across = sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(sin((b - a) / 2) ** 2 + cos(a) * cos(b) * across))


@lru_cache(maxsize=1)
def _areas() -> dict[tuple[str, str], tuple[float, float]]:
    with AREAS.open(encoding="utf-8", newline="") as file:
        return {
            (row["country"], row["area"]): (float(row["latitude"]), float(row["longitude"]))
            for row in csv.DictReader(file)
        }
