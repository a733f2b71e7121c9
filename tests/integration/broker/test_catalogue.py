"""What the scanner can do: asked once, kept, renewed."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.catalogue import IbCatalogue
from broker.catalogue_file import CatalogueFile, Kept
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.scan_catalogue import ScanCatalogue, ScanLocation, ScanType
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk, desk_at

STOCKS = frozenset({"STK"})
OLD = ScanCatalogue(types=(ScanType("OLD", "Old", STOCKS),), locations=(ScanLocation("STK.US", "US", STOCKS),))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 18, 16, tzinfo=UTC))


@pytest.fixture
def file(tmp_path: Path) -> CatalogueFile:
    return CatalogueFile(tmp_path / "scans.json")


def asked(server: TwsServer) -> int:
    return sum(fields[0] == "24" for fields in server.requests)


def kept(file: CatalogueFile, clock: FakeClock, version: int = 176, age: timedelta = timedelta()) -> CatalogueFile:
    file.write(Kept(OLD, clock.now() - age, version))
    return file


def version_of(desk: Desk) -> int:
    return int(desk.session._link.ib().client.serverVersion())


async def test_all_of_it_comes_over_the_wire(desk: Desk) -> None:
    assert desk.scans.known is None
    found = await desk.scans.catalogue()
    assert desk.scans.known is found
    codes = {one.code: one for one in found.types}
    assert len(codes) > 200
    assert codes["TOP_PERC_GAIN"].name == "Top % Gainers"
    assert "STK" in codes["TOP_PERC_GAIN"].instruments
    places = {one.code: one for one in found.locations}
    assert (places["STK.NYSE"].parent, places["STK.US.MAJOR"].parent) == ("STK.US.MAJOR", "STK.US")
    filters = {one.code: one for one in found.filters}
    assert filters["marketCapAbove1e6"].kind == "number"
    assert ("inc:ETF", "ETF") in filters["stkTypes"].choices
    shares = next(one for one in found.universes if one.type == "STK")
    assert filters["priceAbove"].belongs in shares.filters


async def test_however_many_ask_ibkr_is_asked_once(desk: Desk, server: TwsServer) -> None:
    found = await asyncio.gather(*(desk.scans.catalogue() for _ in range(5)))
    assert all(one is found[0] for one in found)
    assert await desk.scans.catalogue() is found[0]
    assert asked(server) == 1


async def test_one_who_gives_up_takes_it_from_nobody(desk: Desk, server: TwsServer) -> None:
    impatient, patient = (asyncio.ensure_future(desk.scans.catalogue()) for _ in range(2))
    await eventually(lambda: asked(server) == 1)
    impatient.cancel()
    assert (await patient).types
    assert impatient.cancelled()
    assert asked(server) == 1


async def test_after_a_restart_the_file_knows(
    desk: Desk, server: TwsServer, clock: FakeClock, file: CatalogueFile
) -> None:
    first = await IbCatalogue(desk.session, clock, file).get()
    clock.advance(3600)
    again = IbCatalogue(desk.session, clock, file)
    assert again.known == first
    assert await again.get() == first
    assert asked(server) == 1


async def test_without_a_link_what_is_known_is_told_and_what_is_not_says_so(
    clock: FakeClock, file: CatalogueFile
) -> None:
    session = desk_at(1).session
    with pytest.raises(LinkDown):
        await IbCatalogue(session, clock, file).get()
    old = IbCatalogue(session, clock, kept(file, clock, age=timedelta(days=30)))
    assert await old.get() == OLD


async def test_what_is_a_day_old_is_told_at_once_and_renewed_meanwhile(
    desk: Desk, server: TwsServer, clock: FakeClock, file: CatalogueFile
) -> None:
    catalogue = IbCatalogue(desk.session, clock, kept(file, clock, version_of(desk), timedelta(hours=23)))
    assert await catalogue.get() == OLD
    assert asked(server) == 0
    clock.advance(3600)
    assert await asyncio.gather(catalogue.get(), catalogue.get()) == [OLD, OLD]
    await eventually(lambda: catalogue.known != OLD)
    assert asked(server) == 1
    await eventually(lambda: file.read() == Kept(catalogue.known, clock.now(), version_of(desk)))


async def test_what_another_version_of_tws_said_is_renewed(
    desk: Desk, server: TwsServer, clock: FakeClock, file: CatalogueFile
) -> None:
    catalogue = IbCatalogue(desk.session, clock, kept(file, clock, version=150))
    assert await catalogue.get() == OLD
    await eventually(lambda: catalogue.known != OLD)
    assert asked(server) == 1


async def test_with_each_link_it_is_seen_to_that_it_is_known(desk: Desk, server: TwsServer) -> None:
    desk.session.on_up(desk.scans.renew)
    for _ in range(2):
        server.faults.drop()
        await eventually(lambda: not desk.session.status.is_usable)
        await desk.up()
        await eventually(lambda: desk.scans.known)
    assert asked(server) == 1


async def test_a_renewal_that_fails_leaves_the_old_one_and_is_tried_again_later(
    desk: Desk, server: TwsServer, clock: FakeClock, file: CatalogueFile
) -> None:
    server.faults.swallowed.add(19)
    catalogue = IbCatalogue(desk.session, clock, kept(file, clock, version=150), timeout_s=0.05)
    await catalogue.get()
    await eventually(lambda: catalogue._asking is None)
    assert await catalogue.get() == OLD
    assert asked(server) == 1
    server.faults.heal()
    catalogue._timeout_s = 10.0
    clock.advance(600)
    assert await catalogue.get() == OLD
    await eventually(lambda: catalogue.known != OLD)
    assert asked(server) == 2


async def test_an_unanswered_question_times_out_and_the_next_one_is_answered(desk: Desk, server: TwsServer) -> None:
    server.faults.swallowed.add(19)
    desk.scans._catalogue._timeout_s = 0.05
    with pytest.raises(RequestTimeout):
        await desk.scans.catalogue()
    server.faults.heal()
    desk.scans._catalogue._timeout_s = 10.0
    assert (await desk.scans.catalogue()).types


async def test_a_link_that_breaks_meanwhile_says_so(desk: Desk, server: TwsServer) -> None:
    server.faults.swallowed.add(19)
    asking = asyncio.ensure_future(desk.scans.catalogue())
    await eventually(lambda: asked(server) == 1)
    server.faults.drop()
    with pytest.raises(LinkDown):
        await asking


async def test_an_empty_document_leaves_the_old_one(
    desk: Desk, server: TwsServer, clock: FakeClock, file: CatalogueFile
) -> None:
    server.faults.swallowed.add(19)
    catalogue = IbCatalogue(desk.session, clock, kept(file, clock, version=150))
    assert await catalogue.get() == OLD
    await eventually(lambda: asked(server) == 1)
    server.faults.raw(19, 1, "<ScanParameterResponse/>")
    await eventually(lambda: catalogue._asking is None)
    assert catalogue.known == OLD
    assert file.read() == Kept(OLD, clock.now(), 150)


@pytest.mark.parametrize(
    "text", ["<html>Busy</html>", "<ScanParameterResponse><InstrumentList>", "<ScanParameterResponse/>", ""]
)
async def test_a_document_that_makes_no_sense_is_told_and_not_kept(desk: Desk, server: TwsServer, text: str) -> None:
    server.faults.swallowed.add(19)
    asking = asyncio.ensure_future(desk.scans.catalogue())
    await eventually(lambda: asked(server) == 1)
    server.faults.raw(19, 1, text)
    with pytest.raises(BrokerError) as caught:
        await asking
    assert caught.value.code == 0
    assert caught.value.text.startswith("IBKR's list of scans cannot be read: ")
    assert desk.scans.known is None
