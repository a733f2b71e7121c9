"""/halt, /reduce and /resume as people use them, and what stops trading without anybody."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.guard_watch import GuardWatch
from bot.views.notices import notice
from market.account import Position
from market.errors import LinkDown
from storage.errors import StorageUnavailable
from tests.fakes.chat import ADMIN, TRADER, VIEWER, Chat
from tests.fakes.guards import MemoryMoments
from tests.fakes.reply import check_message
from tests.fakes.steps import FakePhone
from tests.fakes.trading import AAPL, ACCOUNT
from trading.loss_lock import DayLost, LossLock
from trading.proposal import ProposalState
from trading.second_step import Policy, StepKind
from trading.state import StateChange, TradingState

LINE = "buy 10 AAPL 199.5"


@pytest.fixture
def chat() -> Chat:
    return Chat()


def plain(chat: Chat, message_id: int) -> str:
    """Return the text that a message shows now."""
    return check_message(chat.reply.shown[message_id])


class TestHalt:
    async def test_it_closes_the_open_cards_and_says_so_on_each(self, chat: Chat) -> None:
        await chat.say(LINE)
        card = chat.reply.last_id
        said = await chat.say("/halt")
        assert said.splitlines()[0] == "🔒 Trading is halted. Nothing was sent to the market. · PAPER"
        assert "1 open card was closed unsent." in said
        assert "/halt cancel" in said
        assert "Denied by a limit of ours: trading is halted." in plain(chat, card)
        assert chat.store.rows[1].state is ProposalState.DENIED
        assert chat.told_of_trading == [(TradingState.HALTED, TRADER)]
        assert ("trading state", "", "halted", "") in chat.audit.lines

    async def test_no_order_leaves_then_and_none_is_carded(self, chat: Chat) -> None:
        await chat.say("/lock")
        assert "trading is halted" in await chat.say(LINE)
        assert chat.gateway.submitted == []

    async def test_a_card_pressed_at_the_same_moment_sends_nothing(self, chat: Chat) -> None:
        await chat.say(LINE)
        card = chat.reply.last_id
        confirm = chat.button("✅", on=card).data
        await chat.say("/halt", ADMIN)
        await chat.press(confirm, card)
        assert chat.gateway.submitted == []

    async def test_with_cancel_the_working_orders_go_too(self, chat: Chat) -> None:
        await chat.say(LINE)
        await chat.tap("✅")
        said = await chat.say("/halt cancel", ADMIN)
        assert "IBKR is asked to cancel 1 order;" in said
        assert chat.gateway.cancelled == [101]

    async def test_what_could_not_be_cancelled_is_said_and_trading_is_halted_all_the_same(self, chat: Chat) -> None:
        await chat.say(LINE)
        await chat.tap("✅")

        async def down(*_args: object) -> None:
            raise LinkDown

        chat.gateway.cancel = down  # type: ignore[method-assign]
        said = await chat.say("/halt cancel")
        assert "IBKR could not be asked to cancel everything: #1 (the link is down). That may still work" in said
        assert "No order was working" not in said
        assert chat.switch() is TradingState.HALTED

    async def test_a_halt_that_cannot_be_stored_holds_and_says_for_how_long(self, chat: Chat) -> None:
        chat.states.error = StorageUnavailable("disk full")
        said = await chat.say("/halt")
        assert said.splitlines()[0].startswith("🔒 Trading is halted.")
        assert "it holds until I am restarted" in said
        assert chat.switch() is TradingState.HALTED

    async def test_a_halt_counts_however_late_it_is_read(self, chat: Chat) -> None:
        await chat.say("/halt", age_s=3600)
        assert chat.switch() is TradingState.HALTED

    async def test_a_viewer_may_not(self, chat: Chat) -> None:
        await chat.say("/halt", VIEWER)
        assert chat.switch() is TradingState.ACTIVE


class TestReduce:
    async def test_only_what_makes_a_position_smaller_goes_then(self, chat: Chat) -> None:
        said = await chat.say("/reduce")
        assert said.splitlines()[0] == "🔻 Trading is reducing. Nothing was sent to the market. · PAPER"
        assert "would not make a position smaller" in await chat.say(LINE)
        chat.floor.held_positions = [Position(ACCOUNT, AAPL, Decimal(10), Decimal(150))]
        assert "trading is reducing" not in await chat.say("sell 10 AAPL 199.5")

    async def test_a_trader_does_not_soften_a_halt(self, chat: Chat) -> None:
        await chat.say("/halt", ADMIN)
        assert "Only an admin can allow more" in await chat.say("/reduce")
        assert chat.switch() is TradingState.HALTED
        await chat.say("/reduce", ADMIN)
        assert chat.switch() is TradingState.REDUCING

    async def test_one_that_is_read_late_changes_nothing(self, chat: Chat) -> None:
        await chat.say("/reduce", age_s=3600)
        assert chat.switch() is TradingState.ACTIVE


class TestResume:
    async def test_an_admin_resumes_and_all_hear_of_it(self, chat: Chat) -> None:
        await chat.say("/halt")
        said = await chat.say("/resume", ADMIN)
        assert said.splitlines()[0] == "▶️ Trading is active. Nothing was sent to the market. · PAPER"
        assert chat.switch() is TradingState.ACTIVE
        assert chat.told_of_trading[-1] == (TradingState.ACTIVE, ADMIN)
        await chat.say(LINE)
        await chat.tap("✅")
        assert len(chat.gateway.submitted) == 1

    async def test_a_trader_does_not(self, chat: Chat) -> None:
        await chat.say("/halt")
        await chat.say("/resume")
        assert chat.switch() is TradingState.HALTED

    async def test_the_hosts_halt_is_not_lifted_from_the_chat(self, chat: Chat) -> None:
        chat.mark.here = True
        said = await chat.say("/resume", ADMIN)
        assert said.splitlines()[0].startswith("🔒 Trading stays halted by the host.")
        assert "squawkbot resume" in said
        assert chat.switch() is TradingState.HALTED

    async def test_what_cannot_be_stored_is_not_resumed(self, chat: Chat) -> None:
        await chat.say("/halt", ADMIN)
        chat.states.error = StorageUnavailable("disk full")
        await chat.say("/resume", ADMIN)
        assert chat.switch() is TradingState.HALTED

    async def test_with_codes_on_it_takes_one_and_deletes_it(self, chat: Chat) -> None:
        phone = FakePhone(chat.clock)
        chat.second_step.policy = Policy(StepKind.CODE, Decimal(1000))
        await enrolled(chat, phone)
        await chat.say("/halt", ADMIN)
        assert "/resume 123456" in await chat.say("/resume", ADMIN)
        assert "/reduce 123456" in await chat.say("/reduce", ADMIN)
        assert "That is not the code" in await chat.say(f"/resume {phone.wrong()}", ADMIN)
        assert chat.switch() is TradingState.HALTED
        await chat.say(f"/resume {phone.code()}", ADMIN)
        assert chat.switch() is TradingState.ACTIVE
        assert len(chat.reply.deleted) == 2


async def enrolled(chat: Chat, phone: FakePhone) -> None:
    """Set up the admin's authenticator app."""
    secret = await chat.second_step.enrol(ADMIN)
    assert secret is not None
    await chat.second_step.confirm_first(ADMIN, phone.code())
    chat.clock.advance(60)


