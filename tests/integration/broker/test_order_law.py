"""
Random taps, edits, fills, rejections, lost links and kills over the real library and the simulated TWS.

The same law as in `tests/unit/trading/test_order_law.py`, on the wire: never more than one order for a leg, never one
without its Confirm, and in the end what the bot says of each order is what TWS knows of it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.tws import Mishap
from tests.integration.broker.play import Wire, WirePlay
from trading.limits import TradingState

LINES = (
    "buy 10 AAPL 199.5",
    "sell 10 AAPL market",
    "buy 10 AAPL 199.5 tp 210 sl 190",
    "buy 10 AAPL market tp 210 sl 190",
    "sell 10 AAPL 210 oco stop 190",
    "sell 5 AAPL trail 2%",
)
ORDER = st.tuples(st.just("order"), st.sampled_from(LINES))
MISHAP = st.tuples(st.just("mishap"), st.tuples(st.integers(0, 2), st.sampled_from(Mishap)))
PRICE = st.tuples(st.just("price"), st.sampled_from([200.0, 199.4, 200.3, 211.0, 189.0]))
STEPS = st.one_of(
    ORDER,
    ORDER,
    ORDER,
    ORDER,
    MISHAP,
    MISHAP,
    PRICE,
    PRICE,
    st.tuples(st.just("order_list"), st.lists(st.sampled_from(LINES[:2]), min_size=2, max_size=3)),
    st.tuples(st.just("confirm"), st.none()),
    st.tuples(st.just("change"), st.sampled_from(["199", "198"])),
    st.tuples(st.just("withdraw"), st.integers(0, 3)),
    st.tuples(st.just("partly"), st.sampled_from([3, 7])),
    st.tuples(st.just("state"), st.sampled_from([TradingState.ACTIVE, *TradingState])),
    st.tuples(st.just("rejects"), st.sampled_from([201, 110])),
    st.tuples(st.just("cancel_in_tws"), st.integers(0, 9)),
    st.tuples(st.just("tws_restarts"), st.none()),
    st.tuples(st.just("drop"), st.none()),
    st.tuples(st.just("restart"), st.none()),
)
_WITHIN_S = 30.0


# To shrink a play that fails would take longer than to read it.
@settings(max_examples=12, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=6, max_size=14))
async def test_whatever_happens_the_bot_and_tws_agree_in_the_end(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        async with WirePlay(Path(folder), Wire()).open() as play:
            for step, value in steps:
                await play.play(step, value)
            await play.end(_WITHIN_S)
