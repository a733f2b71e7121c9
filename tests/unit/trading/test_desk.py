"""What the order desk lets through, and what it answers."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.errors import (
    BrokerError,
    LinkDown,
    NoMarketData,
    ReadOnlyApi,
    RequestTimeout,
    TicketSyntaxError,
    UnknownSymbol,
)
from market.ticket import parse
from tests.fakes.desk import ADMIN, CARD, CHAT, OTHER, TRADER, VIEWER, DeskBench
from tests.fakes.order_events import hear, report
from tests.fakes.trading import ACCOUNT
from trading.confirmation import Confirmation, Outcome
from trading.errors import Limit, NotAllowed, OrderDenied, OrderGone, ProposalGone
from trading.limits import Limits, TradingState
from trading.ports import OrderFate
from trading.proposal import LegState, Proposal, ProposalState


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


class TestPropose:
    async def test_a_card_shows_everything_the_person_confirms(self, bench: DeskBench) -> None:
        bench.market.held = Decimal(150)
        proposal = await bench.propose(card=None)
        assert (proposal.state, proposal.message_id) == (ProposalState.PROPOSED, None)
        assert proposal.account == ACCOUNT
        assert (proposal.reference_price, proposal.bid, proposal.ask) == tuple(
            map(Decimal, ("200.0", "199.98", "200.02"))
        )
        assert proposal.reference_time == bench.clock.now()
        assert proposal.expires - proposal.created == timedelta(seconds=60)
        assert (proposal.position_before, proposal.cash_before) == (Decimal(150), Decimal(60_000))
        assert proposal.net_liquidation == Decimal(100_000)
        assert proposal.preview is not None
        assert [leg.order_ref for leg in proposal.legs] == ["sb-1-1"]
        assert bench.gateway.submitted == []

    @pytest.mark.parametrize("line", ["buy 10 AAPL", "buy $5000 AAPL", "buy 10 AAPL tp 210 sl 190", "sell half AAPL"])
    async def test_an_order_without_a_chosen_price_is_no_market_order(self, bench: DeskBench, line: str) -> None:
        with pytest.raises(TicketSyntaxError):
            await bench.desk.propose(parse(line), user_id=TRADER, chat_id=CHAT)
        assert not bench.store.rows
        assert bench.gateway.previewed == 0

    async def test_tokens_are_never_shown_by_accident(self, bench: DeskBench) -> None:
        assert "token-1" not in repr(await bench.propose())

    async def test_a_viewer_may_not(self, bench: DeskBench) -> None:
        for user in (VIEWER, 999):
            with pytest.raises(NotAllowed):
                await bench.desk.propose(parse("buy 10 AAPL 199.5"), user_id=user, chat_id=CHAT)
        assert not bench.store.rows

    async def test_without_a_chosen_price_there_is_no_card(self, bench: DeskBench) -> None:
        with pytest.raises(TicketSyntaxError) as caught:
            await bench.propose("buy 10 AAPL")
        assert caught.value.text == "buy 10 AAPL"

    async def test_a_limit_denies_before_anything_is_stored(self, bench: DeskBench) -> None:
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 1000 AAPL 199.5")
        assert caught.value.limit is Limit.ORDER_VALUE
        assert not bench.store.rows
        assert bench.audit.lines == [("propose", "buy 1000 AAPL 199.5", "denied", "order value")]

    @pytest.mark.parametrize("error", [LinkDown(), UnknownSymbol("AAPL"), BrokerError(300, "no such id")])
    async def test_what_ibkr_cannot_do_is_said(self, bench: DeskBench, error: Exception) -> None:
        bench.market.quote_error = error
        with pytest.raises(type(error)):
            await bench.propose()

    async def test_before_the_first_connect_there_is_no_account_to_order_for(self, bench: DeskBench) -> None:
        bench.market.named = ()
        with pytest.raises(LinkDown):
            await bench.propose()

    @pytest.mark.parametrize("error", [NoMarketData(354, "not subscribed"), RequestTimeout("quote", 3)])
    async def test_no_quote_no_order(self, bench: DeskBench, error: Exception) -> None:
        bench.market.quote_error = error
        with pytest.raises(OrderDenied) as caught:
            await bench.propose()
        assert caught.value.limit is Limit.QUOTE_MISSING

    @pytest.mark.parametrize(
        ("error", "missing", "warned"),
        [
            (ReadOnlyApi(321, "Read-Only mode"), "read-only", False),
            (RequestTimeout("preview", 4), "timeout", False),
            (LinkDown("lost ibkr"), "lost ibkr", False),
            (BrokerError(201, "Order rejected - reason:margin"), "Order rejected - reason:margin", True),
        ],
    )
    async def test_a_missing_preview_is_said_and_does_not_stop_the_card(
        self, bench: DeskBench, error: LinkDown, missing: str, *, warned: bool
    ) -> None:
        bench.gateway.preview_error = error
        proposal = await bench.propose()
        assert (proposal.preview, proposal.preview_missing) == (None, missing)
        assert (missing in proposal.warnings) is warned

    async def test_unknown_hours_cost_a_warning_only(self, bench: DeskBench) -> None:
        bench.market.hours_error = RequestTimeout("details", 5)
        assert "trading hours not known" in (await bench.propose()).warnings


class TestConfirm:
    async def test_the_order_shown_is_sent_once_and_noted(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.SENT
        assert bench.gateway.submitted == [("sb-1-1", proposal.ticket, ACCOUNT)]
        stored = bench.store.rows[1]
        assert stored == answer.proposal
        assert stored.state is ProposalState.SUBMITTED
        assert (stored.legs[0].state, stored.legs[0].order_id) == (LegState.SENT, 101)
        assert bench.audit.lines == [
            ("propose", "#1", "proposed", "buy 10 AAPL 199.5"),
            ("confirm", "#1", "sent", ""),
        ]

    async def test_of_ten_taps_at_once_one_sends(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        answers = await asyncio.gather(*(bench.confirm(proposal) for _ in range(10)))
        assert Counter(answer.outcome for answer in answers) == {Outcome.SENT: 1, Outcome.ALREADY: 9}
        assert len(bench.gateway.submitted) == 1

    async def test_a_card_is_over_when_the_clock_was_set_back_since(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.clock.advance(-5)
        assert (await bench.confirm(proposal, card=CARD + 1)).outcome is Outcome.GONE
        bench.clock.advance(-3600)
        assert (await bench.confirm(proposal)).outcome is Outcome.EXPIRED
        assert bench.gateway.submitted == []

    async def test_a_claim_that_took_long_sends_nothing_since_what_was_checked_is_old(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        claim = bench.store.claim

        async def slowly(*given: Any, **more: Any) -> Proposal | None:
            claimed = await claim(*given, **more)
            bench.clock.advance(6)
            return claimed

        bench.store.claim = slowly  # type: ignore[method-assign]
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.TOO_SLOW
        assert bench.gateway.submitted == []
        assert bench.store.rows[1].state is ProposalState.CANCELLED
        assert (await bench.confirm(proposal)).outcome is Outcome.CANCELLED

    async def test_a_later_tap_is_told_what_became_of_the_order(self, bench: DeskBench) -> None:
        proposal = await bench.sent()
        answer = await bench.confirm(proposal)
        assert (answer.outcome, answer.detail) == (Outcome.ALREADY, "sent")

    async def test_a_card_whose_message_is_not_known_yet_cannot_be_claimed(self, bench: DeskBench) -> None:
        proposal = await bench.propose(card=None)
        assert (await bench.confirm(proposal)).outcome is Outcome.NOT_READY
        await bench.desk.shown(proposal.id, CARD)
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT

    async def test_only_its_own_person_in_its_own_chat_on_its_own_message(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        assert await bench.confirm(proposal, user_id=OTHER) == Confirmation(Outcome.NOT_YOURS)
        assert await bench.confirm(proposal, user_id=ADMIN) == Confirmation(Outcome.NOT_YOURS)
        assert await bench.confirm(proposal, chat_id=CHAT + 1) == Confirmation(Outcome.NOT_YOURS)
        assert (await bench.confirm(proposal, card=CARD + 1)).outcome is Outcome.GONE
        assert await bench.confirm(replace(proposal, token="made up")) == Confirmation(Outcome.GONE)
        assert bench.gateway.submitted == []
        assert bench.store.rows[1].state is ProposalState.PROPOSED

    async def test_it_can_be_confirmed_up_to_its_last_moment_and_not_at_its_end(self, bench: DeskBench) -> None:
        first, second = await bench.propose(), await bench.propose()
        bench.clock.advance(59.999)
        assert (await bench.confirm(first)).outcome is Outcome.SENT
        bench.clock.advance(0.001)
        answer = await bench.confirm(second)
        assert answer.outcome is Outcome.EXPIRED
        assert bench.store.rows[2].state is ProposalState.EXPIRED
        assert (await bench.confirm(second)).outcome is Outcome.EXPIRED
        assert len(bench.gateway.submitted) == 1

    async def test_time_that_runs_out_while_checking_counts(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.clock.advance(59)
        look = bench.market.fresh

        async def slow(*args: object) -> object:
            bench.clock.advance(2)
            return await look(*args)  # type: ignore[arg-type]

        bench.market.fresh = slow  # type: ignore[method-assign, assignment]
        assert (await bench.confirm(proposal)).outcome is Outcome.EXPIRED
        assert bench.gateway.submitted == []

    async def test_after_a_restart_a_live_card_still_works_once(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.desk = bench.open_desk(Limits())
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT
        bench.desk = bench.open_desk(Limits())
        assert (await bench.confirm(proposal)).outcome is Outcome.ALREADY
        assert len(bench.gateway.submitted) == 1

    async def test_who_is_no_trader_any_more_may_not(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        del bench.roles[TRADER]
        with pytest.raises(NotAllowed):
            await bench.confirm(proposal)
        assert bench.gateway.submitted == []
        assert bench.audit.lines[-1] == ("confirm", "#1", "not allowed", "trader")

    async def test_a_lost_link_leaves_the_card_standing(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.market.quote_error = LinkDown("lost ibkr")
        answer = await bench.confirm(proposal)
        assert (answer.outcome, answer.detail) == (Outcome.LINK_DOWN, "lost ibkr")
        bench.market.quote_error = None
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT

    @pytest.mark.parametrize("error", [LinkDown("closed"), ReadOnlyApi(321, "Read-Only mode")])
    async def test_a_link_lost_after_the_claim_closes_the_card_unsent(self, bench: DeskBench, error: Exception) -> None:
        proposal = await bench.propose()
        bench.gateway.submit_error = error
        assert (await bench.confirm(proposal)).outcome is Outcome.NOT_SENT
        stored = bench.store.rows[1]
        assert (stored.state, stored.legs[0].state) == (ProposalState.CANCELLED, LegState.UNSENT)
        bench.gateway.submit_error = None
        assert (await bench.confirm(proposal)).outcome is Outcome.CANCELLED
        await bench.tracker.reconcile()
        assert bench.gateway.submitted == []

    async def test_a_library_that_fails_while_sending_leaves_it_unknown_and_never_sends_again(
        self, bench: DeskBench
    ) -> None:
        proposal = await bench.propose()
        bench.gateway.submit_error = BrokerError(0, "broken pipe")
        answer = await bench.confirm(proposal)
        assert (answer.outcome, answer.detail) == (Outcome.UNKNOWN, "broken pipe")
        bench.gateway.submit_error = None
        assert (await bench.confirm(proposal)).outcome is Outcome.ALREADY
        assert bench.leg_state == "unknown"
        assert bench.gateway.submitted == []

    async def test_the_id_of_an_order_is_noted_before_it_leaves(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        seen: list[tuple[int, int, LegState]] = []

        def leaves(_ref: str) -> None:
            leg = bench.store.rows[1].legs[0]
            seen.append((leg.order_id, leg.client_id, leg.state))

        bench.gateway.during_submit = leaves
        await bench.confirm(proposal)
        assert seen == [(bench.gateway.ids[0], 17, LegState.UNSENT)]

    async def test_an_order_whose_id_cannot_be_noted_does_not_leave(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.store.failing_saves = 1
        answer = await bench.confirm(proposal)
        assert (answer.outcome, answer.detail) == (Outcome.NOT_SENT, "not noted")
        assert bench.gateway.submitted == []
        assert bench.store.rows[1].state is ProposalState.CANCELLED

    @pytest.mark.parametrize("statement", ["save_leg", "settle"])
    async def test_an_order_that_left_but_could_not_be_noted_is_told_as_sent(
        self, bench: DeskBench, statement: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        proposal = await bench.propose()
        works = getattr(bench.store, statement)

        async def full(*args: object) -> None:
            raise OSError("disk full")

        bench.gateway.during_submit = lambda _ref: setattr(bench.store, statement, full)
        bench.audit.write = full  # type: ignore[method-assign, assignment]
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.UNNOTED
        assert answer.proposal is not None
        assert answer.proposal.legs[0].state is LegState.SENT
        assert "disk full" in caplog.text
        setattr(bench.store, statement, works)
        await hear(bench, report(OrderFate.WORKING))
        assert (bench.store.rows[1].state, bench.leg_state) == (ProposalState.SUBMITTED, "working")
        assert len(bench.gateway.submitted) == 1

    async def test_an_audit_log_that_cannot_be_written_does_not_hide_what_became_of_the_order(
        self, bench: DeskBench
    ) -> None:
        proposal = await bench.propose()

        async def full(*args: object) -> None:
            raise OSError("disk full")

        bench.audit.write = full  # type: ignore[method-assign, assignment]
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT


class TestChecksAgain:
    async def test_a_moved_price_makes_a_new_card_instead_of_an_order(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.move_to(201.01)
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.DRIFTED
        new = answer.replacement
        assert new is not None
        assert (new.id, new.reference_price, new.ticket) == (2, Decimal("201.01"), proposal.ticket)
        assert new.token != proposal.token
        assert bench.store.rows[1].state is ProposalState.REPLACED
        assert (await bench.confirm(proposal)).outcome is Outcome.REPLACED
        assert bench.gateway.submitted == []
        await bench.desk.shown(new.id, 56)
        assert (await bench.confirm(new, card=56)).outcome is Outcome.SENT

    async def test_a_price_moved_just_to_the_limit_is_good_enough(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.move_to(201.0)
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT

    @pytest.mark.parametrize(
        ("text", "bid", "ask"),
        [
            ("buy 10 AAPL market", 214.0, 216.0),
            ("buy 10 AAPL market", 199.98, 201.03),
            ("sell 10 AAPL market", 198.97, 200.02),
        ],
    )
    async def test_a_quote_that_moved_before_anything_has_traded_makes_a_new_card(
        self, bench: DeskBench, text: str, bid: float, ask: float
    ) -> None:
        proposal = await bench.propose(text)
        bench.market.bid, bench.market.ask = bid, ask
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.DRIFTED
        assert answer.replacement is not None
        assert (answer.replacement.bid, answer.replacement.ask) == (Decimal(str(bid)), Decimal(str(ask)))
        assert bench.gateway.submitted == []

    @pytest.mark.parametrize(
        ("text", "bid", "ask"), [("buy 1 AAPL market", 150, 200), ("sell 1 AAPL market", 200, 250)]
    )
    async def test_the_far_side_of_the_book_may_move(self, bench: DeskBench, text: str, bid: float, ask: float) -> None:
        proposal = await bench.propose(text)
        bench.market.bid, bench.market.ask = bid, ask
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT

    @pytest.mark.parametrize(("bid", "ask"), [(None, None), (199.98, None)])
    async def test_a_side_that_is_gone_is_replaced_by_the_last_price_unless_any_price_would_be_paid(
        self, bench: DeskBench, bid: float | None, ask: float | None
    ) -> None:
        limited, at_market = await bench.propose("buy 1 AAPL 200.5"), await bench.propose("buy 1 AAPL market")
        bench.market.bid, bench.market.ask = bid, ask
        assert (await bench.confirm(limited)).outcome is Outcome.SENT
        answer = await bench.confirm(at_market)
        assert answer.outcome is Outcome.DRIFTED
        assert answer.replacement is not None
        # The new card shows that nobody stands there.
        await bench.desk.shown(answer.replacement.id, CARD)
        assert (await bench.confirm(answer.replacement)).outcome is Outcome.SENT
        assert bench.gateway.submitted

    async def test_of_two_taps_on_a_moved_price_one_makes_the_new_card(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.move_to(198.0)
        answers = await asyncio.gather(bench.confirm(proposal), bench.confirm(proposal))
        assert sorted(answer.outcome for answer in answers) == [Outcome.DRIFTED, Outcome.REPLACED]
        assert len(bench.store.rows) == 2

    async def test_a_limit_that_forbids_it_now_denies_it(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.market.age_s = 60.5
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.DENIED
        assert answer.denial is not None
        assert answer.denial.limit is Limit.QUOTE_AGE
        assert bench.store.rows[1].state is ProposalState.DENIED
        bench.market.age_s = 0
        assert (await bench.confirm(proposal)).outcome is Outcome.DENIED
        assert bench.gateway.submitted == []

    @pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING, OSError("unreadable")])
    async def test_a_halt_stops_what_was_proposed_before(self, bench: DeskBench, state: TradingState | OSError) -> None:
        proposal = await bench.propose()
        bench.state = state
        answer = await bench.confirm(proposal)
        assert answer.outcome is Outcome.DENIED
        assert answer.denial is not None
        assert answer.denial.limit is Limit.TRADING_STATE
        assert bench.gateway.submitted == []

    async def test_a_halt_during_the_claim_stops_it_at_the_last_line(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        claim = bench.store.claim

        async def halted_meanwhile(*args: object, **kwargs: object) -> object:
            bench.state = TradingState.HALTED
            return await claim(*args, **kwargs)  # type: ignore[arg-type]

        bench.store.claim = halted_meanwhile  # type: ignore[method-assign, assignment]
        assert (await bench.confirm(proposal)).outcome is Outcome.DENIED
        assert bench.store.rows[1].state is ProposalState.DENIED
        assert bench.gateway.submitted == []

    async def test_orders_per_minute_hold_for_confirms_at_once(self) -> None:
        bench = DeskBench(Limits(orders_per_minute=2))
        cards = [await bench.propose() for _ in range(4)]
        answers = await asyncio.gather(*(bench.confirm(card) for card in cards))
        assert Counter(answer.outcome for answer in answers) == {Outcome.SENT: 2, Outcome.DENIED: 2}
        assert len(bench.gateway.submitted) == 2
        with pytest.raises(OrderDenied):
            await bench.propose()
        bench.clock.advance(60)
        assert (await bench.confirm(await bench.propose())).outcome is Outcome.SENT


class TestCancel:
    async def test_the_cards_own_cancel(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        where = {"user_id": TRADER, "chat_id": CHAT, "message_id": CARD}
        assert (await bench.desk.cancel(proposal.token, **where)).outcome is Outcome.CANCELLED
        assert (await bench.confirm(proposal)).outcome is Outcome.CANCELLED
        assert bench.gateway.submitted == []

    async def test_what_is_sent_cannot_be_cancelled_on_its_card(self, bench: DeskBench) -> None:
        proposal = await bench.sent()
        answer = await bench.desk.cancel(proposal.token, user_id=TRADER, chat_id=CHAT)
        assert answer.outcome is Outcome.ALREADY

    async def test_nobody_cancels_anothers_card(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        for user, chat in ((OTHER, CHAT), (TRADER, CHAT + 1)):
            assert (await bench.desk.cancel(proposal.token, user_id=user, chat_id=chat)).outcome is Outcome.NOT_YOURS
        old_copy = await bench.desk.cancel(proposal.token, user_id=TRADER, chat_id=CHAT, message_id=CARD + 1)
        assert old_copy.outcome is Outcome.GONE
        assert (await bench.desk.cancel("made up", user_id=TRADER, chat_id=CHAT)).outcome is Outcome.GONE
        assert bench.store.rows[1].state is ProposalState.PROPOSED

    @pytest.mark.parametrize("user", [TRADER, ADMIN])
    async def test_a_working_order_is_cancelled_by_its_person_or_an_admin(self, bench: DeskBench, user: int) -> None:
        await bench.sent()
        await bench.desk.cancel_order(1, user_id=user, chat_id=CHAT)
        assert bench.gateway.cancelled == [101]

    async def test_what_was_done_is_told_though_the_audit_log_cannot_be_written(self, bench: DeskBench) -> None:
        await bench.sent()
        card = await bench.propose()

        async def full(*_: object) -> None:
            raise OSError

        bench.audit.write = full  # type: ignore[method-assign]
        await bench.desk.cancel_order(1, user_id=TRADER, chat_id=CHAT)
        assert bench.gateway.cancelled == [101]
        answer = await bench.desk.cancel(card.token, user_id=TRADER, chat_id=CHAT)
        assert answer.outcome is Outcome.CANCELLED

    async def test_what_does_not_work_cannot_be_cancelled(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        with pytest.raises(OrderGone):
            await bench.desk.cancel_order(proposal.id, user_id=TRADER, chat_id=CHAT)
        with pytest.raises(ProposalGone):
            await bench.desk.cancel_order(proposal.id, user_id=OTHER, chat_id=CHAT)
        with pytest.raises(ProposalGone):
            await bench.desk.cancel_order(99, user_id=TRADER, chat_id=CHAT)
        with pytest.raises(NotAllowed):
            await bench.desk.cancel_order(proposal.id, user_id=VIEWER, chat_id=CHAT)
        assert bench.gateway.cancelled == []


class TestEnds:
    async def test_cards_expire_once_when_their_time_is_up(self, bench: DeskBench) -> None:
        await bench.propose()
        sent = await bench.propose()
        await bench.confirm(sent)
        bench.clock.advance(59.9)
        assert await bench.desk.expire_due() == []
        bench.clock.advance(0.1)
        assert [(p.id, p.state) for p in await bench.desk.expire_due()] == [(1, ProposalState.EXPIRED)]
        assert await bench.desk.expire_due() == []

    async def test_a_shutdown_cancels_every_unconfirmed_card(self, bench: DeskBench) -> None:
        first = await bench.propose()
        await bench.sent()
        assert [p.id for p in await bench.desk.cancel_all_proposed()] == [first.id]
        assert bench.store.rows[1].state is ProposalState.CANCELLED
        assert bench.store.rows[2].state is ProposalState.SUBMITTED

    async def test_a_void_card_is_dead(self, bench: DeskBench) -> None:
        proposal = await bench.propose(card=None)
        assert await bench.desk.void(proposal.id)
        assert not await bench.desk.void(proposal.id)
        assert (await bench.confirm(proposal)).outcome is Outcome.GONE


async def test_a_card_whose_message_was_never_noted_is_void_after_a_restart(bench: DeskBench) -> None:
    unshown, shown = await bench.propose(card=None), await bench.propose()
    assert await bench.desk.void_unshown() == 1
    assert bench.store.rows[unshown.id].state is ProposalState.VOID
    assert bench.store.rows[shown.id].state is ProposalState.PROPOSED
    assert await bench.desk.void_unshown() == 0
