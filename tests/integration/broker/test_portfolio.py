"""Accounts, values and holdings."""

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Engine
from alerts.language import parse
from alerts.rule import Rule
from market.account import AccountSummary, Position
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running

ACCOUNT = "DU1234567"


def held(desk: Desk, symbol: str) -> Decimal:
    """Return how much of *symbol* is held."""
    return sum(
        (one.quantity for one in desk.portfolio.positions(ACCOUNT) if one.instrument.symbol == symbol), Decimal()
    )


async def test_once_the_link_is_up_the_account_is_known(desk: Desk) -> None:
    assert desk.portfolio.accounts() == (ACCOUNT,)
    summary = desk.portfolio.summary(ACCOUNT)
    assert summary is not None
    assert summary.currency == "USD"
    assert summary.is_paper
    for value in (summary.net_liquidation, summary.cash, summary.buying_power, summary.initial_margin):
        assert value is not None
        assert value > 0
    assert summary.cushion is not None
    assert 0 < summary.cushion < 1
    await eventually(lambda: desk.portfolio.summary(ACCOUNT).daily_pnl is not None)


async def test_the_days_profit_that_comes_before_the_values_makes_no_account_without_a_currency(
    server: TwsServer,
) -> None:
    desk = desk_at(server.port)
    desk.portfolio._timeout_s = 0.2
    # No account value comes, and the profits do.
    server.faults.swallowed.add(6)
    told: list[AccountSummary] = []
    changes: list[AccountSummary | None] = []
    desk.portfolio.connect(lambda summary, _: told.append(summary))
    desk.portfolio.on_change(lambda account: changes.append(desk.portfolio.summary(account)))
    async with running(desk):
        await desk.up()
        await eventually(lambda: desk.portfolio._summaries[ACCOUNT].daily_pnl is not None)
        assert desk.portfolio.summary(ACCOUNT) is None
        desk.portfolio._on_value("ExchangeRate", "1.084", "EUR", ACCOUNT)
        assert desk.portfolio.summary(ACCOUNT) is None
        server.faults.heal()
        server.faults.drop()
        await eventually(lambda: desk.portfolio.summary(ACCOUNT))
        await eventually(lambda: told)
    assert {one.currency for one in told} == {"USD"}
    known = [one for one in changes if one is not None]
    assert {one.currency for one in known} == {"USD"}
    # What came before is not lost.
    assert known[0].daily_pnl is not None
    assert known[0].rates["EUR"] == Decimal("1.084")


async def test_what_other_currencies_are_worth_is_kept_and_forgotten(desk: Desk) -> None:
    def told(rate: str, currency: str) -> AccountSummary:
        desk.portfolio._on_value("ExchangeRate", rate, currency, ACCOUNT)
        summary = desk.portfolio.summary(ACCOUNT)
        assert summary is not None
        return summary

    assert told("1.084", "EUR").in_base(Decimal(100), "EUR") == Decimal("108.400")
    assert told("0.0067", "JPY").in_base(Decimal(100), "USD") == 100
    assert told("99", "BASE").in_base(Decimal(1), "BASE") is None
    assert told("0.00", "JPY").in_base(Decimal(1), "JPY") is None
    assert told("1.09", "EUR").in_base(Decimal(1), "EUR") == Decimal("1.09")


async def test_holdings_come_with_price_value_and_the_days_profit(desk: Desk) -> None:
    positions = {one.instrument.symbol: one for one in desk.portfolio.positions(ACCOUNT)}
    assert list(positions) == ["AAPL", "MSFT", "TSLA"]
    aapl = positions["AAPL"]
    assert (aapl.quantity, positions["TSLA"].quantity) == (150, -20)
    assert aapl.market_value == aapl.market_price * aapl.quantity
    assert aapl.instrument.right == ""
    assert aapl.instrument.exchange == "SMART"
    await eventually(lambda: all(one.daily_pnl is not None for one in desk.portfolio.positions(ACCOUNT)))


