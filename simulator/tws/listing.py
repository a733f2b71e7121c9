"""
The instruments that the simulated exchange lists.

Contract ids, names and exchanges are the public ones of Interactive Brokers
where they are known; starting prices are of a plausible day. Options and
futures expire relative to the day the exchange opens.
"""

from collections.abc import Iterator
from datetime import date

from simulator.tws.derivatives import OPTION_ROOTS, future_options, futures, options
from simulator.tws.instrument import CRYPTO_ORDER_TYPES, OTHER_ORDER_TYPES, Instrument
from simulator.tws.news_provider import NEWS_PROVIDERS, TAPES

# key: conId, long name, price, primary exchange, yearly volatility, daily volume, industry, category, ISIN
_STOCKS: dict[str, tuple[int, str, float, str, float, float, str, str, str]] = {
    "AAPL": (265598, "APPLE INC", 196.45, "NASDAQ", 0.26, 5.5e7, "Technology", "Computers", "US0378331005"),
    "MSFT": (272093, "MICROSOFT CORP", 421.90, "NASDAQ", 0.24, 2.1e7, "Technology", "Software", "US5949181045"),
    "NVDA": (4815747, "NVIDIA CORP", 131.26, "NASDAQ", 0.48, 2.4e8, "Technology", "Semiconductors", "US67066G1040"),
    "TSLA": (
        76792991,
        "TESLA INC",
        248.50,
        "NASDAQ",
        0.55,
        9.5e7,
        "Consumer, Cyclical",
        "Auto Manufacturers",
        "US88160R1014",
    ),
    "AMZN": (3691937, "AMAZON.COM INC", 186.40, "NASDAQ", 0.30, 3.9e7, "Communications", "Internet", "US0231351067"),
    "GOOGL": (
        208813719,
        "ALPHABET INC-CL A",
        168.15,
        "NASDAQ",
        0.28,
        2.4e7,
        "Communications",
        "Internet",
        "US02079K3059",
    ),
    "META": (
        107113386,
        "META PLATFORMS INC-CLASS A",
        568.20,
        "NASDAQ",
        0.35,
        1.3e7,
        "Communications",
        "Internet",
        "US30303M1027",
    ),
    "AMD": (
        4391,
        "ADVANCED MICRO DEVICES",
        158.60,
        "NASDAQ",
        0.47,
        4.4e7,
        "Technology",
        "Semiconductors",
        "US0079031078",
    ),
    "NFLX": (15124833, "NETFLIX INC", 702.30, "NASDAQ", 0.34, 3.2e6, "Communications", "Internet", "US64110L1061"),
    "INTC": (270639, "INTEL CORP", 22.85, "NASDAQ", 0.42, 6.4e7, "Technology", "Semiconductors", "US4581401001"),
    "JPM": (1520593, "JPMORGAN CHASE & CO", 211.40, "NYSE", 0.22, 9.1e6, "Financial", "Banks", "US46625H1005"),
    "BAC": (10098, "BANK OF AMERICA CORP", 39.70, "NYSE", 0.25, 3.6e7, "Financial", "Banks", "US0605051046"),
    "XOM": (13977, "EXXON MOBIL CORP", 117.25, "NYSE", 0.24, 1.5e7, "Energy", "Oil&Gas", "US30231G1022"),
    "KO": (8894, "COCA-COLA CO/THE", 71.30, "NYSE", 0.14, 1.3e7, "Consumer, Non-cyclical", "Beverages", "US1912161007"),
    "DIS": (6459, "WALT DISNEY CO/THE", 95.60, "NYSE", 0.27, 9.8e6, "Communications", "Media", "US2546871060"),
    "BA": (4762, "BOEING CO/THE", 152.40, "NYSE", 0.38, 8.7e6, "Industrial", "Aerospace/Defense", "US0970231058"),
    "PLTR": (
        444857009,
        "PALANTIR TECHNOLOGIES INC-A",
        42.95,
        "NASDAQ",
        0.60,
        5.6e7,
        "Technology",
        "Software",
        "US69608A1088",
    ),
    "F": (
        9599491,
        "FORD MOTOR CO",
        10.95,
        "NYSE",
        0.36,
        5.2e7,
        "Consumer, Cyclical",
        "Auto Manufacturers",
        "US3453708600",
    ),
    "T": (37018770, "AT&T INC", 21.75, "NYSE", 0.20, 3.3e7, "Communications", "Telecommunications", "US00206R1023"),
    "BRK B": (
        72063691,
        "BERKSHIRE HATHAWAY INC-CL B",
        461.30,
        "NYSE",
        0.15,
        3.4e6,
        "Financial",
        "Insurance",
        "US0846707026",
    ),
    "WMT": (13824, "WALMART INC", 80.60, "NYSE", 0.18, 1.5e7, "Consumer, Cyclical", "Retail", "US9311421039"),
    "GME": (
        36285627,
        "GAMESTOP CORP-CLASS A",
        22.10,
        "NYSE",
        0.85,
        9.0e6,
        "Consumer, Cyclical",
        "Retail",
        "US36467W1099",
    ),
    "SAP": (14204, "SAP SE-SPONSORED ADR", 228.70, "NYSE", 0.24, 8.0e5, "Technology", "Software", "US8030542042"),
}
_ETFS: dict[str, tuple[int, str, float, str, float, float, str]] = {
    "SPY": (756733, "SS SPDR S&P 500 ETF TRUST-US", 571.30, "ARCA", 0.14, 6.0e7, "US78462F1030"),
    "QQQ": (320227571, "INVESCO QQQ TRUST SERIES 1", 487.60, "NASDAQ", 0.19, 3.4e7, "US46090E1038"),
}
# Shares that nobody ever issued, for those who need many: QAAA, QAAB, ... No share's symbol begins so here.
_FIRST_INVENTED = 900_000_001
_INVENTED = "Q"


