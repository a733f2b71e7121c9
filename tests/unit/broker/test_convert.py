"""Sentinels die in convert."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import convert
from broker.library import Contract
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.quote import TickField

UNSET = 1.7976931348623157e308


@given(st.floats(), st.floats(), st.booleans())
def test_a_price_is_finite_and_below_zero_only_where_that_can_be(value: float, size: float, negative: bool) -> None:
    made = convert.price(value, size, negative=negative)
    assert made is None or -1e300 < made < 1e300
    if made is not None and not negative:
        assert made > 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), UNSET, -UNSET, 1.79e308, -1.0, 0.0])
def test_what_ib_means_as_nothing_is_none(value: float) -> None:
    assert convert.price(value, 0.0) is None
    assert convert.price(value, 0.0, negative=True) is None


def test_a_price_below_zero_is_real_for_a_future() -> None:
    assert convert.price(-37.63, 0.0, negative=True) == -37.63
    assert convert.price(-1.0, 5.0, negative=True) == -1.0
    assert convert.price(0.0, 5.0, negative=True) == 0.0
    assert convert.price(-37.63, 5.0) is None
    assert convert.may_be_negative(SecType.FUTURE)
    assert convert.may_be_negative(SecType.COMBO)
    assert not convert.may_be_negative(SecType.OPTION)


@pytest.mark.parametrize("value", ["", None, "nan", "Infinity", str(UNSET), "1.7976931348623157E308", UNSET, "?"])
def test_an_amount_that_is_none(value: str | float | None) -> None:
    assert convert.money(value) is None
    assert convert.quantity(value) == 0


@pytest.mark.parametrize(
    ("value", "text"), [(10.0, "10"), ("10.0", "10"), (0.5, "0.5"), ("1E3", "1000"), (100.0, "100"), (-20.0, "-20")]
)
def test_a_quantity_has_no_trailing_zeros(value: str | float, text: str) -> None:
    assert str(convert.quantity(value)) == text


def test_an_unset_integer_is_no_quantity() -> None:
    assert convert.quantity(2147483647) == 0


def test_what_goes_out_is_whole_where_it_can_be() -> None:
    assert repr(convert.number(Decimal("10.0"))) == "10"
    assert repr(convert.number(Decimal("0.25"))) == "0.25"


@pytest.mark.parametrize("right", ["0", "?", ""])
def test_a_shares_right_in_real_frames_is_none(right: str) -> None:
    made = convert.instrument(
        Contract(secType="STK", conId=1, symbol="A", right=right, strike=0.0, multiplier="0", primaryExchange="NYSE"),
        smart=True,
    )
    assert made is not None
    assert (made.right, made.strike, made.multiplier, made.exchange) == ("", 0.0, "", "SMART")


def test_an_options_right_and_expiry_are_short() -> None:
    made = convert.instrument(
        Contract(
            secType="OPT",
            conId=1,
            symbol="SPY",
            right="CALL",
            strike=600.0,
            lastTradeDateOrContractMonth="20261218 15:00",
        )
    )
    assert made is not None
    assert made.label == "SPY 20261218 C600"


def test_a_kind_nobody_knows_is_none() -> None:
    assert convert.instrument(Contract(secType="XYZ", conId=1)) is None


def test_a_contract_and_back_is_the_same_instrument() -> None:
    one = Instrument(
        5, "ES", SecType.FUTURE, "CME", "", "USD", "ESZ6", "ES", expiry="20261218", multiplier="50", min_tick=0.01
    )
    back = convert.instrument(convert.contract(one))
    assert back is not None
    assert [getattr(back, name) for name in Instrument.__slots__] == [
        getattr(one, name) for name in Instrument.__slots__
    ]


def test_a_combo_goes_out_as_its_legs_and_comes_back_as_itself() -> None:
    legs = (ComboLeg(7, 1, "BUY"), ComboLeg(9, 2, "SELL"))
    one = Instrument(combo_id(legs), "SPY", SecType.COMBO, local_symbol="SPY 20261218 C600/C610", legs=legs)
    made = convert.contract(one)
    assert (made.secType, made.conId, made.symbol, made.exchange, made.currency) == ("BAG", 0, "SPY", "SMART", "USD")
    assert [(leg.conId, leg.ratio, leg.action, leg.exchange) for leg in made.comboLegs] == [
        (7, 1, "BUY", "SMART"),
        (9, 2, "SELL", "SMART"),
    ]
    assert made.localSymbol == made.tradingClass == made.lastTradeDateOrContractMonth == ""
    back = convert.instrument(made)
    assert back is not None
    assert (back, back.legs, back.label) == (one, legs, "SPY combo")


def test_a_combo_whose_legs_a_frame_leaves_out_has_the_id_that_tws_gives_all_of_them() -> None:
    back = convert.instrument(Contract(secType="BAG", conId=28812380, symbol="SPY", exchange="SMART", currency="USD"))
    assert back is not None
    assert (back.con_id, back.legs) == (28812380, ())


def test_each_contract_is_an_object_of_its_own() -> None:
    one = Instrument(5, "AAPL")
    assert convert.contract(one) is not convert.contract(one)


def test_a_bar_without_trades_has_no_volume() -> None:
    made = convert.bar(SimpleNamespace(date=date(2026, 11, 20), open=1.0, high=2.0, low=0.5, close=1.5, volume=-1))
    assert made is not None
    assert made.volume == 0
    assert made.start == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_bar_without_a_price_is_no_bar() -> None:
    data = SimpleNamespace(date=date(2026, 11, 20), open=1.0, high=-1.0, low=0.5, close=1.5, volume=1)
    assert convert.bar(data) is None


def test_times_come_out_aware() -> None:
    assert convert.moment(datetime(2026, 11, 20, 15, 0)).tzinfo is UTC  # noqa: DTZ001  the library's are naive
    assert convert.epoch(1711648800) == convert.epoch(1711648800000) == datetime(2024, 3, 28, 18, 0, tzinfo=UTC)
    assert convert.epoch(0) is None
    assert convert.epoch(float("nan")) is None


def test_what_has_no_trades_is_shown_by_its_middle() -> None:
    assert convert.what_to_show(SecType.FOREX) == "MIDPOINT"
    assert convert.what_to_show(SecType.COMBO) == "MIDPOINT"
    assert convert.what_to_show(SecType.STOCK) == "TRADES"
    assert convert.what_to_show(SecType.CRYPTO) == "AGGTRADES"


@given(st.lists(st.floats() | st.sampled_from([-1.0, -2.0, UNSET]), min_size=8, max_size=8))
def test_an_options_value_is_finite_and_where_such_a_value_can_be(model: list[float]) -> None:
    found = dict(convert.greeks(*model))
    assert all(-convert.ABSURD < value < convert.ABSURD for value in found.values())
    assert found.get(TickField.IV, 1.0) > 0
    assert -1 <= found.get(TickField.DELTA, 0.0) <= 1
    assert min(found.get(TickField.GAMMA, 0.0), found.get(TickField.VEGA, 0.0)) >= 0


def test_a_model_that_was_computed_is_told_whole() -> None:
    found = dict(convert.greeks(0.25, -0.4, 3.1, 0.0, 0.02, 0.3, -2.0, 570.0))
    assert found == {
        TickField.IV: 0.25,
        TickField.DELTA: -0.4,
        TickField.GAMMA: 0.02,
        TickField.VEGA: 0.3,
        TickField.THETA: -2.0,
    }
    assert convert.greeks(-1.0, -2.0, -1.0, -1.0, -2.0, -2.0, -2.0, -1.0) == []
