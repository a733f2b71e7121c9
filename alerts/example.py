"""
Lines that work, for every kind of alert: what help, refusals and the reference in docs/alerts.md quote.

A test parses every one of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of alert: its *title*, when it fires, *lines* that work; *marks* hint at it (`^`: at the start)."""

    name: str
    title: str
    says: str
    lines: tuple[str, ...]
    marks: tuple[str, ...] = ()


TOPICS = (
    Topic(
        "news",
        "News",
        "a headline comes whose words match; `and` and `or` join patterns, `/…/` is a regular expression; `from` names"
        " IBKR's providers, `in` languages, `if` asks for a move too; `portfolio` and `watchlist` follow yours, `*` is"
        " the broad tape, `bulletins` are IBKR's own",
        (
            'news AAPL "guidance" or "outlook"',
            'news * "FDA approval"',
            'news AAPL "guidance" or /downgrad/i',
            "news portfolio",
            'news AAPL "offering" if moves 1% in 5m',
            'news watchlist "upgrade" from DJNL, BRFG in en',
            "news bulletins",
        ),
        ("news",),
    ),
    Topic(
        "scan",
        "Scanner",
        "an instrument is new in one of IBKR's market scans, drops out of it or jumps 5 ranks and more; `only` tells"
        " some of these, `on` names a location, `where` any of IBKR's filters by its code",
        (
            "scan TOP_PERC_GAIN top 10",
            "scan TOP_PERC_GAIN price > 5 volume > 1M top 10",
            "scan HOT_BY_VOLUME on STK.NASDAQ marketcap > 1B change > 3% top 20 only new",
            "scan MOST_ACTIVE where optVolumeAbove = 1000 top 10 only new, jumps 3",
        ),
        ("scan",),
    ),
    Topic(
        "position",
        "Position",
        "a position of yours is worth, gains or loses something; `any` means each of them, also those opened later;"
        " of several accounts, the one that `IB_ACCOUNT` names, else the first",
        (
            "position AAPL pnl% > 20",
            "position AAPL pnl < -500",
            "positions any -5%",
            "position AAPL value > 100k",
            "AAPL > avgcost * 1.1",
        ),
        ("position", "pnl", "avgcost", "avg cost"),
    ),
    Topic(
        "account",
        "Account",
        "a value of the account (the one that `IB_ACCOUNT` names, else the first) passes a limit: `dailypnl netliq cash"
        " buyingpower` in money, `cushion margin` in % of net liquidation",
        (
            "account cushion < 10%",
            "account dailypnl < -1000",
            "account netliq < 100k",
            "account margin > 80%",
        ),
        ("account", "cushion", "netliq", "dailypnl"),
    ),
    Topic(
        "orders",
        "Orders",
        "an order is filled, rejected or cancelled, also one placed in TWS or on the phone",
        ("orders filled", "orders rejected", "orders AAPL cancelled"),
        ("order", "filled", "rejected"),
    ),
    Topic(
        "option",
        "Option",
        "a value of an option passes a limit: `iv delta gamma theta vega openinterest dte` (days to expiry)",
        (
            "SPY 20261218 C600 iv > 0.25",
            "SPY 20261218 C600 delta > 0.5",
            "SPY 20261218 C600 openinterest > 10k",
            "SPY 20261218 C600 dte < 7",
        ),
        (" iv", "delta", "gamma", "theta", "vega", "openinterest", "dte"),
    ),
    Topic(
        "channel",
        "Channel",
        "the price enters or leaves a range",
        ("AAPL enters 190..200", "AAPL leaves 190..200"),
        ("enters", "leaves", ".."),
    ),
    Topic(
        "range",
        "Range",
        "the price passes its highest or lowest of the last days",
        ("AAPL > high(52w)", "AAPL < low(20d)"),
        ("high", "low("),
    ),
    Topic(
        "volume",
        "Volume",
        "the session's volume in shares passes a limit",
        ("AAPL volume > 10M", "AAPL volume > 2 * avgvolume(20)"),
        ("volume",),
    ),
    Topic(
        "cross",
        "Crossing",
        "a value reaches another from one side; it must be seen on the other side first",
        (
            "AAPL crosses 200",
            "AAPL crosses above sma(50, 1d)",
            "sma(20, 1d) of AAPL crosses below sma(50, 1d)",
            "when AAPL hits 200",
        ),
        ("cros",),
    ),
    Topic(
        "study",
        "Indicator",
        "an indicator, taken at each bar's close (`live`: over the running bar too), passes a limit; bar sizes are `1m"
        " 5m 15m 1h 1d`",
        (
            "AAPL rsi(14, 1h) < 30",
            "AAPL rsi(14, 1h) live < 30",
            "AAPL > ema(20, 15m)",
            "AAPL macd(12, 26, 9, 1d) histogram > 0",
            "AAPL > bbands(20, 2, 1d) upper",
            "AAPL atr(14, 1d) > 5",
            "AAPL < vwap(1m)",
            "AAPL adx(14, 1d) > 25",
            "AAPL stoch(14, 3, 3, 1h) d < 20",
        ),
        ("study", "sma", "ema", "rsi", "macd", "bbands", "atr", "vwap", "adx", "stoch"),
    ),
    Topic(
        "trail",
        "Trailing",
        "the price comes back from its high (with `up`: from its low) since the alert was set",
        ("AAPL trails 5%", "TSLA trails 2 atr(14, 1d)", "AAPL trails $3", "AAPL trails 5% up"),
        ("trail",),
    ),
    Topic(
        "gap",
        "Gap",
        "the session opens away from the prior close",
        ("AAPL gaps 3%", "AAPL gaps up 3%"),
        ("gap",),
    ),
    Topic(
        "velocity",
        "Velocity",
        "the price moves by so much within so long",
        ("AAPL moves 2% in 15m", "AAPL drops $3 in 5m"),
        ("moves", " in ", "within"),
    ),
    Topic(
        "move",
        "Day move",
        "the price is so far from the prior close, or from a price you name",
        ("AAPL +5%", "AAPL -3% today", "AAPL ±4% from 187.20", "AAPL up 5%"),
        ("%", " +", "±"),
    ),
    Topic(
        "stale",
        "Feed",
        "nothing was received while the market is open",
        ("AAPL stale 5m",),
        ("stale",),
    ),
    Topic(
        "two",
        "Two instruments",
        "arithmetic over prices passes a limit",
        ("AAPL / MSFT > 0.45", "BRK.A - 1500 * BRK.B > 200", "AAPL / MSFT crosses 0.45"),
        (" / ", "*"),
    ),
    Topic(
        "time",
        "Time",
        "the moment comes; zones: `ET CT PT UTC` or `Europe/Berlin`, without one yours; days: `weekdays`, `mon-fri`,"
        " `mon,wed`",
        ('at 15:45 ET weekdays "check MOC"', "every 30m rth", "at close - 10m", "at open"),
        ("^at ", "^every "),
    ),
    Topic(
        "compound",
        "Compound",
        "`not` binds strongest, then `and`, then `or`; parentheses group; a crossing is true only in the moment in"
        " which it happens, and `not` of one at all other times",
        (
            "AAPL > 200 and rsi(14, 1h) < 70 and not SPY -1%",
            "(AAPL < 150 or AAPL > 200) and MSFT > 400",
        ),
        (" and ", " or ", "not "),
    ),
    Topic(
        "level",
        "Level",
        "the price is above or below a limit, at once if it is already; `last` (usual), `bid`, `ask` or `mid`",
        (
            "AAPL > 200",
            "AAPL drops below 180",
            "AAPL bid <= 199.5",
            "EUR.USD mid > 1.10",
            "tell me when AAPL drops below 180",
        ),
    ),
)
"""Every kind, those first whose marks say most."""

