"""
What the simulated scanner can be asked for: scan codes, and filters with their fields.

Codes as real documents of scanner parameters have them; which of them are real where a family is written out is
unverified, since IBKR publishes no list.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A scan *code*, its *name*, and the kinds of instruments (*kinds*) it may be run over."""

    code: str
    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """
    A filter: IBKR's *ident* (PRICE), its *category*, the *type* of its fields (Double), and their codes and names.

    *choices* are the values of a ComboField and their names.
    """

    ident: str
    category: str
    type: str
    fields: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, str], ...] = ()


_STOCKS = ("STK", "ETF.EQ.US", "ETF.FI.US", "STOCK.NA", "STOCK.EU", "STOCK.ME", "STOCK.HK")
_FUTURES = ("FUT.US", "FUT.NA", "FUT.EU", "FUT.HK", "SSF.NA", "SSF.EU", "SSF.HK")
_INDICES = ("IND.US", "IND.EU", "IND.HK")
_BONDS = ("BOND", "BOND.CD", "BOND.AGNCY", "BOND.GOVT", "BOND.MUNI", "BOND.GOVT.NON-US")
_OPTIONS = ("OPT.US", "OPT.EU", "OPT.HK")

_EVERYWHERE = """\
TOP_PERC_GAIN=Top % Gainers|TOP_PERC_LOSE=Top % Losers|MOST_ACTIVE=Most Active|HOT_BY_PRICE=Hot Contracts by Price|\
TOP_PRICE_RANGE=Top Price Range|HOT_BY_PRICE_RANGE=Hot by Price Range|TOP_OPEN_PERC_GAIN=Top % Gainers Since Open|\
TOP_OPEN_PERC_LOSE=Top % Losers Since Open|HIGH_OPEN_GAP=Top Close-to-Open % Gainers|\
LOW_OPEN_GAP=Top Close-to-Open % Losers|HIGH_VS_13W_HL=13-Week High|LOW_VS_13W_HL=13-Week Low|\
HIGH_VS_26W_HL=26-Week High|LOW_VS_26W_HL=26-Week Low|HIGH_VS_52W_HL=52-Week High|LOW_VS_52W_HL=52-Week Low"""
_TRADED = """\
MOST_ACTIVE_USD=Most Active ($)|MOST_ACTIVE_AVG_USD=Most Active ($, average)|HOT_BY_VOLUME=Hot Contracts by Volume|\
TOP_TRADE_COUNT=Top Trade Count|TOP_TRADE_RATE=Top Trade Rate|TOP_VOLUME_RATE=Top Volume Rate|HALTED=Halted|\
NOT_OPEN=Not Open|LIMIT_UP_DOWN=Limit Up/Down|TOP_STOCK_BUY_IMBALANCE_ADV_RATIO=Top Buy Imbalance|\
TOP_STOCK_SELL_IMBALANCE_ADV_RATIO=Top Sell Imbalance|ALL_SYMBOLS_ASC=All Symbols (A to Z)|\
ALL_SYMBOLS_DESC=All Symbols (Z to A)|HIGH_STVOLUME_3MIN=High Volume in 3 Minutes|\
HIGH_STVOLUME_5MIN=High Volume in 5 Minutes|HIGH_STVOLUME_10MIN=High Volume in 10 Minutes|\
TOP_AFTER_HOURS_PERC_GAIN=Top % Gainers After Hours|TOP_AFTER_HOURS_PERC_LOSE=Top % Losers After Hours"""
_ON_OPTIONS = """\
HIGH_OPT_IMP_VOLAT=Highest Option Implied Volatility|LOW_OPT_IMP_VOLAT=Lowest Option Implied Volatility|\
TOP_OPT_IMP_VOLAT_GAIN=Top Implied Volatility Gainers|TOP_OPT_IMP_VOLAT_LOSE=Top Implied Volatility Losers|\
HIGH_OPT_IMP_VOLAT_OVER_HIST=High Implied over Historical Volatility|\
LOW_OPT_IMP_VOLAT_OVER_HIST=Low Implied over Historical Volatility|OPT_VOLUME_MOST_ACTIVE=Most Active by Option Volume|\
HOT_BY_OPT_VOLUME=Hot by Option Volume|OPT_OPEN_INTEREST_MOST_ACTIVE=Most Active by Option Open Interest|\
HIGH_OPT_VOLUME_PUT_CALL_RATIO=High Put/Call Volume Ratio|LOW_OPT_VOLUME_PUT_CALL_RATIO=Low Put/Call Volume Ratio|\
HIGH_OPT_OPEN_INTEREST_PUT_CALL_RATIO=High Put/Call Open Interest Ratio|\
LOW_OPT_OPEN_INTEREST_PUT_CALL_RATIO=Low Put/Call Open Interest Ratio|FIRST_TRADE_DATE_ASC=First Trade Date (old)|\
FIRST_TRADE_DATE_DSC=First Trade Date (new)"""
_ON_COMPANIES = """\
WSH_NEXT_ANALYST_MEETING=Next Analyst Meeting|WSH_NEXT_EARNINGS=Next Earnings|WSH_NEXT_EVENT=Next Event|\
WSH_NEXT_MAJOR_EVENT=Next Major Event|WSH_PREV_ANALYST_MEETING=Previous Analyst Meeting|\
WSH_PREV_EARNINGS=Previous Earnings|WSH_PREV_EVENT=Previous Event|SCAN_currYrETFFYDividendYield_DESC=Dividend Yield|\
SCAN_socialSentimentNet_ASC=Net Sentiment (low)|SCAN_socialSentimentNet_DESC=Net Sentiment (high)|\
SCAN_sharesAvailableNorm_ASC=Shortable Shares (few)|SCAN_sharesAvailableNorm_DESC=Shortable Shares (many)|\
SCAN_feeRate_ASC=Fee Rate (low)|SCAN_feeRate_DESC=Fee Rate (high)|SCAN_utilization_ASC=Utilization (low)|\
SCAN_utilization_DESC=Utilization (high)"""
# Families that come as HIGH_ and LOW_.
_RATIOS = """\
PE_RATIO=P/E Ratio|QUICK_RATIO=Quick Ratio|PRICE_2_BOOK_RATIO=Price/Book Ratio|\
PRICE_2_TAN_BOOK_RATIO=Price/Tangible Book Ratio|RETURN_ON_EQUITY=Return on Equity|GROWTH_RATE=Growth Rate|\
DIVIDEND_YIELD=Dividend Yield|DIVIDEND_YIELD_IB=Dividend Yield (IB)|WAR_REL_IMP_VOLAT=Warrant Implied Volatility|\
SYNTH_BID_REV_NAT_YIELD=Synthetic Yield|OPERATING_MARGIN=Operating Margin|DEBT_2_EQUITY=Debt/Equity|\
CURRENT_RATIO=Current Ratio|EPS_GROWTH=EPS Growth|SHORT_INTEREST=Short Interest|PRICE_2_SALES=Price/Sales|\
PRICE_2_CASH_FLOW=Price/Cash Flow|ANALYST_RATING=Analyst Rating|TARGET_PRICE=Target Price|BETA=Beta"""
_ON_BONDS = """\
BOND_ASK_CURRENT_YIELD_ALL=Ask Current Yield|BOND_ASK_YIELD_ALL=Ask Yield|BOND_BID_CURRENT_YIELD_ALL=Bid Current Yield|\
BOND_BID_YIELD_ALL=Bid Yield|BOND_DEBT_2_BOOK_RATIO=Debt/Book Ratio|BOND_DEBT_2_EQUITY_RATIO=Debt/Equity Ratio|\
BOND_DEBT_2_TAN_BOOK_RATIO=Debt/Tangible Book Ratio|BOND_EQUITY_2_BOOK_RATIO=Equity/Book Ratio|\
BOND_EQUITY_2_TAN_BOOK_RATIO=Equity/Tangible Book Ratio|BOND_NET_ASK_CURRENT_YIELD_ALL=Net Ask Current Yield|\
BOND_NET_ASK_YIELD_ALL=Net Ask Yield|BOND_NET_BID_CURRENT_YIELD_ALL=Net Bid Current Yield|\
BOND_NET_BID_YIELD_ALL=Net Bid Yield|BOND_NET_SPREAD_ALL=Net Spread|BOND_SPREAD_ALL=Spread|COUPON_RATE=Coupon Rate|\
MOODY_RATING_ALL=Moody Rating|SP_RATING_ALL=S&P Rating|SLB_BID=SLB Bid|SLB_ASK=SLB Ask"""
_ONLY_BONDS = "BOND_CUSIP_AZ=CUSIP (A to Z)|BOND_CUSIP_ZA=CUSIP (Z to A)|FAR_MATURITY_DATE=Far Maturity|\
NEAR_MATURITY_DATE=Near Maturity"
_MEASURES = """\
etfAssets=ETF Assets|etfExpense=ETF Expenses|etfALTAR=Altar Score|etfAvgALTAR=Average Altar Score|\
etfBetaSPX=Beta S&P500|etfBidAskPct=Bid/Ask Spread|etf1moChng=1-Month Change|etf3moChng=3-Month Change|\
etf5yrEPS=5-Year EPS Growth|\
etfFwd_PE=Forward P/E|etfFwd_PCF=Forward P/CF|etfFwd_Yld=Forward Yield|etfNAV=Net Asset Value|etfTR=Total Return|\
lfTotalScore=Lipper Total Return|lfExpense=Lipper Expense|lfPreservation=Lipper Preservation|esgScore=ESG Score|\
esgCombinedScore=ESG Combined Score|esgControversiesScore=ESG Controversies|esgEmissionsScore=ESG Emissions|\
esgGovernanceScore=ESG Governance|numAnalysts=Analysts|avgRating=Average Rating|avgPriceTarget=Price Target|\
avgAnalystTarget2PriceRatio=Target/Price|\
institutionalOwnership=Institutional Ownership|insiderOwnership=Insider Ownership|sentiment=Sentiment|\
iv30=30-Day Implied Volatility|ivRank13w=IV Rank 13 Weeks|ivRank26w=IV Rank 26 Weeks|\
ivRank52w=IV Rank 52 Weeks|hvRank52w=HV Rank 52 Weeks|ivPercntl52w=IV Percentile 52 Weeks|ema20=Price/EMA(20)|\
ema50=Price/EMA(50)|ema100=Price/EMA(100)|ema200=Price/EMA(200)|macdHist=MACD Histogram"""


