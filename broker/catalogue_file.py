"""The scanner catalogue as a file of the data directory, so that a restart asks no 1.7 MB of IBKR again."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

_log = logging.getLogger(__name__)

NAME = "scan-catalogue.json"
# Another number in the file: written by another version of this module, not read.
_FORM = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A catalogue, when IBKR gave it, and the version of the TWS API (176, 178) that it gave it through."""

    catalogue: ScanCatalogue
    asked: datetime
    server_version: int


class CatalogueFile:
    """Reads and writes *path*; both block (a few ms), and neither raises: without a file IBKR is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Kept | None:
        """Return what was kept, None where there is no file or none that can be read."""
        try:
            return _kept(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("%s cannot be read, IBKR will be asked again: %r", self._path.name, error)
            return None

    def write(self, kept: Kept) -> None:
        """Keep the catalogue in the place of an earlier one: whoever reads finds one of both, whole."""
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(json.dumps(_plain(kept), ensure_ascii=False, separators=(",", ":")))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._path.name, error)


def _plain(kept: Kept) -> dict[str, Any]:
    catalogue = kept.catalogue
    return {
        "form": _FORM,
        "asked": kept.asked.isoformat(),
        "server_version": kept.server_version,
        "types": [_entry(one) for one in catalogue.types],
        "universes": [_entry(one) for one in catalogue.universes],
        "locations": [_entry(one) for one in catalogue.locations],
        "filters": [_entry(one) for one in catalogue.filters],
    }


def _entry(one: ScanType | ScanUniverse | ScanLocation | ScanFilter) -> dict[str, Any]:
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}


def _kept(plain: Mapping[str, Any]) -> Kept:
    if plain["form"] != _FORM:
        raise ValueError(f"form {plain['form']}")
    asked = datetime.fromisoformat(plain["asked"])
    if asked.tzinfo is None:
        raise ValueError("a time without a zone")
    catalogue = ScanCatalogue(
        tuple(ScanType(**one | {"instruments": frozenset(one["instruments"])}) for one in plain["types"]),
        tuple(ScanUniverse(**one | {"filters": frozenset(one["filters"])}) for one in plain["universes"]),
        tuple(ScanLocation(**one | {"instruments": frozenset(one["instruments"])}) for one in plain["locations"]),
        tuple(
            ScanFilter(**one | {"choices": tuple((value, name) for value, name in one["choices"])})
            for one in plain["filters"]
        ),
    )
    if not catalogue.types or not catalogue.locations:
        raise ValueError("no scans or no places")
    return Kept(catalogue, asked, int(plain["server_version"]))
