from zoneinfo import ZoneInfo

import pytest

from alerts.errors import NoSuchProvider, NoSuchScan
from alerts.language import parse
from alerts.resolving import Resolver, no_chats
from market.scan_catalogue import ScanCatalogue, ScanLocation, ScanType
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFinder
from tests.unit.alerts.drafts import AAPL, NOW

UTC = ZoneInfo("UTC")

CATALOGUE = ScanCatalogue(
    types=(ScanType("TOP_PERC_GAIN", "Top % Gainers", frozenset({"STK"})),),
    locations=(ScanLocation("STK.US.MAJOR", "Listed", frozenset({"STK"})),),
)


def resolver(*providers: str, catalogue: ScanCatalogue | None = None) -> Resolver:
    return Resolver(FakeFinder(AAPL), FakeClock(NOW), no_chats, lambda: catalogue, lambda: providers)


async def test_a_provider_that_the_account_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(NoSuchProvider) as caught:
        await resolver("DJNL", "BRFG").resolve(parse("news AAPL from DJLN", NOW, UTC), 1, 1)
    assert (caught.value.code, caught.value.known) == ("DJLN", ("BRFG", "DJNL"))


async def test_providers_are_taken_as_typed_while_nobody_knows_which_there_are() -> None:
    assert (await resolver().resolve(parse("news AAPL from DJLN", NOW, UTC), 1, 1)).text == "news AAPL from DJLN"
    assert (await resolver("DJNL").resolve(parse("news AAPL from djnl", NOW, UTC), 1, 1)).text == "news AAPL from DJNL"


async def test_a_scan_is_held_against_the_catalogue_where_that_is_known() -> None:
    draft = parse("scan TOP_PERC_GAINS", NOW, UTC)
    assert (await resolver().resolve(draft, 1, 1)).text == "scan TOP_PERC_GAINS"
    with pytest.raises(NoSuchScan) as caught:
        await resolver(catalogue=CATALOGUE).resolve(draft, 1, 1)
    assert caught.value.nearest == ("TOP_PERC_GAIN",)
