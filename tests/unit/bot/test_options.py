"""Options by buttons: every screen, every step back, and that a line is all it ever hands on."""

import asyncio
from datetime import date
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.callback_data import BadCallback, Callback, Code, Place, decode, encode
from bot.handlers.chores import Chores
from bot.handlers.forms import LIFETIME, FormsHandler
from bot.handlers.options import QUESTION, OptionsHandler
from bot.option_wizard import OptionRow, OptionWizard, Step, written
from bot.request import Press, TextIn
from bot.views import options as views
from bot.views.message import Message
from market.errors import NoMarketData, UnknownSymbol
from market.option import OptionChain
from market.ticket import format_ticket, parse
from tests.fakes.clock import FakeClock
from tests.fakes.forms import FakeForms
from tests.fakes.golden import check_golden
from tests.fakes.options import CHAIN, SPY, OptionFloor
from tests.fakes.reply import FakeReply
from trading.access import Role
from trading.errors import NotAllowed

ANN, BEN = 222, 444
CALLS = OptionWizard.about(SPY, 600.4).chosen("expiry", "20261218", CHAIN).chosen("right", "C", CHAIN)


class Bench:
    """The wizard in a chat of its own."""

    def __init__(self) -> None:
        self.clock, self.reply, self.forms, self.chores = FakeClock(), FakeReply(), FakeForms(), Chores()
        self.floor = OptionFloor()
        self.lines: list[str] = []
        self.refusal: Exception | None = None
        self._numbers = count(1)
        self.handler = OptionsHandler(
            reply=self.reply,
            forms=self.forms,
            symbols=self.floor,
            quotes=self.floor,
            options=self.floor,
            order=self._order,
            branded=lambda message: message,
            clock=self.clock,
            chores=self.chores,
        )
        self.readers = FormsHandler(
            self.reply, self.forms, self.clock, doers={}, readers={QUESTION: self.handler.answered}
        )

    async def _order(self, request: TextIn, line: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.lines.append(line)

    async def say(self, text: str, *, reply_to: int | None = None) -> None:
        args = text.partition(" ")[2]
        request = TextIn(ANN, ANN, next(self._numbers), Role.TRADER, text, args, self.clock.now(), reply_to)
        if reply_to is None:
            await self.handler.begin(request)
        else:
            assert await self.readers.takes(request)
        await self.chores.idle()

    async def press(self, data: str, *, on: int | None = None, by: int = ANN) -> str:
        callback = f"cb{next(self._numbers)}"
        message_id = self.reply.last_id if on is None else on
        await self.handler.on_press(Press(by, by, message_id, Role.TRADER, data, callback), decode(data))
        await self.chores.idle()
        assert callback in self.reply.answers
        return self.reply.answers[callback][0]

    async def tap(self, *labels: str) -> str:
        """Press these buttons one after another; return the last toast."""
        toast = ""
        for label in labels:
            toast = await self.press(self.data(label))
        return toast

    def data(self, label: str) -> str:
        every = [button for row in self.reply.last.buttons for button in row]
        found = [button.data for button in every if button.label.removeprefix("• ").startswith(label)]
        assert found, [button.label for button in every]
        return found[0]

    @property
    def labels(self) -> list[str]:
        return [button.label for row in self.reply.last.buttons for button in row]

    @property
    def text(self) -> str:
        return self.reply.text


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_call_is_put_together_in_six_taps_and_one_line(bench: Bench) -> None:
    await bench.say("/options spy")
    await bench.tap("18 Dec", "Call", "600", "5", "Ask", "📝 Card for BUY 5")
    assert bench.lines == ["buy 5 SPY 20261218 C600 20.05"]
    assert "Its card is below" in bench.text
    assert bench.forms.forms == {}


async def test_a_vertical_is_one_order_line(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600", "Second strike")
    assert "Who buys the spread buys 600" in bench.text
    assert "600" not in bench.labels
    await bench.tap("605", "Mid", "📝 Card")
    assert bench.lines == ["buy 1 SPY 20261218 C600/C605 5.00"]


async def test_a_spread_can_be_one_option_again(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Put", "600", "Second strike", "595", "Single option again", "Sell", "Market", "📝 Card")
    assert bench.lines == ["sell 1 SPY 20261218 P600 market"]


@pytest.mark.parametrize(
    ("side", "at", "price"),
    [
        ("Buy", "Bid", "19.95"),
        ("Sell", "Ask", "20.10"),
        ("Buy", "Mid", "20.00"),
        ("Sell", "Mid", "20.05"),
    ],
)
async def test_a_price_is_on_the_grid_and_never_worse_than_was_chosen(
    bench: Bench, side: str, at: str, price: str
) -> None:
    bench.floor.width = 0.10
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600", side, at, "📝 Card")
    assert bench.lines[0].endswith(f" {price}")


async def test_a_price_and_a_number_can_be_typed(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600")
    wizard = bench.reply.last_id
    await bench.tap("⌨️ Price")
    question = bench.reply.last_id
    assert bench.reply.last.asks
    await bench.say("much", reply_to=question)
    assert "much is no price" in bench.text
    await bench.say("$4.20", reply_to=question)
    assert question in bench.reply.deleted
    data = next(one.data for row in bench.reply.shown[wizard].buttons for one in row if "How many" in one.label)
    await bench.press(data, on=wizard)
    await bench.say("33", reply_to=bench.reply.last_id)
    data = next(one.data for row in bench.reply.shown[wizard].buttons for one in row if one.label.startswith("📝"))
    await bench.press(data, on=wizard)
    assert bench.lines == ["buy 33 SPY 20261218 C600 4.20"]


async def test_every_screen_leads_back(bench: Bench) -> None:
    await bench.say("/options SPY")
    assert not [label for label in bench.labels if "Back" in label]
    await bench.tap("18 Dec", "Call", "600", "Second strike")
    for step in ("step 4/4", "step 3/4", "step 2/4", "step 1/4"):
        await bench.tap("« Back")
        assert step in bench.text
    await bench.tap("15 Jan")
    assert "Call or put?" not in bench.text
    await bench.tap("602.5", "Market", "📝 Card")
    assert bench.lines == ["buy 1 SPY 20270115 C602.5 market"]


async def test_pages_turn_around_the_money(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call")
    assert [label for label in bench.labels if label[0].isdigit()] == ["592.5", "595", "597.5", "600", "602.5", "605"]
    await bench.tap("▶️")
    assert bench.labels[0] == "607.5"
    assert "▶️" not in bench.labels
    await bench.tap("◀️", "◀️")
    assert bench.labels[0] == "580"


async def test_what_is_not_listed_has_no_button(bench: Bench) -> None:
    bench.floor.unlisted = {600.0}
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call")
    assert "600" not in bench.labels
    await bench.press(encode(Code.OPTIONS, 1, "strike", "600"))
    assert "IBKR lists no such contract" in bench.text
    with pytest.raises(UnknownSymbol):
        await bench.tap("📝 Card")
    assert bench.lines == []


async def test_without_prices_the_screens_stand_and_a_typed_price_works(bench: Bench) -> None:
    bench.floor.silent = NoMarketData(354, "not subscribed")
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600")
    with pytest.raises(NoMarketData):
        await bench.tap("📝 Card")
    await bench.press(encode(Code.OPTIONS, 1, "at", "4.20"))
    await bench.tap("📝 Card")
    assert bench.lines == ["buy 1 SPY 20261218 C600 4.20"]


async def test_an_order_that_is_refused_leaves_the_wizard_standing(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600", "Market")
    bench.refusal = NotAllowed("trader")
    with pytest.raises(NotAllowed):
        await bench.tap("📝 Card")
    bench.refusal = None
    await bench.tap("📝 Card")
    assert bench.lines == ["buy 1 SPY 20261218 C600 market"]


async def test_prices_that_come_late_do_not_cover_a_newer_screen(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec")
    bench.floor.held = asyncio.Event()
    data = bench.data("Call")
    message = bench.reply.last_id
    await bench.handler.on_press(Press(ANN, ANN, message, Role.TRADER, data, "a"), decode(data))
    assert "asking for prices" in bench.text
    back = bench.data("« Back")
    await bench.handler.on_press(Press(ANN, ANN, message, Role.TRADER, back, "b"), decode(back))
    bench.floor.held.set()
    await bench.chores.idle()
    assert "Call or put?" in bench.text


async def test_an_expired_wizard_orders_nothing(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600")
    data = bench.data("📝 Card")
    bench.clock.advance(LIFETIME.total_seconds() + 1)
    assert "This is over" in await bench.press(data)
    assert bench.lines == []


async def test_someone_elses_wizard_does_nothing(bench: Bench) -> None:
    await bench.say("/options SPY")
    data = bench.data("18 Dec")
    assert "This is over" in await bench.press(data, by=BEN)


async def test_of_two_presses_on_card_both_make_a_card_at_most_and_none_an_order(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600", "Market")
    data = bench.data("📝 Card")
    await asyncio.gather(bench.press(data), bench.press(data))
    assert set(bench.lines) == {"buy 1 SPY 20261218 C600 market"}
    assert "Its card is below" in bench.text


async def test_given_up_is_given_up(bench: Bench) -> None:
    await bench.say("/options SPY")
    await bench.tap("✖️ Cancel")
    assert "Nothing was ordered" in bench.text
    assert bench.forms.forms == {}


async def test_it_opens_from_a_quote(bench: Bench) -> None:
    press = Press(ANN, ANN, 77, Role.TRADER, "", "cb")
    await bench.handler.on_open(press, Callback(Code.OPTIONS_OPEN, (Place.ANEW.value, str(SPY.con_id))))
    assert "Option on SPY" in bench.text
    await bench.handler.on_open(press, Callback(Code.OPTIONS_OPEN, (Place.HERE.value, str(SPY.con_id))))
    assert bench.reply.edits[-1][0] == 77


async def test_where_there_are_no_options_it_says_so(bench: Bench) -> None:
    with pytest.raises(UnknownSymbol):
        await bench.say("/options EUR.USD")
    await bench.say("/options")
    assert "Options on what?" in bench.text
    await bench.say("/options XYZ")
    assert "XYZ" in bench.text


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("expiry", "20261219"),
        ("right", "X"),
        ("strike", "601"),
        ("second", "601"),
        ("page", "x"),
        ("step", "nowhere"),
        ("side", "hold"),
        ("quantity", "0"),
        ("quantity", "-1"),
        ("at", "4,20"),
        ("price", "1"),
        ("ask", "symbol"),
    ],
)
async def test_what_no_button_says_is_not_understood(bench: Bench, what: str, value: str) -> None:
    await bench.say("/options SPY")
    await bench.tap("18 Dec", "Call", "600")
    before = dict(bench.forms.forms)
    press = Press(ANN, ANN, bench.reply.last_id, Role.TRADER, "", "cb")
    with pytest.raises(BadCallback):
        await bench.handler.on_press(press, Callback(Code.OPTIONS, ("1", what, value)))
    assert {key: form.data for key, form in before.items()} == {1: bench.forms.forms[1].data}


_STEPS = st.sampled_from(
    [("expiry", one) for one in CHAIN.expiries[:4]]
    + [("right", "C"), ("right", "P"), ("side", "buy"), ("side", "sell"), ("single", "x"), ("quantity", "7")]
    + [(what, written(strike)) for what in ("strike", "second") for strike in CHAIN.strikes]
    + [("page", str(page)) for page in (-9, -1, 0, 1, 9)]
    + [("step", step.value) for step in Step]
    + [("at", at) for at in ("bid", "mid", "ask", "market", "4.2", "-1.5")]
)


@given(st.lists(_STEPS, max_size=12))
def test_whatever_is_pressed_every_screen_can_be_shown_and_every_line_be_read(taps: list[tuple[str, str]]) -> None:
    wizard = OptionWizard.about(SPY, 600.4)
    for what, value in taps:
        try:
            wizard = wizard.chosen(what, value, CHAIN)
        except ValueError:
            continue
        assert OptionWizard.from_json(wizard.to_json()) == wizard
        screen = _screen(wizard)
        assert all(len(button.data.encode()) <= 64 for row in screen.buttons for button in row)
        if wizard.step is Step.TERMS:
            price = wizard.at if wizard.at not in {"bid", "mid", "ask"} else "4.2"
            if price != "-1.5" or wizard.second:
                ticket = parse(wizard.line(price))
                assert format_ticket(ticket).startswith(f"{wizard.side} {wizard.quantity} SPY ")


def _screen(wizard: OptionWizard) -> Message:
    match wizard.step:
        case Step.EXPIRY:
            return views.expiries(1, wizard, CHAIN, date(2026, 11, 20))
        case Step.RIGHT:
            return views.rights(1, wizard)
        case Step.STRIKE | Step.SECOND:
            return views.strikes(1, wizard, CHAIN, {})
        case _:
            return views.terms(1, wizard)


def test_a_chain_without_strikes_or_expiries_is_said() -> None:
    nothing = OptionChain((), ())
    assert "No expiry is left" in views.expiries(1, CALLS, nothing, date(2026, 11, 20)).html
    assert "None of these strikes" in views.strikes(1, CALLS, nothing).html


async def test_screens(bench: Bench) -> None:
    today = date(2026, 11, 20)
    check_golden("options-expiry", views.expiries(1, OptionWizard.about(SPY, 600.4), CHAIN, today))
    check_golden("options-waiting", views.strikes(1, CALLS, CHAIN))
    await bench.say("/options SPY")
    await bench.tap("18 Dec")
    check_golden("options-right", bench.reply.last)
    bench.floor.unlisted = {595.0}
    await bench.tap("Put")
    check_golden("options-strikes", bench.reply.last)
    await bench.tap("600")
    check_golden("options-terms", bench.reply.last)
    await bench.tap("Second strike", "590", "Sell", "Ask")
    check_golden("options-spread", bench.reply.last)
    check_golden("options-question", views.question(CALLS.chosen("strike", "600", CHAIN), "at"))
    check_golden("options-unknown", views.terms(1, CALLS.chosen("strike", "600", CHAIN), OptionRow("SPY")))
