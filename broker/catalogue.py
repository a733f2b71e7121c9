"""What the market scanner can do: asked of IBKR once, then kept in memory and in a file."""

import asyncio
import logging
import time
from datetime import timedelta

from broker.call import link_of
from broker.catalogue_file import CatalogueFile, Kept
from broker.scan_parameters import ParameterReader, UnreadableParametersError
from broker.session import IbSession
from market.clock import Clock
from market.errors import BrokerError, MarketError
from market.scan_catalogue import ScanCatalogue

_log = logging.getLogger(__name__)

# IBKR changes its scans a few times a year.
_FRESH = timedelta(days=1)
# After a renewal that failed: the old one serves meanwhile.
_AGAIN = timedelta(minutes=10)
# So much is read at a time, then the event loop gets the interpreter for a moment.
_PIECE = 8_192
_REST_S = 0.000_2
# No code of IBKR's: its document made no sense to us.
_UNREADABLE = 0


class IbCatalogue:
    """
    The catalogue; *file* None keeps it in memory alone.

    What is older than a day, or of another version of the API than TWS speaks now, is given all the same and renewed
    in the background. However many ask, IBKR is asked once at a time: its answers bear no id.
    """

    def __init__(
        self, session: IbSession, clock: Clock, file: CatalogueFile | None = None, *, timeout_s: float = 30.0
    ) -> None:
        self._link = link_of(session)
        self._clock = clock
        self._file = file
        self._timeout_s = timeout_s
        self._kept = file.read() if file is not None else None
        self._not_before = clock.now()
        self._asking: asyncio.Task[ScanCatalogue] | None = None

    @property
    def known(self) -> ScanCatalogue | None:
        """The catalogue as far as known without asking, however old; None before the first one."""
        return self._kept.catalogue if self._kept is not None else None

    async def get(self) -> ScanCatalogue:
        """
        Return the catalogue, at once where it is known.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        if self._kept is None:
            # Shielded: one who gives up waiting does not take it from the others.
            return await asyncio.shield(self._ask())
        self.renew()
        return self._kept.catalogue

    def renew(self) -> None:
        """Ask in the background, if there is none yet or it is old, and TWS can be asked."""
        if self._link.is_open and self._asking is None and self._clock.now() >= self._not_before and self._is_old():
            self._ask()

    def _is_old(self) -> bool:
        kept = self._kept
        if kept is None or kept.server_version != self._server_version():
            return True
        return abs(self._clock.now() - kept.asked) >= _FRESH

    def _server_version(self) -> int:
        return int(self._link.ib().client.serverVersion())

    def _ask(self) -> asyncio.Task[ScanCatalogue]:
        if self._asking is None:
            self._asking = asyncio.create_task(self._asked(), name="scan catalogue")
            self._asking.add_done_callback(self._done)
        return self._asking

    async def _asked(self) -> ScanCatalogue:
        text: str = await self._link.call(
            "scan parameters", lambda ib: ib.reqScannerParametersAsync(), self._timeout_s, "scannerParams"
        )
        version = self._server_version()
        try:
            catalogue = await asyncio.to_thread(_read, text)
        except UnreadableParametersError as error:
            raise BrokerError(_UNREADABLE, f"IBKR's list of scans cannot be read: {error.reason}") from None
        self._kept = kept = Kept(catalogue, self._clock.now(), version)
        if self._file is not None:
            await asyncio.to_thread(self._file.write, kept)
        return catalogue

    def _done(self, task: asyncio.Task[ScanCatalogue]) -> None:
        self._asking = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._not_before = self._clock.now() + _AGAIN
            _log.warning("No new list of scans: %r", error, exc_info=None if isinstance(error, MarketError) else error)


def _read(text: str) -> ScanCatalogue:
    """Return the catalogue in *text*, in a thread: expat lets nothing else run while it reads a piece."""
    reader = ParameterReader()
    for start in range(0, len(text), _PIECE):
        reader.feed(text[start : start + _PIECE])
        time.sleep(_REST_S)
    return reader.catalogue()
