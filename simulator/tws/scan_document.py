"""
The scanner parameters document, as large as a real gateway's: 1.7 MB in one frame.

Its shape is that of real documents as public clients read them: two lists of instruments, locations inside of each
other, scan types with the columns TWS shows, settings, two lists of filters, and what only TWS's own windows use
(layouts, templates), which also fills it up to the size of a real one.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count
from xml.sax.saxutils import escape

from simulator.tws.scan_codes import BOUNDS, CODES, Bound, Code
from simulator.tws.scan_places import GLOBAL_NAMES, KINDS, PLACES, Kind, Place

_SIZE = 1_700_000
_COLUMNS = ("Last", "Change", "Change (%)", "Volume", "Bid", "Ask", "Market Cap", "Avg Volume", "52-Week High", "P/E")
_NO_LIMIT = 2_147_483_647
# Ids of the market data subscriptions that a location outside the United States takes.
_TAKES = "restricted;s=1321;s=180;s=6666"


@cache
def parameters() -> str:
    """Return the document."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ScanParameterResponse>\n'
        + _list("InstrumentList", "instrumentList", map(_instrument, KINDS))
        + _list("InstrumentList", "fullInstrumentList", (*map(_instrument, KINDS), *map(_global, GLOBAL_NAMES)))
        + _list("LocationTree", "locationTree", map(_location, PLACES))
        + _list("ScanTypeList", "scanTypeList", map(_scan, CODES.values()))
        + _list("SettingList", "settingList", [_setting()])
        + _list("FilterList", "filterList", map(_filter, BOUNDS))
        + _list("ScannerLayoutList", "scannerLayoutList", map(_layout, KINDS))
        + _list("FilterList", "uiFilters", [*map(_filter, BOUNDS), _triple(), _theme()])
    )
    tail = "</ScanParameterResponse>\n"
    missing = _SIZE - len(head) - len(tail) - len(_list("SidecarScannerTemplateList", "scannerTemplateList", ()))
    return head + _list("SidecarScannerTemplateList", "scannerTemplateList", _templates(missing)) + tail


def _list(tag: str, name: str, entries: Iterable[str]) -> str:
    return f'<{tag} varName="{name}">\n{"".join(entries)}</{tag}>\n'


def _texts(**texts: object) -> str:
    return "".join(f"<{tag}>{escape(str(text))}</{tag}>\n" for tag, text in texts.items())


def _instrument(kind: Kind) -> str:
    texts = _texts(
        name=kind.name,
        type=kind.code,
        filters=",".join(_filters_of(kind)),
        secType=kind.sec_type,
        nscanSecType=kind.sec_type,
        group=kind.group,
        shortName=kind.name.rpartition(" ")[0] or kind.name,
        cloudScanNotSupported="false",
        featureCodes="",
    )
    return f"<Instrument>\n{texts}</Instrument>\n"


def _filters_of(kind: Kind) -> Iterator[str]:
    is_bond, has_shares = kind.sec_type == "BOND", kind.sec_type == "STK"
    for bound in BOUNDS:
        if bound.category in {"Bonds", "Ratings"}:
            fits = is_bond
        else:
            fits = has_shares or (bound.category in {"Prices", "Volume"} and not is_bond)
        if fits:
            yield bound.ident


def _global(name: str) -> str:
    texts = _texts(name=name, type="Global", filters="PRICE,VOLUME", secType="STK", group="GLOBAL", shortName="Global")
    return f"<Instrument>\n{texts}</Instrument>\n"


def _location(place: Place) -> str:
    texts = _texts(
        displayName=place.name,
        locationCode=place.code,
        instruments=place.kind,
        routeExchange=place.exchange,
        delayedOnly="false",
        access="unrestricted" if ".US" in place.code or place.code.startswith("STK.N") else _TAKES,
    )
    inner = _list("LocationTree", "locationTree", map(_location, place.inner)) if place.inner else ""
    return f"<Location>\n{texts}{inner}</Location>\n"