OPTIONS = (
    ("once", "fires one time"),
    ("every", "fires each time, after it was false in between"),
    ("cooldown 30m", "keeps silent so long after a firing"),
    ("max 5", "fires so often at all"),
    (
        "for 2m",
        "must hold so long; what is unknown, or out of its hours, stops the clock, what is false starts it anew",
    ),
    ("rth", "regular trading hours only; `eth`: extended hours too"),
    ("until friday", "ends with that day; also `until 2026-12-24`, `until 15:45`"),
    ("expires 30d", "ends so long from now"),
    ("hysteresis 0.5%", "how far back before it may fire again, in % of the level (levels, crossings, day moves)"),
    ("silent", "no sound; `critical`: through quiet hours"),
    ("tag earnings", "a word to find it by"),
    ('note "check the 10-Q"', "your words, told with the alert"),
    ("then buy 10 limit 199.5", "a button that prepares this order; nothing is sent without your Confirm"),
    ("to @desk", "tells another allowed chat"),
)
"""Every option as an example, and what it does."""

SYMBOLS = (
    ("AAPL", "a share in the US; else a share anywhere, else an index"),
    ("AAPL@NASDAQ", "at its exchange"),
    ("BMW@IBIS/EUR", "exchange and currency"),
    ("BRK.B", "a share class"),
    ("EUR.USD", "a currency pair"),
    ("ES 202612", "a future"),
    ("SPY 20261218 C600", "an option"),
    ("SPY   261218C00600000", "an option as OCC writes it"),
    ("BTC.USD@PAXOS", "a coin"),
    ("#265598", "IBKR's contract id"),
    ("$LOW", "always a symbol, for tickers that are words"),
)
"""Every way to name an instrument."""
