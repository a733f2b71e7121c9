"""
Where the simulated scanner can look: kinds of instruments, and locations inside of each other.

Codes as real documents of scanner parameters have them (public logs and clients that list them); IBKR publishes none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of instruments: IBKR's *code* (STOCK.EU), its *name*, the contracts' *sec_type*, its *group* of kinds."""

    code: str
    name: str
    sec_type: str
    group: str


@dataclass(frozen=True, slots=True)
class Place:
    """
    A location: its *code*, *name* and the kind of instruments there (*kind*).

    *exchange* is what contracts are listed on there, "" for a place that is made of the *inner* ones alone. A place
    that is not *is_open* is in the document, and a scan of it is refused all the same.
    """

    code: str
    name: str
    kind: str
    exchange: str = ""
    inner: tuple["Place", ...] = field(default=())
    is_open: bool = True

    def all(self) -> Iterator["Place"]:
        """Yield the place and all inside of it."""
        yield self
        for place in self.inner:
            yield from place.all()

    @property
    def exchanges(self) -> frozenset[str]:
        """All exchanges here."""
        return frozenset(place.exchange for place in self.all() if place.exchange)


KINDS = tuple(
    Kind(*line.split("|"))
    for line in """\
STK|US Stocks|STK|STK.GLOBAL
ETF.EQ.US|US Equity ETFs|STK|ETF.GLOBAL
ETF.FI.US|US Fixed Income ETFs|STK|ETF.GLOBAL
FUT.US|US Futures|FUT|FUT.GLOBAL
IND.US|US Indexes|IND|IND.GLOBAL
SLB.US|US SBLs|SLB|SLB.PARENT
BOND|Corporate Bonds|BOND|BOND.GLOBAL
BOND.CD|US CDs|BOND|BOND.GLOBAL
BOND.AGNCY|US Agency Bonds|BOND|BOND.GLOBAL
BOND.GOVT|US Treasuries|BOND|BOND.GLOBAL
BOND.MUNI|US Municipal Bonds|BOND|BOND.GLOBAL
BOND.GOVT.NON-US|Non-US Sovereign Bonds|BOND|BOND.GLOBAL
FUND.ALL|Mutual Funds|FUND|FUND.PARENT
STOCK.NA|America Non-US Stocks|STK|STK.GLOBAL
FUT.NA|America Non-US Futures|FUT|FUT.GLOBAL
SSF.NA|America Non-US SSFs|FUT|SSF.GLOBAL
STOCK.EU|Europe Stocks|STK|STK.GLOBAL
FUT.EU|Europe Futures|FUT|FUT.GLOBAL
IND.EU|Europe Indexes|IND|IND.GLOBAL
SSF.EU|Europe SSFs|FUT|SSF.GLOBAL
STOCK.ME|Mid-East Stocks|STK|STK.GLOBAL
STOCK.HK|Asia Stocks|STK|STK.GLOBAL
FUT.HK|Asia Futures|FUT|FUT.GLOBAL
IND.HK|Asia Indexes|IND|IND.GLOBAL
SSF.HK|Asia SSFs|FUT|SSF.GLOBAL
NATCOMB|Native Combos|BAG|NATCOMB.PARENT
OPT.US|US Options|OPT|OPT.GLOBAL
OPT.EU|Europe Options|OPT|OPT.GLOBAL
OPT.HK|Asia Options|OPT|OPT.GLOBAL
WAR.EU|Europe Warrants|WAR|WAR.GLOBAL""".splitlines()
)
# Names of the full list alone that stand for several kinds; no scan can be asked over them.
GLOBAL_NAMES = ("Global Stocks", "Global Futures", "Global Indexes", "Global SSFs")


def _all(kind: str, prefix: str, listed: str) -> tuple[Place, ...]:
    """Return the places of *kind* in *listed*, "code=Name" each: the exchange is the code's last part."""
    found = []
    for entry in listed.split(", "):
        code, _, name = entry.partition("=")
        found.append(Place(f"{prefix}.{code}", name or code, kind, code.rpartition(".")[2]))
    return tuple(found)


