"""/help buy: how orders are written, page by page."""

import pytest

from bot.callback_data import BadCallback, Callback, Code, Place
from bot.handlers.guide import GuideHandler
from bot.request import Press, TextIn
from bot.views import guide
from market.ticket import parse
from tests.fakes.clock import FakeClock
from tests.fakes.golden import check_golden
from tests.fakes.reply import FakeReply, check_message
from trading.access import Role


@pytest.mark.parametrize("name", guide.PAGES)
def test_a_page_of_the_guide(name: str) -> None:
    message = guide.page(name)
    check_message(message)
    check_golden(f"guide-{name}", message)


def test_every_line_of_the_guide_is_an_order() -> None:
    for _, examples in guide.PAGES.values():
        for example in examples:
            for line in example.lines:
                parse(line)


async def test_pages_turn_in_place() -> None:
    reply, clock = FakeReply(), FakeClock()
    handler = GuideHandler(reply)
    await handler.begin(TextIn(222, 222, 1, Role.TRADER, "/help buy", "buy", clock.now()))
    press = Press(222, 222, reply.last_id, Role.TRADER, "gu:h:sizes", "cb")
    await handler.on_page(press, Callback(Code.GUIDE, (Place.HERE.value, "sizes")))
    assert "How much" in reply.text
    assert len(reply.order) == 1
    with pytest.raises(BadCallback):
        await handler.on_page(press, Callback(Code.GUIDE, (Place.HERE.value, "nothing")))
