"""The scanner parameters document: what is read of it, and what is refused."""

import pytest

from broker.scan_parameters import ParameterReader, UnreadableParametersError
from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

PLAIN = """<?xml version="1.0" encoding="UTF-8"?>
<ScanParameterResponse>
<InstrumentList varName="instrumentList">
<Instrument><name>US Stocks</name><type>STK</type><filters>PRICE, VOLUME</filters><secType>STK</secType></Instrument>
</InstrumentList>
<InstrumentList varName="fullInstrumentList">
<Instrument><name>Stocks</name><type>STK</type><filters>PRICE,RATING</filters></Instrument>
<Instrument><type>FUT.US</type></Instrument>
<Instrument><name>Global Stocks</name><type>Global</type></Instrument>
<Instrument><name>Nothing</name></Instrument>
</InstrumentList>
<LocationTree varName="locationTree">
<Location><displayName>US Stocks</displayName><locationCode>STK.US</locationCode><instruments>STK</instruments>
<LocationTree varName="locationTree">
<Location><displayName>Listed &amp; NASDAQ</displayName><locationCode>STK.US.MAJOR</locationCode>
<instruments>STK,ETF</instruments>
<LocationTree><Location><locationCode>STK.NYSE</locationCode><displayName>None</displayName></Location></LocationTree>
</Location>
<Location><displayName>Nameless</displayName><LocationTree><Location><locationCode>STK.ODD</locationCode></Location>
</LocationTree></Location>
</LocationTree></Location>
<Location><locationCode>FUT.US</locationCode><instruments>FUT.US</instruments></Location>
</LocationTree>
<ScanTypeList varName="scanTypeList">
<ScanType><scanCode>TOP</scanCode><instruments>STK,FUT.US</instruments>
<Columns varName="columns"><Column><colId>1</colId><displayName>Last</displayName><name>Last</name></Column></Columns>
<searchName>Top of all</searchName><access>allowed</access></ScanType>
<ScanType><displayName>Off</displayName><scanCode>OFF</scanCode><access>disabled</access></ScanType>
<ScanType><displayName>Again</displayName><scanCode>TOP</scanCode><instruments>IND.US</instruments></ScanType>
<ScanType><displayName>No code</displayName></ScanType>
<Unheard><scanCode>ODD</scanCode></Unheard>
</ScanTypeList>
<FilterList varName="filterList">
<RangeFilter><id>PRICE</id><category>Prices</category><histogram>yes</histogram>
<AbstractField type="scanner.filter.DoubleField" varName="min"><code>priceAbove</code>
<displayName>Price Above</displayName></AbstractField>
<AbstractField type="scanner.filter.DoubleField" varName="max"><code>priceBelow</code></AbstractField></RangeFilter>
<SimpleFilter><id>RATING</id><AbstractField type="scanner.filter.ComboField" varName="field"><code>ratingIs</code>
<displayName>Rating</displayName><ComboValues varName="comboValues">
<ComboValue><code>AAA</code><displayName>Best</displayName></ComboValue><ComboValue><code>NR</code></ComboValue>
</ComboValues></AbstractField></SimpleFilter>
<SimpleFilter><id>KINDS</id>
<AbstractField type="scanner.filter.IntField"><code>a</code></AbstractField>
<AbstractField type="scanner.filter.DateField"><code>b</code></AbstractField>
<AbstractField type="scanner.filter.BooleanField"><code>c</code></AbstractField>
<AbstractField type="scanner.filter.SomethingNew"><code>d</code></AbstractField>
<AbstractField><code>e</code></AbstractField>
<AbstractField type="scanner.filter.IntField"><displayName>no code</displayName></AbstractField>
</SimpleFilter>
<TripleComboFilter><id>INDUSTRY</id><TripleComboField><code>industry</code></TripleComboField></TripleComboFilter>
</FilterList>
<FilterList varName="uiFilters"><RangeFilter><id>OTHER</id>
<AbstractField type="scanner.filter.IntField"><code>priceAbove</code></AbstractField></RangeFilter></FilterList>
<ScannerLayoutList><ScannerLayout><instrument>STK</instrument></ScannerLayout></ScannerLayoutList>
</ScanParameterResponse>
"""
STOCKS = frozenset({"STK"})