class Watched:
    """A watch over a chat's switch and account, and what it told."""

    def __init__(self, chat: Chat, limit: Decimal | None = Decimal(500)) -> None:
        self.chat = chat
        self.moments = MemoryMoments()
        self.losses = LossLock(lambda: limit, chat.floor, self.moments, chat.clock)
        self.told: list[bool | DayLost] = []
        self.closings = 0
        self.watch = GuardWatch(
            chat.switch,
            self.losses,
            close_cards=self._close,
            host_halted=self._told,
            day_lost=self._told,
            audit=chat.audit,
            clock=chat.clock,
        )

    async def _close(self) -> int:
        self.closings += 1
        return await self.chat.handlers.orders.halt()

    async def _told(self, what: bool | DayLost) -> None:
        self.told.append(what)

    def profit(self, amount: str | None) -> None:
        known = self.chat.floor.summaries[ACCOUNT]
        self.chat.floor.summaries[ACCOUNT] = replace(known, daily_pnl=None if amount is None else Decimal(amount))


@pytest.fixture
def watched(chat: Chat) -> Watched:
    return Watched(chat)


class TestHost:
    async def test_a_halt_by_the_host_closes_the_cards_and_is_told_once(self, chat: Chat, watched: Watched) -> None:
        await chat.say(LINE)
        card = chat.reply.last_id
        await watched.watch.look()
        assert watched.told == []
        chat.mark.here = True
        for _ in range(2):
            await watched.watch.look()
        assert (watched.told, watched.closings) == ([True], 1)
        assert "trading is halted" in plain(chat, card)
        chat.mark.here = False
        for _ in range(2):
            await watched.watch.look()
        assert watched.told == [True, False]
        assert [line for line in chat.audit.lines if line[0] == "halt file"] == [
            ("halt file", "", "there", ""),
            ("halt file", "", "gone", ""),
        ]

    async def test_a_mark_that_cannot_be_read_halts(self, chat: Chat, watched: Watched) -> None:
        chat.mark.error = PermissionError()
        await watched.watch.look()
        assert watched.told == [True]
        assert "trading is halted" in await chat.say(LINE)


