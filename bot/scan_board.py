"""The handlers of scans, made of what they need."""

from dataclasses import dataclass

from bot.handlers.movers import MoversHandler
from bot.handlers.scan import ScanHandler, TakeLine
from bot.handlers.scan_browse import ScanBrowseHandler
from bot.handlers.scan_build import ScanBuildHandler
from bot.handlers.scan_errand import ScanErrands
from bot.handlers.scan_saved import ScanSavedHandler
from bot.handlers.scan_shelf import ScanShelf
from bot.parts import Parts


@dataclass(frozen=True, slots=True)
class ScanBoard:
    """The handlers, by what they are about."""

    scan: ScanHandler
    browse: ScanBrowseHandler
    build: ScanBuildHandler
    saved: ScanSavedHandler
    movers: MoversHandler


def connect_scans(p: Parts, alert: TakeLine) -> ScanBoard:
    """Return the handlers; *alert* sets the alert of a line."""
    shelf = ScanShelf(p.saved_scans, p.scans, p.zones, p.clock)
    errands = ScanErrands(p.reply, p.chores)
    browse = ScanBrowseHandler(p.reply, shelf, errands)
    saved = ScanSavedHandler(
        reply=p.reply, scans=p.saved_scans, shelf=shelf, times=p.scan_times, zones=p.zones, clock=p.clock
    )
    return ScanBoard(
        scan=ScanHandler(
            reply=p.reply,
            shelf=shelf,
            prices=p.scan_prices,
            alert=alert,
            symbols=p.symbols,
            past=p.past,
            painter=p.past_painter,
            errands=errands,
            zones=p.zones,
            clock=p.clock,
        ),
        browse=browse,
        build=ScanBuildHandler(
            reply=p.reply,
            shelf=shelf,
            browse=browse,
            saved=saved,
            errands=errands,
            forms=p.forms,
            zones=p.zones,
            clock=p.clock,
        ),
        saved=saved,
        movers=MoversHandler(
            reply=p.reply,
            runner=p.scans,
            prices=p.scan_prices,
            painter=p.movers_painter,
            chores=p.chores,
            zones=p.zones,
            clock=p.clock,
        ),
    )
