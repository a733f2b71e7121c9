"""What IBKR's market scanner can do, from the parameters document of the gateway (TWS API, reqScannerParameters)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScanType:
    """A scan: its *code* (TOP_PERC_GAIN), its *name*, and the types of *instruments* (STK) it may be run over."""

    code: str
    name: str
    instruments: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScanUniverse:
    """A kind of instruments to scan: IBKR's *type* (STK, STOCK.EU), its *name*, and the *filters* it allows."""

    type: str
    name: str
    filters: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScanLocation:
    """Where to scan: *code* (STK.US.MAJOR), *name*, the *instruments* types there, and the location it is part of."""

    code: str
    name: str
    instruments: frozenset[str]
    parent: str = ""


@dataclass(frozen=True, slots=True)
class ScanFilter:
    """
    A bound of a scan: its *code* (marketCapAbove1e6), *name*, and *kind*.

    Kinds are "number", "integer", "date" (YYYYMMDD), "choice", "flag" (true or false) and "text", which is also what
    is of a kind unknown to us. *choices* are pairs of value and name where only some values are allowed; *belongs* is
    IBKR's own id of the filter, which the universes list.
    """

    code: str
    name: str
    kind: str
    belongs: str
    category: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScanCatalogue:
    """All of it, in IBKR's order; no code comes twice among those of a kind."""

    types: tuple[ScanType, ...] = ()
    universes: tuple[ScanUniverse, ...] = ()
    locations: tuple[ScanLocation, ...] = ()
    filters: tuple[ScanFilter, ...] = ()