def instruments(today: date, invented: int = 0) -> list[Instrument]:
    """Return what is listed on *today*, underlyings before their derivatives, with so many *invented* shares."""
    listed = [*_stocks(), *_funds(), *_foreign(), *_currencies(), *_indices(), *futures(today), *_news()]
    by_key = {one.key: one for one in listed}
    listed.extend(_invented(number) for number in range(invented))
    listed.extend(_coins())
    listed.extend(options([by_key[root] for root in OPTION_ROOTS], today))
    listed.extend(future_options(by_key["ES"], today))
    return listed


def _stocks() -> Iterator[Instrument]:
    for key, (con_id, name, price, primary, volatility, volume, industry, category, isin) in _STOCKS.items():
        yield Instrument(
            key, con_id, key, "STK", name, price,
            primary_exchange=primary, local_symbol=key,
            trading_class={"NASDAQ": "NMS"}.get(primary, key.replace(" ", "")),
            volatility=volatility, daily_volume=volume, industry=industry, category=category,
            subcategory=category, stock_type="ADR" if key == "SAP" else "COMMON", isin=isin,
            derivatives=("CFD", "OPT", "IOPT", "WAR", "BAG"),
        )  # fmt: skip


def _invented(number: int) -> Instrument:
    letters = "".join(chr(ord("A") + number // 26**place % 26) for place in (2, 1, 0))
    key, price = f"{_INVENTED}{letters}", 10 + number * 37 % 490 + number % 100 / 100
    return Instrument(
        key, _FIRST_INVENTED + number, key, "STK", f"INVENTED COMPANY {letters}", price,
        primary_exchange="NYSE", local_symbol=key, trading_class=key, stock_type="COMMON", derivatives=("CFD",),
    )  # fmt: skip


def _funds() -> Iterator[Instrument]:
    for key, (con_id, name, price, primary, volatility, volume, isin) in _ETFS.items():
        yield Instrument(
            key, con_id, key, "STK", name, price,
            primary_exchange=primary, local_symbol=key, trading_class="NMS" if primary == "NASDAQ" else key,
            volatility=volatility, daily_volume=volume, stock_type="ETF", isin=isin,
            derivatives=("CFD", "OPT", "IOPT", "WAR", "BAG"),
        )  # fmt: skip


def _foreign() -> Iterator[Instrument]:
    yield Instrument(
        "SAP.DE", 14121, "SAP", "STK", "SAP SE", 208.65,
        primary_exchange="IBIS", currency="EUR", local_symbol="SAP", trading_class="XETRA", min_tick=0.02,
        volatility=0.24, daily_volume=1.4e6, valid_exchanges="SMART,IBIS,TGATE,CHIXDE,BATEDE", market_rule=1869,
        zone="MET", industry="Technology", category="Software", subcategory="Enterprise Software/Serv",
        stock_type="COMMON", isin="DE0007164600", derivatives=("CFD", "OPT", "WAR", "FUT"),
    )  # fmt: skip
    yield Instrument(
        "OR", 29612230, "OR", "STK", "L'ORÉAL", 385.10,
        primary_exchange="SBF", currency="EUR", local_symbol="OR", trading_class="OR", min_tick=0.05,
        volatility=0.21, daily_volume=3.5e5, valid_exchanges="SMART,SBF,CHIXEN,BATEEN", market_rule=1874,
        zone="MET", industry="Consumer, Non-cyclical", category="Cosmetics/Personal Care",
        subcategory="Cosmetics&Toiletries", stock_type="COMMON", isin="FR0000120321", derivatives=("CFD", "OPT"),
    )  # fmt: skip
    # London quotes in pence, and IBKR calls the currency GBP.
    yield Instrument(
        "VOD", 138_550_003, "VOD", "STK", "VODAFONE GROUP PLC", 75.12,
        primary_exchange="LSE", currency="GBP", local_symbol="VOD", trading_class="VOD", min_tick=0.02,
        volatility=0.25, daily_volume=6.0e7, valid_exchanges="SMART,LSE,CHIXUK,BATEUK,TRQXUK", market_rule=1895,
        zone="GB-Eire", industry="Communications", category="Telecommunications",
        subcategory="Cellular Telecom", stock_type="COMMON", isin="GB00BH4HKS39", derivatives=("CFD", "OPT"),
        magnifier=100,
    )  # fmt: skip


def _currencies() -> Iterator[Instrument]:
    pairs = (("EUR", 12087792, "European Monetary Union Euro", 1.08345), ("GBP", 12087797, "British pound", 1.29310))
    for base, con_id, name, price in pairs:
        yield Instrument(
            f"{base}.USD", con_id, base, "CASH", name, price,
            exchange="IDEALPRO", local_symbol=f"{base}.USD", trading_class=f"{base}.USD", min_tick=0.00005,
            volatility=0.07, order_types=OTHER_ORDER_TYPES, valid_exchanges="IDEALPRO", market_rule=239,
            min_size=0.01,
        )  # fmt: skip


def _indices() -> Iterator[Instrument]:
    for key, con_id, name, price, volatility in (
        ("SPX", 416904, "S&P 500 Stock Index", 5728.80, 0.14),
        ("VIX", 13455763, "CBOE Volatility Index", 18.40, 0.90),
    ):
        yield Instrument(
            key, con_id, key, "IND", name, price,
            exchange="CBOE", local_symbol=key, trading_class=key, volatility=volatility, order_types="",
            valid_exchanges="CBOE", zone="US/Central", industry="Indices", category="Broad Range Equity Index",
            subcategory="*", derivatives=("OPT", "FUT", "BAG"),
        )  # fmt: skip


def _coins() -> Iterator[Instrument]:
    """Cryptocurrencies at Paxos: whole orders in hundred millionths of a coin."""
    for symbol, con_id, name, price, tick, rule in (
        ("BTC", 479624278, "Bitcoin cryptocurrency", 68_412.25, 0.25, 2715),
        ("ETH", 495759171, "Ethereum cryptocurrency", 2_644.10, 0.05, 2716),
    ):
        yield Instrument(
            f"{symbol}.USD", con_id, symbol, "CRYPTO", name, price,
            exchange="PAXOS", local_symbol=f"{symbol}.USD", trading_class=symbol, min_tick=tick, volatility=0.6,
            daily_volume=900.0, order_types=CRYPTO_ORDER_TYPES, valid_exchanges="PAXOS", market_rule=rule,
            min_size=0.00000001,
        )  # fmt: skip


def _news() -> Iterator[Instrument]:
    for number, (tape, code) in enumerate(TAPES.items()):
        exchange, _, feed = tape.partition(":")
        yield Instrument(
            tape, 66_200_001 + number, tape, "NEWS", f"{NEWS_PROVIDERS[code]}: {feed}", 1.0,
            exchange=exchange, local_symbol=tape, trading_class=tape, order_types="", valid_exchanges=exchange,
        )  # fmt: skip
