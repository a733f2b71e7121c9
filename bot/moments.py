"""Moments that outlive a restart, for work that must go on where nothing can be stored just now."""

import logging
from collections.abc import Mapping
from datetime import datetime

from alerts.ports import Moments
from storage.errors import StorageError

_log = logging.getLogger(__name__)


class PatientMoments:
    """
    Keeps moments like *moments*; one that cannot be stored is let go, with a line in the log.

    The next one comes soon, and a start that finds an older one looks further back than it had to. What could not be
    forgotten is forgotten before the next one is kept.
    """

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._undropped: list[str] = []

    async def get(self, key: str) -> datetime | None:
        """As `Moments.get`. Raises StorageError."""
        return await self._moments.get(key)

    async def all(self, prefix: str) -> Mapping[str, datetime]:
        """As `Moments.all`. Raises StorageError."""
        return await self._moments.all(prefix)

    async def put(self, key: str, at: datetime) -> None:
        """Keep *at* under *key*, if that is possible just now."""
        try:
            await self._forget()
            await self._moments.put(key, at)
        except StorageError as error:
            _log.warning("moment %s cannot be kept: %r", key, error)

    async def drop(self, prefix: str) -> None:
        """Forget the moments whose keys begin with *prefix*, as soon as that is possible."""
        self._undropped.append(prefix)
        try:
            await self._forget()
        except StorageError as error:
            _log.warning("moments %s cannot be forgotten yet: %r", prefix, error)

    async def _forget(self) -> None:
        while self._undropped:
            await self._moments.drop(self._undropped[0])
            del self._undropped[0]