def _pairs(listed: str) -> Iterator[tuple[str, str]]:
    for entry in listed.split("|"):
        code, _, name = entry.partition("=")
        yield code, name


def _codes() -> Iterator[Code]:
    for listed, kinds in (
        (_EVERYWHERE, (*_STOCKS, *_FUTURES, *_INDICES, *_OPTIONS, "NATCOMB", "WAR.EU")),
        (_TRADED, (*_STOCKS, *_FUTURES, *_OPTIONS)),
        (_ON_OPTIONS, ("STK", "ETF.EQ.US", "STOCK.EU", "STOCK.HK", *_INDICES)),
        (_ON_COMPANIES, ("STK", "STOCK.NA", "STOCK.EU", "STOCK.HK")),
        (_ONLY_BONDS, _BONDS),
    ):
        for code, name in _pairs(listed):
            yield Code(code, name, kinds)
    for listed, kinds in ((_RATIOS, ("STK", "STOCK.NA", "STOCK.EU", "STOCK.HK")), (_ON_BONDS, _BONDS)):
        for code, name in _pairs(listed):
            yield Code(f"HIGH_{code}", f"High {name}", kinds)
            yield Code(f"LOW_{code}", f"Low {name}", kinds)
    for code, name in _pairs(_MEASURES):
        yield Code(f"SCAN_{code}_DESC", f"{name} (high)", ("STK", "ETF.EQ.US", "ETF.FI.US"))
        yield Code(f"SCAN_{code}_ASC", f"{name} (low)", ("STK", "ETF.EQ.US", "ETF.FI.US"))


