"""How the link to IBKR stands, in words of our own that other rooms may hold."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LinkState(StrEnum):
    """The link's states. DEGRADED: our socket is up, but TWS has lost IBKR (1100) or has gone silent."""

    DOWN = "down"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    UP = "up"
    DEGRADED = "degraded"


class LinkReason(StrEnum):
    """Why the link is not up, as far as TWS let us know."""

    NONE = ""
    REFUSED = "refused"
    SILENT = "silent"
    CLOSED = "closed"
    CLIENT_ID_IN_USE = "client id in use"
    PAPER_DISCLAIMER = "paper disclaimer"
    LOST_IBKR = "lost ibkr"
    ACCOUNT_NOT_MANAGED = "account not managed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """
    The link now, and *since* when it is so.

    *attempts* counts failed connects since the last success, *library* is its name and version, *server_version* is
    what TWS negotiated (0 before), *accounts* are the managed accounts. *heard* is when the last bytes came before this
    was told: after that nothing is known for sure, and of a silent socket that is long before it was noticed. Two
    statuses that differ in it alone are equal. *broken_farms* are IBKR's data farms of which TWS says that they are
    down (2103, 2105, 2157); the link itself may be UP.
    """

    state: LinkState
    since: datetime
    reason: LinkReason = LinkReason.NONE
    attempts: int = 0
    address: str = ""
    client_id: int = 0
    library: str = ""
    server_version: int = 0
    accounts: tuple[str, ...] = ()
    broken_farms: tuple[str, ...] = ()
    heard: datetime | None = field(default=None, compare=False)

    @property
    def is_usable(self) -> bool:
        """Whether requests and orders may be sent."""
        return self.state is LinkState.UP
