"""
Orders for every kind of instrument through the whole bot: shares, options, spreads, futures, currencies, coins.

One bot for all of them, on a trading morning. What TWS receives is read field by field, the market is moved until the
orders are filled, and what the chat says of them is read.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from simulator.tws.exchange import Exchange
from tests.fakes.order_table import ACCOUNT
from tests.flow.chat import labels, said
from tests.flow.ordering import Case, Counter, Move, case, nothing, opened_counter, prints

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The third Friday from the morning on.
CALL = "SPY 20261204 C570"
SPREAD = "SPY 20261204 C570/C580"
TURNED = "SPY 20261204 C580/C570"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with opened_counter(tmp_path_factory.mktemp("instruments"), ACCOUNT) as counter:
        # Coins are never sold short.
        exchange = counter.stage.world.exchange
        exchange.accounts[ACCOUNT].endow(exchange.catalogue.named("BTC.USD"), 1.0, 61_000.0)
        yield counter


def after_hours(exchange: Exchange) -> None:
    """Print MSFT at a price after the regular session has ended, and begin the next one."""
    exchange.close_session()
    exchange.push("MSFT", 451.0)
    exchange.open_session()


INSTRUMENTS = [
    case(
        "option",
        Case(
            f"buy 2 {CALL} 2.15",
            ("BUY 2 SPY 20261204 C570 LIMIT 2.15", "expires 4 Dec 2026", "call at 570", "Good for the day"),
            {
                "secType": "OPT", "symbol": "SPY", "lastTradeDate": "20261204", "strike": "570.0", "right": "C",
                "multiplier": "100", "exchange": "SMART", "action": "BUY", "totalQuantity": "2", "orderType": "LMT",
                "lmtPrice": "2.15", "auxPrice": "", "tif": "DAY",
            },
            "BOT 2 SPY 20261204 C570 @ 2.15",
            prints("SPY", 550.0),
            prints("SPY", 571.3),
        ),
    ),
    case(
        "option at market",
        Case(
            f"buy 1 {CALL} market",
            ("BUY 1 SPY 20261204 C570 MARKET",),
            {"secType": "OPT", "orderType": "MKT", "lmtPrice": "", "totalQuantity": "1", "tif": "DAY"},
            "BOT 1 SPY 20261204 C570 @",
        ),
    ),
    case(
        "vertical",
        Case(
            f"buy 1 {SPREAD} 2.50 gtc",
            ("BUY 1 SPY 20261204 C570/C580 LIMIT 2.50", "2 legs as one order", "Good till cancelled"),
            {
                "secType": "BAG", "symbol": "SPY", "conId": "0", "exchange": "SMART", "action": "BUY",
                "totalQuantity": "1", "orderType": "LMT", "lmtPrice": "2.5", "tif": "GTC",
            },
            "BOT 1 SPY 20261204 C570/C580 @ 2.50",
            prints("SPY", 560.0),
            prints("SPY", 571.3),
        ),
    ),
    case(
        "future",
        Case(
            "buy 1 ES 202612 @ 5700 gtc",
            ("BUY 1 ES 202612 LIMIT 5,700.00", "one costs 50 times its price"),
            {
                "secType": "FUT", "symbol": "ES", "lastTradeDate": "20261218", "exchange": "CME", "multiplier": "50",
                "action": "BUY", "totalQuantity": "1", "orderType": "LMT", "lmtPrice": "5700.0", "tif": "GTC",
            },
            "BOT 1 ES 202612 @ 5,700.00",
            prints("ES", 5699.5),
            prints("ES", 5755.25),
        ),
    ),
    case(
        "future at a stop",
        Case(
            "sell 1 ES 202612 stop 5690.25",
            ("SELL 1 ES 202612 STOP 5,690.25",),
            {"secType": "FUT", "action": "SELL", "orderType": "STP", "lmtPrice": "", "auxPrice": "5690.25"},
            "SLD 1 ES 202612 @ 5,689.75",
            prints("ES", 5690.0),
            prints("ES", 5755.25),
        ),
    ),
    case(
        "currencies",
        Case(
            "buy 20000 EUR.USD 1.07 gtc",
            ("BUY 20,000 EUR.USD LIMIT 1.07", "quantity in EUR, price in USD"),
            {
                "secType": "CASH", "symbol": "EUR", "currency": "USD", "exchange": "IDEALPRO", "action": "BUY",
                "totalQuantity": "20000", "orderType": "LMT", "lmtPrice": "1.07", "tif": "GTC",
            },
            "BOT 20,000 EUR.USD @ 1.07",
            prints("EUR.USD", 1.069),
            prints("EUR.USD", 1.08345),
        ),
    ),
    case(
        "coin",
        Case(
            "buy 0.0125 BTC.USD 60000",
            ("BUY 0.0125 BTC.USD LIMIT 60,000.00", "quantity in BTC, price in USD"),
            {
                "secType": "CRYPTO", "symbol": "BTC", "exchange": "PAXOS", "action": "BUY", "totalQuantity": "0.0125",
                "cashQty": "", "orderType": "LMT", "lmtPrice": "60000.0", "tif": "DAY",
            },
            "BOT 0.0125 BTC.USD @ 60,000.00",
            prints("BTC.USD", 59999.0),
            prints("BTC.USD", 68412.25),
        ),
    ),
    case(
        "share outside hours",
        Case(
            "sell 5 MSFT 450 gtc outside",
            ("SELL 5 MSFT LIMIT 450.00", "outside regular hours too"),
            {"secType": "STK", "action": "SELL", "outsideRth": "1", "tif": "GTC", "lmtPrice": "450.0"},
            "SLD 5 MSFT @ 450.00",
            after_hours,
            prints("MSFT", 421.9),
        ),
    ),
    case(
        "share that trails by a percentage",
        Case(
            "sell 5 KO trail 5% gtc",
            ("SELL 5 KO TRAIL 5%", "The stop begins at about 67.45"),
            {
                "action": "SELL", "orderType": "TRAIL", "auxPrice": "", "trailingPercent": "5.0", "trailStopPrice": "",
                "tif": "GTC",
            },
            "SLD 5 KO @ 75.99",
            prints("KO", 80.0, 76.0),
            prints("KO", 71.0),
        ),
    ),
    case(
        "share at the middle",
        Case(
            "buy 5 KO mid",
            ("BUY 5 KO MIDPRICE",),
            {"orderType": "MIDPRICE", "auxPrice": "", "tif": "DAY"},
            "BOT 5 KO @ 71.00",
            before=prints("KO", 71.0),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("one", INSTRUMENTS)
async def test_each_kind_of_instrument_is_sent_as_its_card_says_and_filled(counter: Counter, one: Case) -> None:
    counter.move(one.before)
    order = await counter.order(one.line, *one.says)
    frame = (await counter.frame(order)).values
    assert {name: frame[name] for name in one.frame} == one.frame
    assert (frame["account"], frame["transmit"], frame["parentId"]) == (ACCOUNT, "1", "0")
    await counter.at_tws(order, "Submitted", "PreSubmitted", "Filled")
    counter.move(one.move)
    await counter.ends(order, "FILLED", one.filled)
    await counter.at_tws(order, "Filled")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"buy 1 {CALL} moc", "an order for the close"),
        ("buy 1 ES 202612 @ 5700 opg", "an order for the opening"),
        ("buy 0.0125 BTC.USD market", "of coins it takes limit orders"),
        ("buy 5 AAPL 150.001", "0.01"),
    ],
)
async def test_what_the_contract_does_not_take_gets_no_card(counter: Counter, line: str, words: str) -> None:
    before = len(counter.stage.world.exchange.orders())
    chat = counter.somebody()
    answer = await chat.ask(line, words)
    assert not any(label.startswith("✅") for label in labels(answer)), said(answer)
    assert len(counter.stage.world.exchange.orders()) == before


async def test_the_legs_of_a_vertical_are_those_of_its_strikes(counter: Counter) -> None:
    counter.move(prints("SPY", 571.3))
    order = await counter.order(f"buy 3 {SPREAD} 9.5")
    request = await counter.frame(order)
    catalogue = counter.stage.world.exchange.catalogue
    low, high = (catalogue.named(name) for name in ("SPY   261204C00570000", "SPY   261204C00580000"))
    assert request.groups["legs"] == [
        (str(low.con_id), "1", "BUY", "SMART", "0", "0", "", "-1"),
        (str(high.con_id), "1", "SELL", "SMART", "0", "0", "", "-1"),
    ]
    await counter.ends(order, "FILLED", "BOT 3 SPY 20261204 C570/C580 @")


@dataclass(frozen=True, slots=True)
class Row:
    """A line, its type, limit and other price and time at TWS, where the market comes from and goes, and the fill."""

    line: str
    terms: tuple[str, str, str, str]
    before: Move
    move: Move
    filled: str


SPY, ES = prints("SPY", 571.3), prints("ES", 5755.25)
EURO, COIN = prints("EUR.USD", 1.08345), prints("BTC.USD", 68412.25)
ROWS = [
    # Of options the bid and the ask set a stop off, and only when they have done so twice.
    Row(f"sell 1 {CALL} stop 4 gtc", ("STP", "", "4.0", "GTC"), SPY, prints("SPY", 555.0, 554.8), f"SLD 1 {CALL} @"),
    Row(
        f"sell 1 {CALL} stop 4 limit 1",
        ("STP LMT", "1.0", "4.0", "DAY"),
        SPY,
        prints("SPY", 555.0, 554.8),
        f"SLD 1 {CALL} @",
    ),
    Row(
        f"sell 1 {CALL} trail 2",
        ("TRAIL", "", "2.0", "DAY"),
        SPY,
        prints("SPY", 580.0, 565.0, 564.8),
        f"SLD 1 {CALL} @",
    ),
    Row(f"buy 1 {CALL} 30 ioc", ("LMT", "30.0", "", "IOC"), SPY, nothing, f"BOT 1 {CALL} @"),
    Row(
        f"buy 1 {CALL} 1.05 gtd 2026-12-03",
        ("LMT", "1.05", "", "GTD"),
        SPY,
        prints("SPY", 545.0),
        f"BOT 1 {CALL} @ 1.05",
    ),
    Row(f"buy 1 {SPREAD} market", ("MKT", "", "", "DAY"), SPY, nothing, f"BOT 1 {SPREAD} @"),
    Row(f"sell 1 {SPREAD} 1.50 ioc", ("LMT", "1.5", "", "IOC"), SPY, nothing, f"SLD 1 {SPREAD} @"),
    Row(f"buy 1 {TURNED} -1.25 gtc", ("LMT", "-1.25", "", "GTC"), SPY, nothing, f"BOT 1 {TURNED} @"),
    Row(
        "buy 1 ES 202612 stop 5800 limit 5805 gtc",
        ("STP LMT", "5805.0", "5800.0", "GTC"),
        ES,
        prints("ES", 5801.0),
        "BOT 1 ES 202612 @ 5,801.25",
    ),
    Row(
        "sell 1 ES 202612 trail 10",
        ("TRAIL", "", "10.0", "DAY"),
        ES,
        prints("ES", 5760.0, 5749.75),
        "SLD 1 ES 202612 @ 5,749.50",
    ),
    Row("buy 1 ES 202612 market ioc", ("MKT", "", "", "IOC"), ES, nothing, "BOT 1 ES 202612 @ 5,755.50"),
    Row(
        "buy 1 ES 202612 @ 5700 gtd 2026-12-03",
        ("LMT", "5700.0", "", "GTD"),
        ES,
        prints("ES", 5699.5),
        "BOT 1 ES 202612 @ 5,700.00",
    ),
    Row("buy 20000 EUR.USD market", ("MKT", "", "", "DAY"), EURO, nothing, "BOT 20,000 EUR.USD @ 1.083"),
    Row("buy 20000 EUR.USD 1.1 ioc", ("LMT", "1.1", "", "IOC"), EURO, nothing, "BOT 20,000 EUR.USD @ 1.083"),
    Row(
        "sell 20000 EUR.USD stop 1.07 gtc",
        ("STP", "", "1.07", "GTC"),
        EURO,
        prints("EUR.USD", 1.0695),
        "SLD 20,000 EUR.USD @ 1.069",
    ),
    Row(
        "sell 20000 EUR.USD stop 1.07 limit 1.06 gtd 2026-12-03",
        ("STP LMT", "1.06", "1.07", "GTD"),
        EURO,
        prints("EUR.USD", 1.0695),
        "SLD 20,000 EUR.USD @ 1.069",
    ),
    Row(
        "sell 20000 EUR.USD trail 0.01",
        ("TRAIL", "", "0.01", "DAY"),
        EURO,
        prints("EUR.USD", 1.09, 1.0795),
        "SLD 20,000 EUR.USD @ 1.079",
    ),
    Row("buy 0.02 BTC.USD 70000 ioc", ("LMT", "70000.0", "", "IOC"), COIN, nothing, "BOT 0.02 BTC.USD @ 68,412.50"),
    Row(
        "buy 0.01 BTC.USD 60000 gtc",
        ("LMT", "60000.0", "", "GTC"),
        COIN,
        prints("BTC.USD", 59999.0),
        "BOT 0.01 BTC.USD @ 60,000.00",
    ),
    Row("sell 0.01 BTC.USD market ioc", ("MKT", "", "", "IOC"), COIN, nothing, "SLD 0.01 BTC.USD @ 68,412.00"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
async def test_each_kind_of_instrument_takes_its_types_and_times(counter: Counter, row: Row) -> None:
    counter.move(row.before)
    order = await counter.order(row.line)
    frame = (await counter.frame(order)).values
    assert (frame["orderType"], frame["lmtPrice"], frame["auxPrice"], frame["tif"]) == row.terms
    assert bool(frame["goodTillDate"]) is (frame["tif"] == "GTD")
    await counter.at_tws(order, "Submitted", "PreSubmitted", "Filled")
    counter.move(row.move)
    await counter.ends(order, "FILLED", row.filled)
    await counter.at_tws(order, "Filled")
