"""A preview under way."""

import asyncio
from dataclasses import dataclass, field

from broker import convert, errors
from broker.library import OrderState
from market.errors import BrokerError
from trading.proposal import Preview


@dataclass(slots=True, eq=False)
class WhatIf:
    """
    One what-if order, until its *answer*: IBKR may first send its warning with all margins unset, then the values.

    *first* is the former, *doubt* an error that may or may not be the end; both count when nothing else comes.
    """

    answer: asyncio.Future[Preview]
    words: list[str] = field(default_factory=list)
    first: Preview | None = None
    doubt: BrokerError | None = None

    def take(self, state: OrderState) -> None:
        """Take IBKR's frame in."""
        if self.answer.done():
            return
        if state.warningText and state.warningText not in self.words:
            self.words.append(state.warningText)
        commission = convert.money(state.commission)
        preview = Preview(
            initial_margin_change=convert.money(state.initMarginChange),
            maintenance_margin_change=convert.money(state.maintMarginChange),
            equity_with_loan_after=convert.money(state.equityWithLoanAfter),
            commission=convert.money(state.maxCommission) if commission is None else commission,
            commission_currency=state.commissionCurrency,
            warning="\n".join(self.words),
        )
        if preview.initial_margin_change is None:
            self.first = preview
        else:
            self.answer.set_result(preview)

    def refuse(self, code: int, text: str) -> None:
        """Take an error about it in: only some end it."""
        kind = errors.order_kind_of(code, acknowledged=False)
        if self.answer.done():
            return
        if kind is errors.Kind.FATAL:
            self.answer.set_exception(errors.failure(code, text))
        elif kind in {errors.Kind.CHECK, errors.Kind.CANCELLED}:
            self.doubt = errors.failure(code, text)
        else:
            self.words.append(text)
