"""Whether IBKR's scanner can run a scan, by its own catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice

from alerts.errors import NoSuchScan
from market.scan import ScanSpec
from market.scan_catalogue import ScanCatalogue

_MOST = 3
_LIKENESS = 0.5
_LEAST = 3


def checked(spec: ScanSpec, catalogue: ScanCatalogue) -> ScanSpec:
    """
    Return *spec* with the words as IBKR writes them and the type of instruments that are found at its location.

    Raises NoSuchScan.
    """
    codes = {one.code.upper(): one for one in catalogue.types}
    places = {one.code.upper(): one for one in catalogue.locations}
    kind = codes.get(spec.code.upper())
    if kind is None:
        raise NoSuchScan("scan", spec.code, _nearest(spec.code, {one.code: one.name for one in catalogue.types}))
    place = places.get(spec.location.upper())
    if place is None:
        raise NoSuchScan(
            "location", spec.location, _nearest(spec.location, {one.code: one.name for one in catalogue.locations})
        )
    universe = spec.instrument
    if place.instruments and universe not in place.instruments:
        universe = min(place.instruments & kind.instruments or place.instruments)
    if kind.instruments and universe not in kind.instruments:
        fitting = {one.code: one.name for one in catalogue.types if universe in one.instruments}
        raise NoSuchScan("scan", kind.code, _nearest(kind.code, fitting), place.code)
    codes_of = {one.code.lower(): one.code for one in catalogue.filters}
    for code, _ in spec.filters:
        if codes_of and code.lower() not in codes_of:
            raise NoSuchScan("filter", code, _nearest(code, {one.code: one.name for one in catalogue.filters}))
    filters = tuple(sorted((codes_of.get(code.lower(), code), value) for code, value in spec.filters))
    return replace(spec, code=kind.code, location=place.code, instrument=universe, filters=filters)


def _nearest(word: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the codes that *word* is most like, and where there are none those with it in the names that they have."""
    by_upper = {code.upper(): code for code in known}
    alike = [by_upper[found] for found in get_close_matches(word.upper(), by_upper, _MOST, _LIKENESS)]
    said = word.casefold().replace("_", " ").removesuffix("s")
    named = (code for code, name in known.items() if len(said) >= _LEAST and said in f"{code} {name}".casefold())
    return tuple(alike or islice(named, _MOST))