def _column(tag: str, number: int, name: str, **more: object) -> str:
    return f"<{tag}>\n{_texts(colId=number, name=name, **more)}</{tag}>\n"


def _columns(first: int) -> str:
    shown = "".join(
        _column("Column", first + number, name, display=str(number < len(_COLUMNS) // 2).lower(), section="main")
        for number, name in enumerate(_COLUMNS)
    )
    mobile = "".join(_column("MobileColumn", first + number, name) for number, name in enumerate(_COLUMNS[:3]))
    reference = _column("ColumnSetRef", 0, "PctPerf", display="false", minTwsBuild=9100)
    return _list("Columns", "columns", [reference, shown]) + _list("MobileColumns", "mobileColumns", [mobile])


def _scan(code: Code) -> str:
    head = _texts(
        displayName=code.name,
        scanCode=code.code,
        instruments=",".join(code.kinds),
        absoluteColumns="false",
    )
    tail = _texts(
        supportsSorting="true",
        respSizeLimit=_NO_LIMIT,
        snapshotSizeLimit=_NO_LIMIT,
        searchName=code.name,
        searchDefault="false",
        access="restricted" if code.code.startswith("WSH") else "allowed",
        delayedAvail="yes",
        vendor="Wall Street Horizon" if code.code.startswith("WSH") else "",
    )
    return f"<ScanType>\n{head}{_columns(40)}{tail}</ScanType>\n"


def _setting() -> str:
    return f"<Setting>\n{_texts(settingCode='Annual', name='Annualized volatilities')}</Setting>\n"


def _filter(bound: Bound) -> str:
    head = _texts(id=bound.ident, category=bound.category, histogram="yes", access="unrestricted")
    names = ("min", "max") if len(bound.fields) > 1 else ("field",)
    fields = "".join(_field(bound, name, *field) for name, field in zip(names, bound.fields, strict=True))
    tag = "RangeFilter" if len(bound.fields) > 1 else "SimpleFilter"
    return f"<{tag}>\n{head}{fields}</{tag}>\n"


def _field(bound: Bound, var_name: str, code: str, name: str) -> str:
    head = _texts(varName=var_name, code=code, displayName=name, tooltip=f"{name}: so much", dontAllowClearAll="false")
    choices = "".join(
        f"<ComboValue>\n{_texts(code=value, displayName=label, default='false', syntheticAll='false')}</ComboValue>\n"
        for value, label in bound.choices
    )
    listed = _list("ComboValues", "comboValues", [choices]) if choices else ""
    tail = _texts(acceptNegatives="true", dontAllowNegative="false", skipNotEditableField="true", master="false")
    kind = f"scanner.filter.{bound.type}Field"
    return f'<AbstractField type="{kind}" varName="{var_name}">\n{head}{listed}{tail}</AbstractField>\n'


def _triple() -> str:
    field = (
        f'<TripleComboField varName="field">\n{_texts(code="industry", displayName="Industry")}</TripleComboField>\n'
    )
    return f"<TripleComboFilter>\n{_texts(id='INDUSTRY3', category='Fundamentals')}{field}</TripleComboFilter>\n"


def _theme() -> str:
    return f"<ThemeFilter>\n{_texts(id='THEME', category='Themes')}</ThemeFilter>\n"


def _layout(kind: Kind) -> str:
    special = _list("FilterList", "specialFilters", ())
    return f"<ScannerLayout>\n{_texts(instrument=kind.code)}{special}{_columns(60)}</ScannerLayout>\n"


def _templates(size: int) -> Iterator[str]:
    """Yield templates of TWS's own windows, as many as *size* characters hold."""
    for number in count():
        texts = _texts(name=f"Template {number:04d}", scanCode="TOP_PERC_GAIN", instrument="STK", access="allowed")
        template = f"<SidecarScannerTemplate>\n{texts}{_columns(80)}</SidecarScannerTemplate>\n"
        size -= len(template)
        if size < 0:
            return
        yield template