_NASDAQ = (
    Place("STK.NASDAQ.NMS", "NASDAQ NMS", "STK", "NASDAQ"),
    Place("STK.NASDAQ.SCM", "NASDAQ SCM", "STK", "NASDAQ.SCM"),
)
_LISTED = (
    Place("STK.NYSE", "NYSE", "STK", "NYSE"),
    Place("STK.AMEX", "AMEX", "STK", "AMEX"),
    Place("STK.ARCA", "ARCA", "STK", "ARCA"),
    Place("STK.NASDAQ", "NASDAQ", "STK", "NASDAQ", _NASDAQ),
    Place("STK.BATS", "BATS", "STK", "BATS"),
)
_US_STOCKS = (
    Place("STK.US.MAJOR", "Listed/NASDAQ", "STK", inner=_LISTED),
    Place("STK.US.MINOR", "OTC Markets", "STK", inner=_all("STK", "STK", "PINK=Pink Sheets, OTCBB=OTC BB")),
)
_EUROPE_STOCKS = (
    "AEB=Netherlands (AEB), BM=Spain (BM), BUX=Hungary (BUX), BVL=Portugal (BVL), BVME=Italy (BVME), "
    "BVME.ETF=Italy (ETFplus), CPH=Denmark (CPH), EBS=Switzerland (EBS), ENEXT.BE=Belgium (ENEXT.BE), "
    "FWB=Germany (Frankfurt), GETTEX=Germany (gettex), HEX=Finland (HEX), IBIS=Germany (IBIS), "
    "IBIS-ETF=Germany (Xetra ETF), IBIS-EUSTARS=Germany (European Stars), IBIS-NEWX=Germany (Newex), "
    "IBIS-USSTARS=Germany (US Stars), IBIS-XETRA=Germany (Xetra), LSE=United Kingdom (LSE), LSEETF=UK (LSE ETF), "
    "N.RIGA=Latvia, N.TALLINN=Estonia, N.VILNIUS=Lithuania, OSE=Norway (OSE), PRA=Czechia (PRA), SBF=France (SBF), "
    "SBVM=Portugal (SBVM), SFB=Sweden (SFB), SWB=Germany (Stuttgart), SWISS=Switzerland (SWX), TGATE=Tradegate, "
    "VIRTX=Switzerland (VIRT-X), VSE=Austria (VSE), WSE=Poland (WSE)"
)
_FUTURES_US = (
    "CME=CME, CBOT=CBOT, NYMEX=NYMEX, COMEX=COMEX, CFE=CFE, GLOBEX=GLOBEX, ECBOT=ECBOT, IPE=ICE Europe, "
    "ENDEX=ICE Endex, NYBOT=ICE US, NYSELIFFE=NYSE Liffe, ICECRYPTO=ICE Crypto, ONE=OneChicago, SMFE=Small Exchange"
)
_FUTURES_EU = (
    "BELFOX=Belgium, DTB=Germany (Eurex), ENDEX=ICE Endex, EUREX=Eurex, FTA=Netherlands, ICEEU=ICE Europe, IDEM=Italy, "
    "LIFFE=UK (LIFFE), LMEOTC=UK (LME), MEFFRV=Spain, MONEP=France, OMS=Sweden, SOFFEX=Switzerland, WSE=Poland, "
    "BUX=Hungary, OSEDERIV=Norway"
)
_ASIA = (
    "ASX=Australia (ASX), BURSA=Malaysia (Bursa), CHINEXT=China (ChiNext), HKFE=Hong Kong (HKFE), KRX=Korea (KRX), "
    "KSE=Korea (KSE), NSE=India (NSE), OSE.JPN=Japan (Osaka), SEHK=Hong Kong (SEHK), SEHKNTL=Shanghai Connect, "
    "SEHKSTAR=Shanghai STAR, SEHKSZSE=Shenzhen Connect, SGX=Singapore (SGX), SNFE=Australia (SNFE), "
    "TPEX=Taiwan (TPEX), TSE_JPN=Japan (Tokyo), TWSE=Taiwan (TWSE), JPNNEXT=Japan (JPNNEXT)"
)


def _region(code: str, name: str, kind: str, prefix: str, listed: str, *, is_open: bool = True) -> Place:
    return Place(code, name, kind, inner=_all(kind, prefix, listed), is_open=is_open)