def read(text: str, piece: int = 1_000) -> ScanCatalogue:
    reader = ParameterReader()
    for start in range(0, len(text), piece):
        reader.feed(text[start : start + piece])
    return reader.catalogue()


def test_all_that_matters_is_read_and_the_rest_passed_over() -> None:
    found = read(PLAIN)
    assert found.universes == (
        ScanUniverse("STK", "US Stocks", frozenset({"PRICE", "VOLUME", "RATING"})),
        ScanUniverse("FUT.US", "FUT.US", frozenset()),
    )
    assert found.locations == (
        ScanLocation("STK.US", "US Stocks", STOCKS),
        ScanLocation("STK.US.MAJOR", "Listed & NASDAQ", frozenset({"STK", "ETF"}), "STK.US"),
        ScanLocation("STK.NYSE", "STK.NYSE", frozenset(), "STK.US.MAJOR"),
        ScanLocation("STK.ODD", "STK.ODD", frozenset(), "STK.US"),
        ScanLocation("FUT.US", "FUT.US", frozenset({"FUT.US"})),
    )
    assert found.types == (ScanType("TOP", "Top of all", frozenset({"STK", "FUT.US", "IND.US"})),)
    assert found.filters[:3] == (
        ScanFilter("priceAbove", "Price Above", "number", "PRICE", "Prices"),
        ScanFilter("priceBelow", "priceBelow", "number", "PRICE", "Prices"),
        ScanFilter("ratingIs", "Rating", "choice", "RATING", choices=(("AAA", "Best"), ("NR", "NR"))),
    )
    assert [(one.code, one.kind) for one in found.filters[3:]] == [
        ("a", "integer"), ("b", "date"), ("c", "flag"), ("d", "text"), ("e", "text"),
    ]  # fmt: skip


def test_it_does_not_matter_where_it_is_cut() -> None:
    assert all(read(PLAIN, piece) == read(PLAIN) for piece in (1, 7, 64))


def test_a_document_in_the_tongue_of_its_login_is_read() -> None:
    text = PLAIN.replace("Price Above", "Prix supérieur à 价格")
    assert read(text).filters[0].name == "Prix supérieur à 价格"


BOMB = (
    '<!DOCTYPE ScanParameterResponse [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><ScanParameterResponse><ScanTypeList><ScanType><scanCode>&i;</scanCode></ScanType></ScanTypeList>"
    + "</ScanParameterResponse>"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/hostname"><ScanParameterResponse/>', "document type"),
        ("<html><body>Busy</body></html>", "<html> is no ScanParameterResponse"),
        ("", "no element found"),
        ("Busy", "syntax error"),
        (PLAIN[:-40], "unclosed token"),
        (PLAIN.replace("</InstrumentList>", "", 1), "mismatched tag"),
        ("<ScanParameterResponse>&unknown;</ScanParameterResponse>", "undefined entity"),
        ("<ScanParameterResponse>" + "<a>" * 200, "elements deep"),
        # What a gateway says that has just started.
        ("<ScanParameterResponse/>", "it names no scans"),
        (PLAIN.replace("locationCode", "locationName"), "it names no places"),
    ],
)
def test_what_is_no_such_document_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UnreadableParametersError) as caught:
        read(text)
    assert reason in caught.value.reason


def test_a_document_without_end_is_refused() -> None:
    reader = ParameterReader()
    reader.feed("<ScanParameterResponse>")
    piece = " " * 1_000_000

    def fed() -> None:
        for _ in range(100):
            reader.feed(piece)

    with pytest.raises(UnreadableParametersError, match="more than"):
        fed()
