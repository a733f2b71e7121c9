import pytest

from market.instrument import ComboLeg, Instrument, SecType, combo_id


@pytest.mark.parametrize(
    ("instrument", "label"),
    [
        (Instrument(1, "AAPL"), "AAPL"),
        (Instrument(1, "BRK B"), "BRK.B"),
        (Instrument(1, "EUR", SecType.FOREX, currency="USD"), "EUR.USD"),
        (Instrument(1, "BTC", SecType.CRYPTO, currency="USD"), "BTC.USD"),
        (Instrument(1, "ES", SecType.FUTURE, expiry="20261218"), "ES 202612"),
        (Instrument(1, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C"), "SPY 20261218 C600"),
        (Instrument(1, "SPY", SecType.OPTION, expiry="20261218", strike=602.5, right="P"), "SPY 20261218 P602.5"),
        (Instrument(1, "SPX", SecType.INDEX), "SPX"),
        (Instrument(-1, "SPY", SecType.COMBO, local_symbol="SPY 20261218 C600/C610"), "SPY 20261218 C600/C610"),
        (Instrument(28812380, "SPY", SecType.COMBO), "SPY combo"),
    ],
)
def test_an_instrument_is_labelled_as_a_user_types_it(instrument: Instrument, label: str) -> None:
    assert instrument.label == label


def test_the_contract_id_alone_decides_equality() -> None:
    assert Instrument(1, "AAPL") == Instrument(1, "AAPL.OLD", exchange="NYSE")
    assert Instrument(1, "AAPL") != Instrument(2, "AAPL")
    assert len({Instrument(1, "AAPL"), Instrument(1, "APPL")}) == 1


@pytest.mark.parametrize(
    ("min_tick", "decimals"), [(0.01, 2), (0.0001, 4), (0.00005, 5), (0.25, 2), (1.0, 2), (0.005, 3), (0.00000001, 8)]
)
def test_a_price_is_written_as_finely_as_it_moves(min_tick: float, decimals: int) -> None:
    assert Instrument(1, "X", min_tick=min_tick).decimals == decimals


def test_a_combos_id_is_made_from_its_legs_in_any_order_and_is_below_zero() -> None:
    bought, sold = ComboLeg(7, 1, "BUY"), ComboLeg(9, 1, "SELL")
    assert combo_id([bought, sold]) == combo_id([sold, bought])
    assert -(2**62) <= combo_id([bought, sold]) < 0
    others = [ComboLeg(7, 1, "SELL"), ComboLeg(9, 1, "BUY")], [ComboLeg(7, 2, "BUY"), sold], [bought], []
    assert len({combo_id([bought, sold]), *(combo_id(legs) for legs in others)}) == 5


def test_a_combos_id_outlasts_the_program() -> None:
    assert combo_id([ComboLeg(7, 1, "BUY"), ComboLeg(9, 1, "SELL")]) == -3059791394396625166