async def test_a_fill_moves_holdings_and_cash_and_listeners_hear_of_it(desk: Desk, exchange: Exchange) -> None:
    told = []
    desk.portfolio.on_change(told.append)
    cash = desk.portfolio.summary(ACCOUNT).cash
    ko = await desk.contracts.find("KO")
    await desk.orders.submit(entry(ko, OrderTicket(Side.BUY, Decimal(100), "KO", OrderType.MARKET)), "sb-1-1")
    await eventually(lambda: held(desk, "KO") == 100)
    await eventually(lambda: desk.portfolio.summary(ACCOUNT).cash < cash)
    assert set(told) == {ACCOUNT}
    [position] = [one for one in desk.portfolio.positions(ACCOUNT) if one.instrument.symbol == "KO"]
    assert position.instrument.name


async def test_what_is_sold_is_gone(desk: Desk) -> None:
    msft = await desk.contracts.find("MSFT")
    await desk.orders.submit(entry(msft, OrderTicket(Side.SELL, Decimal(60), "MSFT", OrderType.MARKET)), "sb-1-1")
    await eventually(lambda: held(desk, "MSFT") == 0)
    assert "MSFT" not in [one.instrument.symbol for one in desk.portfolio.positions(ACCOUNT)]


async def test_profit_that_is_not_set_is_none(server: TwsServer) -> None:
    server.faults.unset_profit = True
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        summary = desk.portfolio.summary(ACCOUNT)
        assert summary is not None
        assert summary.daily_pnl is None


async def test_what_was_sold_while_the_link_was_down_is_not_held_after_it(
    desk: Desk, server: TwsServer, exchange: Exchange
) -> None:
    assert held(desk, "TSLA") == -20
    server.faults.refuse()
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    # Still readable meanwhile.
    assert held(desk, "TSLA") == -20
    exchange.accounts[ACCOUNT].positions.clear()
    server.faults.heal()
    await desk.up()
    assert desk.portfolio.positions(ACCOUNT) == []


@pytest.mark.parametrize("chosen", ["", "DU7654321"])
async def test_several_accounts_are_kept_apart_the_default_first(chosen: str) -> None:
    exchange = Exchange(clock=CLOCK, walk=False, accounts=("DU1234567", "DU7654321"))
    server = TwsServer(exchange)
    await server.start()
    desk = desk_at(server.port, account=chosen)
    async with running(desk):
        await desk.up()
        accounts = desk.portfolio.accounts()
        assert accounts[0] == (chosen or "DU1234567")
        assert set(accounts) == {"DU1234567", "DU7654321"}
        for account in accounts:
            await eventually(lambda name=account: desk.portfolio.summary(name))
            assert desk.portfolio.summary(account).net_liquidation > 0
        assert len(desk.portfolio.positions("DU1234567")) == 3
        assert desk.portfolio.positions("DU7654321") == []
    await server.stop()
    assert server.violations == []


async def test_a_missing_end_message_costs_time_and_no_data(server: TwsServer) -> None:
    server.faults.swallowed.update({54, 62})
    desk = desk_at(server.port)
    desk.portfolio._timeout_s = 0.2
    async with running(desk):
        await desk.up()
        assert held(desk, "AAPL") == 150


async def test_the_account_is_told_whole_with_each_read_that_spoke_of_it(desk: Desk, exchange: Exchange) -> None:
    told = []
    desk.portfolio.connect(lambda summary, positions: told.append((summary, positions)))
    await eventually(lambda: len(told) > 1)
    summary, positions = told[-1]
    assert summary == desk.portfolio.summary(ACCOUNT)
    assert [one.instrument.symbol for one in positions] == ["AAPL", "MSFT", "TSLA"]
    exchange.push("AAPL", 100.0)
    await eventually(lambda: any(one.daily_pnl < -10_000 for one in told[-1][1] if one.instrument.symbol == "AAPL"))
    assert told[-1][0].daily_pnl < -10_000