class TestLoss:
    @pytest.mark.parametrize(
        ("profit", "is_lost"), [("-499.99", False), ("-500.00", True), ("12", False), (None, False)]
    )
    async def test_a_day_is_over_at_its_limit(self, watched: Watched, profit: str | None, is_lost: bool) -> None:
        watched.profit(profit)
        await watched.watch.look()
        assert bool(watched.told) is is_lost
        assert (watched.losses.since(ACCOUNT) is not None) is is_lost

    async def test_it_stays_over_when_the_loss_is_made_good_and_after_a_restart_until_midnight(
        self, chat: Chat, watched: Watched
    ) -> None:
        watched.profit("-600")
        for _ in range(2):
            await watched.watch.look()
        assert watched.told == [DayLost(ACCOUNT, Decimal(600), Decimal(500), "USD")]
        watched.profit("100")
        await watched.watch.look()
        again = LossLock(lambda: Decimal(500), chat.floor, watched.moments, chat.clock)
        await again.load()
        assert again.since(ACCOUNT) == chat.clock.now()
        # It is 10:00 in New York.
        chat.clock.advance(timedelta(hours=14).total_seconds() - 1)
        assert again.since(ACCOUNT) is not None
        chat.clock.advance(1)
        assert again.since(ACCOUNT) is None
        assert await again.look() == []

    async def test_one_that_cannot_be_stored_holds_at_once_and_is_stored_and_told_later(self, watched: Watched) -> None:
        watched.moments.error = StorageUnavailable("locked")
        watched.profit("-600")
        with pytest.raises(StorageUnavailable):
            await watched.watch.look()
        assert watched.losses.since(ACCOUNT) is not None
        watched.moments.error = None
        watched.profit("100")
        await watched.watch.look()
        assert watched.told == [DayLost(ACCOUNT, Decimal(600), Decimal(500), "USD")]
        assert list(watched.moments.rows) == [f"loss:{ACCOUNT}"]

    async def test_without_a_limit_nothing_is_locked(self, chat: Chat) -> None:
        watched = Watched(chat, None)
        watched.profit("-1000000")
        await watched.watch.look()
        assert watched.told == []


def test_a_day_that_is_over_is_told_with_its_loss_and_the_limit(chat: Chat) -> None:
    payload = {
        "notice": "day lost",
        "at": chat.clock.now().isoformat(),
        "account": ACCOUNT,
        "loss": "512.40",
        "limit": "500",
        "currency": "USD",
    }
    said = check_message(notice(payload, now=chat.clock.now(), zone=ZoneInfo("America/New_York")))
    assert said.splitlines()[0] == f"🔒 The day is over for {ACCOUNT}: it has lost $512.40, and $500.00 is the limit."


class TestSwitch:
    async def test_before_it_knows_nothing_goes(self, chat: Chat) -> None:
        chat.trading_state = TradingState.HALTED
        await chat.switch.load()
        assert chat.switch() is TradingState.ACTIVE
        assert chat.switch.change is None

    async def test_of_a_resume_and_a_halt_at_once_the_later_one_holds(self, chat: Chat) -> None:
        now = chat.clock.now()
        await chat.switch.set(TradingState.REDUCING, user_id=ADMIN, at=now)
        add = chat.states.add

        async def halted_meanwhile(change: StateChange) -> None:
            chat.states.add = add  # type: ignore[method-assign]
            await chat.switch.set(TradingState.HALTED, user_id=TRADER, at=now)
            await add(change)

        chat.states.add = halted_meanwhile  # type: ignore[method-assign]
        await chat.switch.set(TradingState.ACTIVE, user_id=ADMIN, at=now)
        assert chat.switch() is TradingState.HALTED

    async def test_a_halt_holds_while_it_is_being_stored_and_a_resume_only_then(self, chat: Chat) -> None:
        seen: list[TradingState] = []
        add = chat.states.add

        async def look(change: StateChange) -> None:
            seen.append(chat.switch())
            await add(change)

        chat.states.add = look  # type: ignore[method-assign]
        for state in (TradingState.HALTED, TradingState.ACTIVE):
            await chat.switch.set(state, user_id=ADMIN, at=chat.clock.now())
        assert seen == [TradingState.HALTED, TradingState.HALTED]
        assert chat.switch() is TradingState.ACTIVE