PLACES: tuple[Place, ...] = (
    Place("STK.US", "US Stocks", "STK", inner=_US_STOCKS),
    Place(
        "ETF.EQ.US", "US Equity ETFs", "ETF.EQ.US", is_open=False,
        inner=(
            _region("ETF.EQ.US.MAJOR", "Listed/NASDAQ", "ETF.EQ.US", "ETF.EQ",
                    "ARCA=ARCA, NASDAQ.NMS=NASDAQ NMS, BATS=BATS, NYSE=NYSE, AMEX=AMEX"),
        ),
    ),
    Place(
        "ETF.FI.US", "US Fixed Income ETFs", "ETF.FI.US", is_open=False,
        inner=(
            _region("ETF.FI.US.MAJOR", "Listed/NASDAQ", "ETF.FI.US", "ETF.FI",
                    "ARCA=ARCA, NASDAQ.NMS=NASDAQ NMS, BATS=BATS, NYSE=NYSE"),
        ),
    ),
    _region("FUT.US", "US Futures", "FUT.US", "FUT", _FUTURES_US),
    _region("IND.US", "US Indexes", "IND.US", "IND.US", "CBOE=CBOE, NASDAQ=NASDAQ, NYSE=NYSE, AMEX=AMEX, CME=CME"),
    _region("SLB.US", "US SBLs", "SLB.US", "SLB", "AQS=AQS, PREBORROW=Pre-Borrow"),
    _region("BOND.US", "US Bonds", "BOND", "BOND.US", "NYSE=NYSE Bonds, TRADEWEB=Tradeweb, BONDDESK=BondDesk"),
    _region("BOND.CD.US", "US CDs", "BOND.CD", "BOND.CD.US", "BONDDESK=BondDesk, ICBX=ICBX"),
    _region("BOND.AGNCY.US", "US Agencies", "BOND.AGNCY", "BOND.AGNCY.US", "TRADEWEB=Tradeweb, ICBX=ICBX"),
    _region("BOND.GOVT.US", "US Treasuries", "BOND.GOVT", "BOND.GOVT.US", "TRADEWEB=Tradeweb, BTIQ=BTIQ"),
    _region("BOND.MUNI.US", "US Municipals", "BOND.MUNI", "BOND.MUNI.US", "TRADEWEB=Tradeweb, TMC=TMC"),
    _region("BOND.GOVT.EU", "Non-US Sovereigns", "BOND.GOVT.NON-US",
            "BOND.GOVT.EU", "EUBOND=EUBOND, TRADEWEB=Tradeweb"),
    Place("FUND.ALL", "Mutual Funds", "FUND.ALL", "FUNDSERV"),
    _region("STK.NA", "America Non-US Stocks", "STOCK.NA", "STK.NA",
            "CANADA=Canada, TSE=Canada (TSX), VENTURE=Canada (Venture), PURE=Canada (Pure), NEOE=Canada (NEO), "
            "MEXI=Mexico (MEXI), AEQLIT=Canada (Aequitas), CHIXCA=Canada (Chi-X)"),
    _region("FUT.NA", "America Non-US Futures", "FUT.NA", "FUT.NA", "CDE=Canada (CDE), MEXDER=Mexico (MEXDER)"),
    _region("SSF.NA", "America Non-US SSFs", "SSF.NA", "SSF.NA", "MEXDER=Mexico (MEXDER)"),
    _region("STK.EU", "Europe Stocks", "STOCK.EU", "STK.EU", _EUROPE_STOCKS, is_open=False),
    _region("FUT.EU", "Europe Futures", "FUT.EU", "FUT.EU", _FUTURES_EU),
    _region("IND.EU", "Europe Indexes", "IND.EU", "IND.EU", _FUTURES_EU),
    _region("SSF.EU", "Europe SSFs", "SSF.EU",
            "SSF.EU", "DTB=Germany, IDEM=Italy, MEFFRV=Spain, EUREX=Eurex, WSE=Poland"),
    _region("STK.ME", "Mid-East Stocks", "STOCK.ME",
            "STK.ME", "TADAWUL=Saudi Arabia, TASE=Israel, ADX=Abu Dhabi, DFM=Dubai"),
    _region("STK.HK", "Asia Stocks", "STOCK.HK", "STK.HK", _ASIA),
    _region("FUT.HK", "Asia Futures", "FUT.HK", "FUT.HK", _ASIA),
    _region("IND.HK", "Asia Indexes", "IND.HK", "IND.HK", _ASIA),
    _region("SSF.HK", "Asia SSFs", "SSF.HK", "SSF.HK", "HKFE=Hong Kong, KSE=Korea, NSE=India, SGX=Singapore"),
    _region("NATCOMB", "Native Combos", "NATCOMB",
            "NATCOMB", "CME=CME, CBOT=CBOT, NYMEX=NYMEX, COMEX=COMEX, IPE=ICE"),
    _region("OPT.US", "US Options", "OPT.US", "OPT",
            "AMEX=AMEX, BATS=BATS, BOX=BOX, CBOE=CBOE, CBOE2=CBOE2, EDGX=EDGX, EMERALD=MIAX Emerald, "
            "GEMINI=ISE Gemini, ISE=ISE, MERCURY=ISE Mercury, MIAX=MIAX, NASDAQBX=NASDAQ BX, NASDAQOM=NASDAQ, "
            "PEARL=MIAX Pearl, PHLX=PHLX, PSE=NYSE Arca"),
    _region("OPT.EU", "Europe Options", "OPT.EU", "OPT.EU", _FUTURES_EU),
    _region("OPT.HK", "Asia Options", "OPT.HK",
            "OPT.HK", "HKFE=Hong Kong, KSE=Korea, NSE=India, OSE.JPN=Japan, SNFE=Australia"),
    _region("WAR.EU", "Europe Warrants", "WAR.EU", "WAR.EU", "ALL=All, FWB=Frankfurt, SWB=Stuttgart, EBS=Switzerland"),
)  # fmt: skip
BY_CODE = {place.code: place for root in PLACES for place in root.all()}
