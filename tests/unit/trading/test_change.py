"""New terms for a working order are a proposal of their own, and IBKR's word decides what the order works on."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.errors import LinkDown
from market.ticket import OrderTicket, parse
from tests.fakes.desk import ADMIN, CARD, CHAT, OTHER, TRADER, DeskBench
from tests.fakes.order_events import PERM, fill, hear, paid, report, told
from trading.confirmation import Confirmation, Outcome
from trading.draft import NO_PREVIEW
from trading.errors import NothingToChange, OrderDenied, OrderGone, ProposalGone
from trading.limits import Limits, TradingState
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegRole, LegState, Proposal
from trading.terms import OLD_TERMS, ORDER_OVER

NEW = "buy 10 AAPL 199"


@pytest.fixture
async def bench() -> DeskBench:
    """A bench with one working order over 10 shares at 199.50."""
    bench = DeskBench()
    await bench.sent()
    await hear(bench, working())
    bench.gateway.open = [working()]
    return bench


def working(line: str = "buy 10 AAPL 199.5", filled: int = 0, **more: object) -> OrderReport:
    ticket = parse(line)
    left = int(ticket.quantity) - filled
    return replace(report(OrderFate.WORKING, filled, left), ticket=ticket, **more)  # type: ignore[arg-type]  fields


async def change(bench: DeskBench, line: str = NEW, *, user_id: int = TRADER) -> Proposal:
    shown = await bench.desk.propose_change("sb-1-1", parse(line), user_id=user_id, chat_id=CHAT)
    await bench.desk.shown(shown.id, CARD)
    return bench.store.rows[shown.id]


async def changed(bench: DeskBench, line: str = NEW) -> Proposal:
    shown = await change(bench, line)
    assert (await bench.confirm(shown)).outcome is Outcome.SENT
    return bench.store.rows[shown.id]


def terms(bench: DeskBench) -> OrderTicket:
    return bench.store.rows[1].ticket


def leg_of(bench: DeskBench, number: int = 1) -> tuple[LegState, str]:
    leg = bench.store.rows[2].legs[number - 1]
    return leg.state, leg.message


class TestProposing:
    async def test_the_card_says_what_is_changed_and_from_what(self, bench: DeskBench) -> None:
        shown = await change(bench)
        assert shown.changed_from == parse("buy 10 AAPL 199.5")
        assert [(order.role, order.changes) for order in shown.orders] == [(LegRole.CHANGE, "sb-1-1")]
        assert (shown.preview, shown.preview_missing) == (None, NO_PREVIEW)
        assert bench.gateway.changed == []

    async def test_the_order_must_be_open_by_ibkrs_own_word(self, bench: DeskBench) -> None:
        bench.gateway.open = []
        with pytest.raises(OrderGone):
            await change(bench)

    async def test_what_another_client_sent_is_not_ours_to_change(self, bench: DeskBench) -> None:
        bench.gateway.client_id = 18
        with pytest.raises(OrderGone) as caught:
            await change(bench)
        assert caught.value.client_id == 17

    @pytest.mark.parametrize(
        "line", ["buy 10 AAPL 199.5", "sell 10 AAPL 199", "buy 10 AAPL 199 sl 190", "buy 4 AAPL 199", "buy 3 AAPL 199"]
    )
    async def test_what_is_no_change_or_another_order_is_refused(self, bench: DeskBench, line: str) -> None:
        await hear(bench, working(filled=4))
        with pytest.raises(NothingToChange):
            await change(bench, line)

    async def test_another_person_may_not_and_an_admin_may(self, bench: DeskBench) -> None:
        with pytest.raises(ProposalGone):
            await change(bench, user_id=OTHER)
        assert (await change(bench, user_id=ADMIN)).user_id == ADMIN

    async def test_the_new_terms_meet_the_limits(self, bench: DeskBench) -> None:
        bench.desk = bench.open_desk(Limits(order_value=Decimal(2000)))
        with pytest.raises(OrderDenied):
            await change(bench, "buy 11 AAPL 199.5")

    async def test_an_unknown_order_has_no_terms(self, bench: DeskBench) -> None:
        with pytest.raises(ProposalGone):
            await bench.desk.propose_change("sb-9-1", parse(NEW), user_id=TRADER, chat_id=CHAT)


class TestSending:
    async def test_the_press_sends_the_new_terms_under_the_orders_own_names(self, bench: DeskBench) -> None:
        await changed(bench)
        assert bench.gateway.changed == [(101, "sb-1-1", PERM, parse(NEW))]
        assert len(bench.gateway.submitted) == 1

    async def test_ten_presses_change_it_once(self, bench: DeskBench) -> None:
        shown = await change(bench)
        outcomes = [(await bench.confirm(shown)).outcome for _ in range(10)]
        assert outcomes == [Outcome.SENT] + [Outcome.ALREADY] * 9
        assert len(bench.gateway.changed) == 1

    async def test_an_order_that_ended_meanwhile_is_not_changed(self, bench: DeskBench) -> None:
        shown = await change(bench)
        await hear(bench, report(OrderFate.CANCELLED))
        assert (await bench.confirm(shown)).outcome is Outcome.ORDER_GONE
        assert bench.gateway.changed == []

    async def test_without_a_link_nothing_is_sent(self, bench: DeskBench) -> None:
        shown = await change(bench)
        bench.gateway.submit_error = LinkDown("closed")
        assert (await bench.confirm(shown)).outcome is Outcome.NOT_SENT


class TestAnswer:
    async def test_the_new_terms_are_the_orders_when_ibkr_shows_them(self, bench: DeskBench) -> None:
        await changed(bench)
        assert terms(bench) == parse("buy 10 AAPL 199.5")
        await hear(bench, working(NEW))
        assert leg_of(bench) == (LegState.CHANGED, "")
        assert terms(bench) == parse(NEW)
        assert told(bench)[-1] == "changed 0"

    async def test_a_frame_from_before_the_change_says_nothing(self, bench: DeskBench) -> None:
        await changed(bench)
        await hear(bench, working(), working(filled=2))
        assert leg_of(bench)[0] is LegState.SENT

    async def test_a_refusal_leaves_the_order_as_it_was(self, bench: DeskBench) -> None:
        await changed(bench)
        await hear(bench, working(refused_change="Order modify failed. Cannot change to the new order type."))
        assert leg_of(bench)[0] is LegState.REJECTED
        assert "Cannot change" in leg_of(bench)[1]
        assert terms(bench) == parse("buy 10 AAPL 199.5")
        assert bench.store.rows[1].legs[0].state is LegState.WORKING

    async def test_an_order_that_ends_first_ends_its_change(self, bench: DeskBench) -> None:
        await changed(bench)
        await hear(bench, replace(report(OrderFate.FILLED, 10, 0), ticket=parse("buy 10 AAPL 199.5")))
        assert leg_of(bench) == (LegState.CANCELLED, ORDER_OVER)

    async def test_a_fill_at_the_new_terms_says_that_they_were_taken(self, bench: DeskBench) -> None:
        await changed(bench)
        await hear(bench, replace(report(OrderFate.FILLED, 10, 0), ticket=parse(NEW)))
        assert leg_of(bench)[0] is LegState.CHANGED

    @pytest.mark.parametrize("line", ["buy 20 AAPL 199.5", "buy 10 AAPL 199.5 outside", "buy 10 AAPL 199.5 twap"])
    async def test_whatever_was_to_change_what_is_refused_is_told_as_refused(self, bench: DeskBench, line: str) -> None:
        await changed(bench, line)
        await hear(bench, working(refused_change="not this one"))
        assert leg_of(bench) == (LegState.REJECTED, "not this one")
        assert terms(bench) == parse("buy 10 AAPL 199.5")

    @pytest.mark.parametrize(
        "line", ["buy 10 AAPL 199.5 outside", "buy 10 AAPL 199.5 gtd 2026-12-24 16:00", "buy 10 AAPL 199.5 adaptive"]
    )
    async def test_times_and_algorithms_are_terms_too(self, bench: DeskBench, line: str) -> None:
        await changed(bench, line)
        await hear(bench, working())
        assert leg_of(bench)[0] is LegState.SENT
        await hear(bench, working(line))
        assert leg_of(bench)[0] is LegState.CHANGED
        assert terms(bench) == parse(line)

    @pytest.mark.parametrize(
        ("fate", "filled", "state"),
        [
            (OrderFate.FILLED, 10, LegState.CANCELLED),
            (OrderFate.FILLED, 20, LegState.CHANGED),
            (OrderFate.CANCELLED, 0, LegState.CANCELLED),
        ],
    )
    async def test_of_an_order_that_is_over_what_it_filled_says_whether_it_had_its_new_quantity(
        self, bench: DeskBench, fate: OrderFate, filled: int, state: LegState
    ) -> None:
        await changed(bench, "buy 20 AAPL 199.5")
        await hear(bench, replace(report(fate, filled, 0), ticket=parse("buy 20 AAPL 199.5")))
        assert leg_of(bench)[0] is state

    async def test_a_smaller_order_is_filled_by_what_it_has_now(self, bench: DeskBench) -> None:
        await changed(bench, "buy 5 AAPL 199.5")
        await hear(bench, working("buy 5 AAPL 199.5"), paid(fill(bench, 1, 5, 5)))
        assert bench.leg_state == "filled"

    async def test_terms_changed_in_tws_are_the_orders_too(self, bench: DeskBench) -> None:
        await hear(bench, working("buy 10 AAPL 198"))
        assert terms(bench) == parse("buy 10 AAPL 198")

    @pytest.mark.parametrize(("listed", "state"), [("buy 10 AAPL 199.5", LegState.NOT_SENT), (NEW, LegState.CHANGED)])
    async def test_a_change_that_ibkr_does_not_answer_is_asked_for(
        self, bench: DeskBench, listed: str, state: LegState
    ) -> None:
        await changed(bench)
        bench.gateway.open = [working(listed)]
        bench.clock.advance(11)
        await bench.tracker.step()
        assert leg_of(bench) == (state, OLD_TERMS if state is LegState.NOT_SENT else "")
        assert terms(bench) == parse(listed)

    async def test_after_a_crash_ibkr_says_which_terms_it_works_on(self, bench: DeskBench) -> None:
        shown = await change(bench)
        bench.store.rows[2] = replace(shown, state=shown.state.CONFIRMED)
        await bench.tracker.reconcile()
        assert leg_of(bench) == (LegState.NOT_SENT, OLD_TERMS)
        assert bench.gateway.changed == []

    async def test_of_an_order_that_ended_while_nobody_looked_the_change_ends_too(self, bench: DeskBench) -> None:
        await changed(bench)
        bench.gateway.open = []
        bench.gateway.completed = [replace(report(OrderFate.CANCELLED), order_id=0, client_id=0)]
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert leg_of(bench) == (LegState.CANCELLED, ORDER_OVER)


def child(number: int, line: str, filled: int = 0) -> OrderReport:
    known = {"order_ref": f"sb-1-{number}", "perm_id": PERM + number, "order_id": 100 + number}
    return working(line, filled, **known)


def target(filled: int = 0) -> OrderReport:
    return child(2, "sell 10 AAPL 210 gtc", filled)


def stop(quantity: int = 10) -> OrderReport:
    return child(3, f"sell {quantity} AAPL stop 190 gtc")


@pytest.fixture
async def family() -> DeskBench:
    """A bench with a bracket of ten whose three orders work."""
    bench = DeskBench()
    await bench.sent("buy 10 AAPL 199.5 tp 210 sl 190")
    bench.gateway.open = [working(), target(), stop()]
    await hear(bench, *bench.gateway.open)
    return bench


async def card(bench: DeskBench, order_ref: str, **terms: int) -> Proposal:
    """Propose to change these terms of an order."""
    row = bench.store.rows[1]
    old = next(row.order_of(leg).ticket for leg in row.legs if leg.order_ref == order_ref)
    new = replace(old, **{name: Decimal(value) for name, value in terms.items()})  # type: ignore[arg-type]  numbers all
    shown = await bench.desk.propose_change(order_ref, new, user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(shown.id, CARD)
    return bench.store.rows[shown.id]


async def confirmed(bench: DeskBench, order_ref: str, **terms: int) -> Confirmation:
    return await bench.confirm(await card(bench, order_ref, **terms))


def sizes(bench: DeskBench) -> list[tuple[str, Decimal]]:
    return [(ref, ticket.quantity) for _, ref, _, ticket in bench.gateway.changed]


class TestBracket:
    async def test_another_quantity_of_the_entry_is_that_of_its_children_too(self) -> None:
        bench = DeskBench()
        await bench.sent("buy 10 AAPL 199.5 tp 210 sl 190")
        bench.gateway.open = [working()]
        shown = await change(bench, "buy 6 AAPL 199.5")
        assert [(order.changes, order.ticket.quantity) for order in shown.orders] == [
            ("sb-1-1", Decimal(6)),
            ("sb-1-2", Decimal(6)),
            ("sb-1-3", Decimal(6)),
        ]
        assert (await bench.confirm(shown)).outcome is Outcome.SENT
        # What would sell too much is made smaller before what buys.
        assert sizes(bench) == [("sb-1-3", 6), ("sb-1-2", 6), ("sb-1-1", 6)]

    async def test_more_is_bought_before_more_of_it_is_protected(self, family: DeskBench) -> None:
        await confirmed(family, "sb-1-1", quantity=12)
        assert sizes(family) == [("sb-1-1", 12), ("sb-1-2", 12), ("sb-1-3", 12)]

    async def test_a_change_that_has_begun_is_sent_whole(self, family: DeskBench) -> None:
        family.gateway.during_submit = lambda _: setattr(family, "state", TradingState.HALTED)
        await confirmed(family, "sb-1-1", quantity=6)
        assert len(sizes(family)) == 3

    async def test_a_decrease_that_the_link_cuts_off_leaves_no_stop_over_more_than_is_bought(
        self, family: DeskBench
    ) -> None:
        family.gateway.during_submit = lambda _: setattr(family.gateway, "submit_error", LinkDown("closed"))
        answer = await confirmed(family, "sb-1-1", quantity=6)
        assert answer.outcome is Outcome.PARTLY
        assert sizes(family) == [("sb-1-3", 6)]
        assert [leg.state for leg in family.store.rows[2].legs] == [LegState.NOT_SENT, LegState.NOT_SENT, LegState.SENT]

    async def test_after_a_crash_each_leg_of_a_change_is_as_ibkr_says(self, family: DeskBench) -> None:
        shown = await card(family, "sb-1-1", quantity=6)
        family.store.rows[2] = replace(shown, state=shown.state.CONFIRMED)
        family.gateway.open[2] = stop(6)
        await family.tracker.reconcile()
        assert [leg.state for leg in family.store.rows[2].legs] == [
            LegState.NOT_SENT,
            LegState.NOT_SENT,
            LegState.CHANGED,
        ]

    async def test_what_a_fill_took_off_an_order_stays_off_when_its_partner_changes(self, family: DeskBench) -> None:
        await hear(family, target(filled=4), stop(6))
        await confirmed(family, "sb-1-2", quantity=12)
        assert sizes(family) == [("sb-1-2", 12), ("sb-1-3", 8)]

    async def test_the_other_half_of_a_pair_changes_by_as_much(self) -> None:
        bench = DeskBench()
        await bench.sent("buy 10 AAPL 199.5 oco stop 205")
        await hear(bench, working(filled=4), child(2, "buy 6 AAPL stop 205"))
        bench.gateway.open = [working(filled=4)]
        await confirmed(bench, "sb-1-1", quantity=12)
        assert sizes(bench) == [("sb-1-1", 12), ("sb-1-2", 8)]

    async def test_a_change_that_would_leave_nothing_of_a_partner_is_none(self, family: DeskBench) -> None:
        await hear(family, stop(4))
        with pytest.raises(NothingToChange):
            await card(family, "sb-1-1", quantity=6)


class TestOvertaken:
    async def test_an_order_that_was_lessened_since_the_card_is_not_made_larger_again(self, family: DeskBench) -> None:
        shown = await card(family, "sb-1-3", stop_price=195)
        await hear(family, target(filled=4), stop(6))
        answer = await family.confirm(shown)
        assert answer.outcome is Outcome.OVERTAKEN
        assert family.gateway.changed == []
        assert answer.replacement is not None
        assert [(one.ticket.quantity, one.ticket.stop_price) for one in answer.replacement.orders] == [(6, 195)]
        await family.desk.shown(answer.replacement.id, CARD)
        assert (await family.confirm(answer.replacement)).outcome is Outcome.SENT
        assert sizes(family) == [("sb-1-3", 6)]
        assert (await family.confirm(shown)).outcome is Outcome.REPLACED

    async def test_a_partner_that_was_lessened_since_the_card_counts_too(self, family: DeskBench) -> None:
        shown = await card(family, "sb-1-1", quantity=12)
        await hear(family, target(filled=4), stop(6))
        answer = await family.confirm(shown)
        assert answer.outcome is Outcome.OVERTAKEN
        assert answer.replacement is not None
        assert [one.ticket.quantity for one in answer.replacement.orders] == [12, 12, 8]

    async def test_of_terms_that_were_taken_meanwhile_there_is_no_new_card(self, bench: DeskBench) -> None:
        shown = await change(bench)
        await hear(bench, working(NEW))
        answer = await bench.confirm(shown)
        assert (answer.outcome, answer.replacement) == (Outcome.OVERTAKEN, None)
        assert bench.gateway.changed == []

    async def test_another_price_of_the_stop_is_that_of_the_stop_alone(self) -> None:
        bench = DeskBench()
        await bench.sent("buy 10 AAPL 199.5 tp 210 sl 190")
        bench.gateway.open = [replace(working(), order_ref="sb-1-3")]
        ticket = replace(bench.store.rows[1].orders[2].ticket, stop_price=Decimal(195))
        shown = await bench.desk.propose_change("sb-1-3", ticket, user_id=TRADER, chat_id=CHAT)
        assert [(order.changes, order.ticket.stop_price) for order in shown.orders] == [("sb-1-3", Decimal(195))]

    async def test_a_stop_that_moved_and_was_lessened_has_its_new_price(self, family: DeskBench) -> None:
        await confirmed(family, "sb-1-3", stop_price=195)
        await hear(family, target(filled=4), child(3, "sell 6 AAPL stop 195 gtc"))
        assert leg_of(family)[0] is LegState.CHANGED
        assert family.store.rows[1].orders[2].ticket.quantity == 6

    async def test_more_of_a_stop_that_was_lessened_at_once_was_taken(self, family: DeskBench) -> None:
        await confirmed(family, "sb-1-1", quantity=20)
        await hear(family, child(3, "sell 10 AAPL stop 190 gtc"))
        assert leg_of(family, 3)[0] is LegState.SENT
        await hear(family, replace(child(3, "sell 16 AAPL stop 190 gtc"), group="777"))
        assert leg_of(family, 3)[0] is LegState.CHANGED


class TestAmend:
    async def test_an_edit_makes_a_new_token_and_kills_the_old(self) -> None:
        bench = DeskBench()
        old = await bench.propose()
        new = await bench.desk.amend(old.token, parse(NEW), user_id=TRADER, chat_id=CHAT, message_id=CARD)
        assert (new.token != old.token, new.ticket) == (True, parse(NEW))
        await bench.desk.shown(new.id, CARD)
        assert (await bench.confirm(old)).outcome is Outcome.REPLACED
        assert (await bench.confirm(new)).outcome is Outcome.SENT
        assert bench.gateway.submitted[0][1] == parse(NEW)

    async def test_a_card_that_is_over_or_of_someone_else_is_not_edited(self) -> None:
        bench = DeskBench()
        old = await bench.propose()
        for user_id, chat_id, message_id in ((OTHER, CHAT, CARD), (TRADER, CHAT + 1, CARD), (TRADER, CHAT, CARD + 1)):
            with pytest.raises(ProposalGone):
                await bench.desk.amend(old.token, parse(NEW), user_id=user_id, chat_id=chat_id, message_id=message_id)
        await bench.confirm(old)
        with pytest.raises(ProposalGone) as caught:
            await bench.desk.amend(old.token, parse(NEW), user_id=TRADER, chat_id=CHAT, message_id=CARD)
        assert caught.value.state == "submitted"
        assert len(bench.store.rows) == 1

    async def test_an_edit_that_a_limit_forbids_leaves_no_card_that_could_be_confirmed(self) -> None:
        bench = DeskBench()
        old = await bench.propose()
        with pytest.raises(OrderDenied):
            await bench.desk.amend(old.token, parse("buy 1000 AAPL 199"), user_id=TRADER, chat_id=CHAT)
        assert (await bench.confirm(old)).outcome is Outcome.REPLACED
        assert bench.gateway.submitted == []

    async def test_the_card_of_a_change_is_edited_to_another_change(self, bench: DeskBench) -> None:
        old = await change(bench)
        new = await bench.desk.amend(old.token, parse("buy 10 AAPL 198"), user_id=TRADER, chat_id=CHAT)
        assert (new.orders[0].changes, new.changed_from) == ("sb-1-1", parse("buy 10 AAPL 199.5"))