async def test_a_position_opened_and_closed_later_is_followed(desk: Desk) -> None:
    told = []
    desk.portfolio.connect(lambda _, positions: told.append({one.instrument.symbol: one for one in positions}))
    ko = await desk.contracts.find("KO")
    await desk.orders.submit(entry(ko, OrderTicket(Side.BUY, Decimal(100), "KO", OrderType.MARKET)), "sb-1-1")
    await eventually(lambda: told and "KO" in told[-1])
    await eventually(lambda: told[-1]["KO"].daily_pnl is not None)
    await desk.orders.submit(entry(ko, OrderTicket(Side.SELL, Decimal(100), "KO", OrderType.MARKET)), "sb-1-2")
    await eventually(lambda: "KO" not in told[-1])


@pytest.mark.parametrize(
    ("chosen", "fires"),
    [("DU1234567", ["account netliq > 1", "position AAPL value > 1"]), ("DU7654321", ["account netliq > 1"])],
)
async def test_alerts_on_the_account_and_its_positions_are_about_the_chosen_account(
    chosen: str, fires: list[str]
) -> None:
    exchange = Exchange(clock=CLOCK, walk=False, accounts=("DU1234567", "DU7654321"))
    server = TwsServer(exchange)
    await server.start()
    desk = desk_at(server.port, account=chosen)
    engine, fired, told = Engine(), [], []
    now = CLOCK.now()

    def take(summary: AccountSummary, positions: Sequence[Position]) -> None:
        told.append(summary.account)
        fired.extend(engine.on_account(summary, positions, now))

    async with running(desk):
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        lines = ("account netliq > 1", "position AAPL value > 1")
        drafts = [parse(line, now, ZoneInfo("UTC")) for line in lines]
        engine.load(
            Rule(n, 1, 1, line, draft, {"AAPL": aapl}, now, now)
            for n, (line, draft) in enumerate(zip(lines, drafts, strict=True), 1)
        )
        desk.portfolio.connect(take)
        await eventually(lambda: desk.portfolio.positions("DU1234567"))
        await eventually(lambda: sorted({one.rule.text for one in fired}) == fires)
    await server.stop()
    assert set(told) == {chosen}


async def test_another_account_is_not_told_as_the_default_one() -> None:
    exchange = Exchange(clock=CLOCK, walk=False, accounts=("DU1234567", "DU7654321"))
    server = TwsServer(exchange)
    await server.start()
    desk = desk_at(server.port, account="DU7654321")
    told = []
    desk.portfolio.connect(lambda summary, positions: told.append((summary.account, len(positions))))
    async with running(desk):
        await desk.up()
        await eventually(lambda: told)
    await server.stop()
    assert set(told) == {("DU7654321", 0)}


async def test_an_execution_is_open_until_the_position_shows_it(desk: Desk, exchange: Exchange) -> None:
    ko = await desk.contracts.find("KO")
    seen = []
    desk.orders.connect(lambda _: None, lambda _: seen.append((held(desk, "KO"), desk.portfolio.unsettled(ACCOUNT))))
    for number, quantity in ((1, 100), (2, 30)):
        side = Side.BUY if number == 1 else Side.SELL
        await desk.orders.submit(
            entry(ko, OrderTicket(side, Decimal(quantity), "KO", OrderType.MARKET)), f"sb-{number}-1"
        )
        await eventually(lambda number=number: held(desk, "KO") == (100, 70)[number - 1])
        await eventually(lambda: not desk.portfolio.unsettled(ACCOUNT))
    # The first word of each execution: the position did not show it yet, and both together did.
    assert (Decimal(0), {ko.con_id: Decimal(100)}) in seen
    assert (Decimal(100), {ko.con_id: Decimal(-30)}) in seen
