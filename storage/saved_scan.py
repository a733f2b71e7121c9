"""A scan that a person ran, saved or scheduled, as it is kept."""

from dataclasses import dataclass
from datetime import datetime

from market.scan import ScanRow


@dataclass(frozen=True, slots=True)
class SavedScan:
    """
    One scan of a person: its *line* as one types it; without a *name* it was only run.

    *schedule* is when it runs (`at 09:35 weekdays`), "" for never; *due* the latest moment that was told or need not be
    told any more. *told* are the rows of the last time, None before the first.
    """

    id: int
    owner_id: int
    chat_id: int
    line: str
    name: str
    schedule: str
    paused: bool
    touched: datetime
    due: datetime | None
    told: tuple[ScanRow, ...] | None

    @property
    def is_saved(self) -> bool:
        """Whether it is kept until it is deleted."""
        return bool(self.name)