# ident, category, type of the fields, code without Above and Below, name; "1e6": in millions, at the code's end
_RANGES = """\
PRICE Prices Double price Price|USDPRICE Prices Double usdPrice Price (USD)|VOLUME Volume Int volume Volume|\
USDVOLUME Volume Int usdVolume Volume (USD)|AVGVOLUME Volume Int avgVolume Avg Volume|\
AVGUSDVOLUME Volume Double avgUsdVolume Avg Volume (USD)|\
MKTCAP Fundamentals Double marketCap1e6 Market Cap (millions)|\
MKTCAP_USD Fundamentals Double usdMarketCap1e6 Market Cap (USD, millions)|\
CHANGEPERC Prices Double changePerc Change (%)|CHANGEOPENPERC Prices Double changeOpenPerc Change Since Open (%)|\
OPENGAPPERC Prices Double openGapPerc Opening Gap (%)|AFTERHRSCHANGE Prices Double afterHoursChange After-Hours Change|\
AFTERHRSCHANGEPERC Prices Double afterHoursChangePerc After-Hours Change (%)|PRICERANGE Prices Double priceRange Range|\
TRADECOUNT Volume Int tradeCount Trade Count|TRADERATE Volume Double tradeRate Trade Rate|\
VOLUMERATE Volume Double volumeRate Volume Rate|STVOLUME_3MIN Volume Int stVolume3min 3-Minute Volume|\
STVOLUME_5MIN Volume Int stVolume5min 5-Minute Volume|STVOLUME_10MIN Volume Int stVolume10min 10-Minute Volume|\
OPTVOLUME Options Int optVolume Option Volume|AVGOPTVOLUME Options Int avgOptVolume Avg Option Volume|\
OPTVOLUMEPCRATIO Options Double optVolumePCRatio Option Volume P/C|IMPVOLAT Options Double impVolat Implied Volatility|\
IMPVOLATOVERHIST Options Double impVolatOverHist Implied over Historical|\
IMPVOLATCHANGEPERC Options Double impVolatChangePerc Implied Volatility Change (%)|\
IVRANK13W Options Double ivRank13w IV Rank 13w|IVRANK52W Options Double ivRank52w IV Rank 52w|\
PRICE2EMA20 Technical Double curEMA20 Price vs EMA(20)|PRICE2EMA50 Technical Double curEMA50 Price vs EMA(50)|\
PRICE2EMA200 Technical Double curEMA200 Price vs EMA(200)|MACD Technical Double curMACD MACD|\
PPO Technical Double curPPO PPO|PERATIO Fundamentals Double minPeRatio P/E Ratio|\
QUICKRATIO Fundamentals Double quickRatio Quick Ratio|\
PRICE2BK Fundamentals Double price2Bk Price/Book|PRICE2TANBK Fundamentals Double price2TanBk Price/Tangible Book|\
RETEQUITY Fundamentals Double minRetnOnEq Return on Equity|GROWTHRATE Fundamentals Double minGrowthRate Growth Rate|\
DIVYIELD Fundamentals Double dividendYieldFrd Dividend Yield|DIVIB Fundamentals Double dividendIB Dividend (IB)|\
FLOAT Fundamentals Double floatShares Float Shares|NUMSHARESINST Ownership Double ihNumSharesInstitutional \
Institutional Shares|NUMSHARESINSIDER Ownership Double ihNumSharesInsider Insider Shares|\
SHORTINTEREST Shortable Double utilization Utilization|FEERATE Shortable Double feeRate Fee Rate|\
SHORTABLE Shortable Int sharesAvailableMany Shortable Shares|NUMRATINGS Analysts Int numRatings Ratings|\
AVGRATING Analysts Double avgRating Average Rating|AVGTARGET Analysts Double avgPriceTarget Price Target|\
COUPON Bonds Double couponRate Coupon Rate|MATDATE Bonds Date maturityDate Maturity|BONDASKYIELD Bonds Double \
bondAskYield Ask Yield|BONDBIDYIELD Bonds Double bondBidYield Bid Yield|BONDSPREAD Bonds Double bondSpread Spread|\
WSHEARN Events Date wshErnDate Earnings Date|FIRSTTRADE Prices Date firstTradeDate First Trade Date|\
SENTIMENT Social Double socialSentimentNet Net Sentiment|IMBALANCE Volume Double imbalance Imbalance|\
IMBALANCEADV Volume Double imbalanceAdvRatioPerc Imbalance/Volume (%)"""
_MORE = (
    ("ETF", "Alta Vista", "etf", "etf"),
    ("FYCUR", "Alta Vista", "currYrETFFY", "Curr Year"),
    ("FYPREV", "Alta Vista", "prevYrETFFY", "Prev Year"),
    ("FY2PREV", "Alta Vista", "2yrsPrevYrETFFY", "Two Years Ago"),
    ("FYNEXT", "Alta Vista", "nextYrETFFY", "Next Year"),
    ("LIPPER", "Lipper", "lf", "Lipper"),
    ("ESG", "ESG", "esg", "ESG"),
    ("MSOWN", "Ownership", "ms", "Morningstar"),
    ("REUT", "Fundamentals", "reut", "Reuters"),
)
_FIGURES = (
    "Assets",
    "BVPerShare",
    "DPS",
    "DividendYield",
    "EPS",
    "NetMargin",
    "PriceToBookValue",
    "PriceToCashFlow",
    "PriceToEarnings",
    "PriceToGrowth",
    "PriceToSales",
    "RoE",
    "SPSGrowth",
    "SPS",
    "SharesOut",
    "Turnover",
    "Expense",
    "Beta",
    "Concentration",
    "Duration",
    "Coverage",
    "Leverage",
    "Momentum",
    "Volatility",
    "Rank",
    "Score",
    "Change1m",
)
_COMBOS = (
    ("STKTYPE", "Fundamentals", (("stkTypes", "Stock Type"),), ("inc:CORP=Corporation|inc:ADR=ADR|inc:ETF=ETF|"
     "inc:REIT=REIT|inc:CEF=Closed-End Fund|exc:CORP=No Corporation|exc:ADR=No ADR|exc:ETF=No ETF|exc:REIT=No REIT|"
     "exc:CEF=No Closed-End Fund")),
    ("MOODY", "Ratings", (("moodyRatingAbove", "Moody Rating Above"), ("moodyRatingBelow", "Moody Rating Below")),
     "AAA=AAA|AA1=AA1|AA2=AA2|AA3=AA3|A1=A1|A2=A2|A3=A3|BAA1=BAA1|BAA2=BAA2|BAA3=BAA3|BA1=BA1|NR=Not Rated"),
    ("SP", "Ratings", (("spRatingAbove", "S&P Rating Above"), ("spRatingBelow", "S&P Rating Below")),
     "AAA=AAA|AA+=AA+|AA=AA|AA-=AA-|A+=A+|A=A|A-=A-|BBB+=BBB+|BBB=BBB|BBB-=BBB-|BB+=BB+|NR=Not Rated"),
    ("INDUSTRY", "Fundamentals", (("industryLike", "Industry"),), ("Technology=Technology|Financial=Financial|"
     "Energy=Energy|Communications=Communications|Industrial=Industrial|Basic Materials=Basic Materials")),
)  # fmt: skip
_FLAGS = (
    ("HASOPTIONS", "Options", "hasOptionsIs", "Has Options"),
    ("HALTEDIS", "Prices", "haltedIs", "Halted"),
    ("CONVERTIBLE", "Bonds", "bondConvertibleIs", "Convertible"),
    ("CALLABLE", "Bonds", "bondCallableIs", "Callable"),
)


def _bounds() -> Iterator[Bound]:
    for line in _RANGES.split("|"):
        ident, category, kind, code, name = line.split(" ", 4)
        yield Bound(ident, category, kind, _ends(code, name))
    for ident, category, prefix, name in _MORE:
        for figure in _FIGURES:
            fields = _ends(f"{prefix}{figure}", f"{name} {figure}")
            yield Bound(f"{ident}{figure.upper()}", category, "Double", fields)
    for ident, category, fields, choices in _COMBOS:
        yield Bound(ident, category, "Combo", fields, tuple(_pairs(choices)))
    for ident, category, code, name in _FLAGS:
        yield Bound(ident, category, "Boolean", ((code, name),))


def _ends(code: str, name: str) -> tuple[tuple[str, str], ...]:
    million = "1e6" if code.endswith("1e6") else ""
    base = code.removesuffix("1e6")
    return (f"{base}Above{million}", f"{name} Above"), (f"{base}Below{million}", f"{name} Below")


CODES = {one.code: one for one in _codes()}
BOUNDS = tuple(_bounds())
BY_FIELD = {code: bound for bound in BOUNDS for code, _ in bound.fields}
