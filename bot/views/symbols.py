"""The question which instrument was meant, with a button for each candidate that goes on with what was asked."""

from collections.abc import Callable

from bot.callback_data import Code, encode_line
from bot.views.errors import candidates, explain
from bot.views.keyboard import grid, shortened
from bot.views.message import Button, Message
from market.errors import SymbolError
from market.instrument import Instrument

Continuation = Callable[[Instrument], tuple[Code, tuple[object, ...]]]
"""What a candidate's button says: a code and its arguments."""

_LABEL = 26


def which_symbol(error: SymbolError, onward: Continuation) -> Message:
    """Return the question; a candidate whose line does not fit into a button stands in the text only."""
    message = explain(error)
    buttons = []
    for candidate in candidates(error.candidates):
        code, args = onward(candidate)
        data = encode_line(code, *args)
        if data is not None:
            buttons.append(Button(_label(candidate), data))
    return Message(message.html, grid(buttons, 2))


def _label(instrument: Instrument) -> str:
    venue = instrument.primary_exchange or instrument.exchange
    return shortened(" · ".join(filter(None, (instrument.label, instrument.name or venue))), _LABEL)
