"""/limits and /audit as people use them."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.limit_settings import LimitSettings
from bot.views.limits import LABELS, limits
from market.instrument import SecType
from tests.fakes.chat import ADMIN, TRADER, Chat
from tests.fakes.golden import check_golden
from tests.fakes.guards import MemoryTightenings
from tests.fakes.steps import FakePhone
from trading.bounds import Limits, tighter, with_limit
from trading.errors import LimitNotTighter, LimitUnreadable
from trading.limit_book import EVERYBODY, NAMES, LimitBook, read, written
from trading.second_step import Policy, StepKind

LINE = "buy 10 AAPL 199.5"
OTHER = 444


@pytest.fixture
def chat() -> Chat:
    return Chat()


class TestLimits:
    async def test_a_trader_sees_what_holds(self, chat: Chat) -> None:
        said = await chat.say("/limits")
        assert "order value: 50,000" in said
        assert "instrument kinds: STK" in said
        assert "Tightened here" not in said

    async def test_an_admin_tightens_for_everybody_and_for_one_person(self, chat: Chat) -> None:
        said = await chat.say("/limits order value 5,000", ADMIN)
        assert said.splitlines()[0] == "✅ order value for everybody: 5,000"
        assert "order value: 5,000 (tightened from 50,000)" in said
        await chat.say(f"/limits {TRADER} order_value 1000", ADMIN)
        assert "the most allowed is $1,000.00" in await chat.say(LINE)
        assert "the most allowed is" not in await chat.say(LINE, ADMIN)
        assert "the most allowed is $5,000.00" in await chat.say("buy 30 AAPL 199.5", ADMIN)
        assert ("limit", str(TRADER), "order_value", "1000") in chat.audit.lines

    async def test_nobody_allows_more_than_the_settings(self, chat: Chat) -> None:
        said = await chat.say("/limits order_value 60000", ADMIN)
        assert "allow no more than that anyway" in said
        assert chat.limit_book.of(TRADER) == Limits()

    async def test_what_was_tightened_is_taken_back_to_the_settings(self, chat: Chat) -> None:
        await chat.say("/limits order_value 5000", ADMIN)
        assert "order value for everybody: as the settings say" in await chat.say("/limits order value reset", ADMIN)
        assert chat.limit_book.of(TRADER) == Limits()
        assert "is not tightened here" in await chat.say("/limits order value reset", ADMIN)

    @pytest.mark.parametrize(
        "line", ["/limits order_value many", "/limits order_value -5", "/limits order_value", "/limits moon 5"]
    )
    async def test_what_makes_no_sense_changes_nothing_and_is_told_with_what_would(self, chat: Chat, line: str) -> None:
        said = await chat.say(line, ADMIN)
        assert "Nothing was changed." in said
        assert chat.limit_book.of(TRADER) == Limits()

    async def test_a_trader_changes_nothing(self, chat: Chat) -> None:
        await chat.say("/limits order_value 1")
        assert chat.limit_book.of(TRADER) == Limits()

    async def test_one_that_is_read_late_changes_nothing(self, chat: Chat) -> None:
        await chat.say("/limits order_value 1", ADMIN, age_s=3600)
        assert chat.limit_book.of(TRADER) == Limits()

    async def test_with_codes_on_allowing_more_again_takes_one(self, chat: Chat) -> None:
        phone = FakePhone(chat.clock)
        chat.second_step.policy = Policy(StepKind.CODE, Decimal(0))
        await chat.second_step.enrol(ADMIN)
        await chat.second_step.confirm_first(ADMIN, phone.code())
        chat.clock.advance(60)
        await chat.say("/limits order_value 5000", ADMIN)
        for line in (
            "/limits order_value reset",
            "/limits order_value 6000",
            f"/limits order_value 6000 {phone.wrong()}",
        ):
            await chat.say(line, ADMIN)
            assert chat.limit_book.of(TRADER).order_value == 5000
        await chat.say("/limits order_value 4000", ADMIN)
        assert chat.limit_book.of(TRADER).order_value == 4000
        await chat.say(f"/limits order_value 6000 {phone.code()}", ADMIN)
        assert chat.limit_book.of(TRADER).order_value == 6000
        chat.clock.advance(60)
        await chat.say(f"/limits order_value reset {phone.code()}", ADMIN)
        assert chat.limit_book.of(TRADER) == Limits()
        assert len(chat.reply.deleted) == 3

    async def test_every_name_can_be_set_as_its_example_says(self, chat: Chat) -> None:
        for name in NAMES:
            said = await chat.say(f"/limits {name} nonsense <&>", ADMIN)
            if "This would do" in said:
                example = said.rpartition("This would do: ")[2]
                answer = await chat.say(example, ADMIN)
                assert answer.startswith(("✅", "🛂")), (example, answer)

    @pytest.mark.parametrize(
        "line",
        [
            "/limits net_liquidation_pct 2,5",
            "/limits daily_loss 1,5",
            "/limits order_value 20.000",
            "/limits order_value 1e3",
            "/limits orders per minute 2.5",
            "/limits duplicate_s ٣0",
            "/limits symbols AAPL off",
        ],
    )
    async def test_a_value_that_can_be_read_in_two_ways_is_refused(self, chat: Chat, line: str) -> None:
        said = await chat.say(line, ADMIN)
        assert said.splitlines()[0].endswith("Nothing was changed.")
        assert chat.limit_book.of(TRADER) == Limits()

    @pytest.mark.parametrize("value", ["100.1250", "12,345.500", "0.125"])
    async def test_whatever_can_be_set_can_be_read_again(self, chat: Chat, value: str) -> None:
        await chat.say(f"/limits order_value {value}", ADMIN)
        assert chat.limit_book.of(TRADER).order_value == Decimal(value.replace(",", ""))

    async def test_the_answer_says_what_is_in_force(self, chat: Chat) -> None:
        await chat.say("/limits order_value 1000", ADMIN)
        said = await chat.say(f"/limits {TRADER} order_value 5,000", ADMIN)
        assert said.splitlines()[0] == f"✅ order value for {TRADER}: 1,000"

    async def test_off_lifts_what_was_tightened(self, chat: Chat) -> None:
        await chat.say("/limits symbols AAPL", ADMIN)
        said = await chat.say("/limits symbols off", ADMIN)
        assert said.splitlines()[0] == "✅ symbols allowed for everybody: as the settings say"
        assert chat.limit_book.of(TRADER).symbols is None

    @pytest.mark.parametrize("whom", ["2222", "9" * 23, "0", "٣", "0222"])
    async def test_an_id_that_nobody_has_is_refused(self, chat: Chat, whom: str) -> None:
        said = await chat.say(f"/limits {whom} order_value 500", ADMIN)
        assert said.startswith("🤔 Nobody here has the id")
        assert chat.limit_book.tightened == []

    async def test_six_digits_are_a_symbol_where_no_code_is_needed(self, chat: Chat) -> None:
        phone = FakePhone(chat.clock)
        chat.second_step.policy = Policy(StepKind.CODE, Decimal(0))
        await chat.second_step.enrol(ADMIN)
        await chat.second_step.confirm_first(ADMIN, phone.code())
        chat.clock.advance(60)
        await chat.say("/limits symbols AAPL 600519", ADMIN)
        assert chat.limit_book.of(TRADER).symbols == {"AAPL", "600519"}
        await chat.say(f"/limits symbols AAPL SPY {phone.wrong()}", ADMIN)
        assert chat.limit_book.of(TRADER).symbols == {"AAPL", "600519"}
        await chat.say(f"/limits symbols AAPL SPY {phone.code()}", ADMIN)
        assert chat.limit_book.of(TRADER).symbols == {"AAPL", "SPY"}


class TestBook:
    @pytest.mark.parametrize(
        ("name", "ceiling", "value", "holds"),
        [
            ("order_value", Decimal(50), Decimal(40), Decimal(40)),
            ("order_value", Decimal(50), Decimal(60), Decimal(50)),
            ("order_value", None, Decimal(60), Decimal(60)),
            ("duplicate_s", 10.0, 20.0, 20.0),
            ("duplicate_s", 10.0, 5.0, 10.0),
            ("symbols", None, frozenset({"AAPL"}), frozenset({"AAPL"})),
            ("symbols", frozenset({"SPY"}), frozenset({"AAPL", "SPY"}), frozenset({"SPY"})),
            ("forbidden", frozenset({"GME"}), frozenset({"AMC"}), frozenset({"GME", "AMC"})),
            ("kinds", frozenset(SecType), frozenset({SecType.OPTION}), frozenset({SecType.OPTION})),
            ("short_selling", True, False, False),
            ("short_selling", False, True, False),
            ("closed_market", True, False, False),
            ("buying_power", False, True, True),
            ("buying_power", True, False, True),
        ],
    )
    def test_of_two_the_tighter_one_holds(self, name: str, ceiling: object, value: object, holds: object) -> None:
        limits = replace(Limits(), **{name: ceiling})
        assert getattr(with_limit(limits, name, value), name) == holds
        assert tighter(name, value, ceiling) == holds

    async def test_a_ceiling_that_was_lowered_since_holds_over_what_was_set_before(self) -> None:
        store = MemoryTightenings()
        now = Chat().clock.now()
        before = LimitBook(Limits(), store)
        await before.tighten("order_value", "20000", user_id=EVERYBODY, by=ADMIN, at=now)
        after = LimitBook(Limits(order_value=Decimal(10_000)), store)
        await after.load()
        assert after.of(TRADER).order_value == 10_000

    async def test_of_everybodys_and_a_persons_own_the_tighter_one_holds(self) -> None:
        book, now = LimitBook(Limits(), MemoryTightenings()), Chat().clock.now()
        await book.tighten("daily_loss", "500", user_id=EVERYBODY, by=ADMIN, at=now)
        await book.tighten("daily_loss", "800", user_id=TRADER, by=ADMIN, at=now)
        await book.tighten("daily_loss", "300", user_id=OTHER, by=ADMIN, at=now)
        assert [book.of(user).daily_loss for user in (TRADER, OTHER, ADMIN)] == [500, 300, 500]

    async def test_a_value_that_is_no_tighter_is_refused(self) -> None:
        book, now = LimitBook(Limits(), MemoryTightenings()), Chat().clock.now()
        for name, value in (
            ("order_value", "50000"),
            ("kinds", "STK OPT"),
            ("buying_power", "off"),
            ("duplicate_s", "1"),
        ):
            limits = book if name != "duplicate_s" else LimitBook(Limits(duplicate_s=5.0), MemoryTightenings())
            with pytest.raises(LimitNotTighter):
                await limits.tighten(name, value, user_id=EVERYBODY, by=ADMIN, at=now)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("order_value", "NaN"),
            ("order_value", "Infinity"),
            ("orders_per_minute", "1.5"),
            ("kinds", "XX"),
            ("x", "1"),
        ],
    )
    def test_what_is_no_value_is_told(self, name: str, value: str) -> None:
        with pytest.raises(LimitUnreadable):
            read(name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("order_value", Decimal("1234.50")),
            ("quote_age_s", 15.5),
            ("orders_per_minute", 3),
            ("symbols", frozenset({"AAPL", "BRK.B"})),
            ("kinds", frozenset({SecType.STOCK, SecType.OPTION})),
            ("closed_market", False),
        ],
    )
    def test_what_is_written_reads_back(self, name: str, value: object) -> None:
        assert read(name, written(name, value)) == value


class TestSettings:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)

    def test_each_limit_has_a_setting_and_a_label(self) -> None:
        assert {name.removeprefix("limit_") for name in LimitSettings.model_fields} == set(NAMES) == set(LABELS)

    def test_they_say_what_the_limits_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = {
            "LIMIT_ORDER_VALUE": "off",
            "LIMIT_KINDS": "stk, opt",
            "LIMIT_FORBIDDEN": "gme amc",
            "LIMIT_SHORT_SELLING": "on",
            "LIMIT_DAILY_LOSS": "750.50",
            "LIMIT_SYMBOLS": "AAPL",
        }
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        limits = LimitSettings().limits
        assert limits.order_value is None
        assert limits.kinds == {SecType.STOCK, SecType.OPTION}
        assert (limits.forbidden, limits.symbols) == ({"GME", "AMC"}, {"AAPL"})
        assert (limits.short_selling, limits.daily_loss) == (True, Decimal("750.50"))

    @pytest.mark.parametrize("name", ["LIMIT_SYMBOLS", "LIMIT_KINDS", "LIMIT_FORBIDDEN", "LIMIT_DUPLICATE_S"])
    def test_what_is_off_forbids_nothing(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "off")
        assert not getattr(LimitSettings(), name.lower())

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("LIMIT_ORDER_VALUE", "0"),
            ("LIMIT_KINDS", "STOCKS"),
            ("LIMIT_SHORT_SELLING", "maybe"),
            ("LIMIT_SYMBOLS", ","),
        ],
    )
    def test_a_wrong_one_is_refused(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ValueError, match=name.lower()):
            LimitSettings()


def rows_of_the_guide() -> list[tuple[str, str]]:
    """Return setting and default of each row of docs/guards.md."""
    guide = (Path(__file__).parents[3] / "docs" / "guards.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `LIMIT_(\w+)` \| ([^|]+) \|", guide, re.MULTILINE)


def test_the_guide_has_each_limit_with_its_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    usual = LimitSettings().limits
    rows = {name.lower(): default for name, default in rows_of_the_guide()}
    assert set(rows) == set(NAMES)
    for name, default in rows.items():
        value = getattr(usual, name)
        assert default == {"symbols": "all", "forbidden": "none"}.get(name, written(name, value)), name


class TestAudit:
    async def test_an_admin_pages_through_who_did_what(self, chat: Chat) -> None:
        for number in range(20):
            await chat.say(f"/limits order_value {4000 + number}", ADMIN)
        said = await chat.say("/audit", ADMIN)
        assert "20 lines" in said
        assert said.splitlines()[1].endswith("order_value 4019")
        await chat.tap("▶️", ADMIN)
        assert chat.reply.text.splitlines()[1].endswith("order_value 4007")
        assert chat.reply.text.splitlines()[-1].endswith("order_value 4000")

    async def test_nobody_else_does(self, chat: Chat) -> None:
        await chat.say("/limits order_value 4000", ADMIN)
        assert "order_value" not in await chat.say("/audit")

    async def test_what_was_written_by_people_is_no_markup(self, chat: Chat) -> None:
        await chat.audit.write(chat.clock.now(), ADMIN, -5, "a<b>", "", "x&y", "<i>")
        said = await chat.say("/audit", ADMIN)
        assert "a<b> → x&y <i>" in said
        assert "in -5" in said

    async def test_an_empty_one_says_so(self, chat: Chat) -> None:
        assert "is empty" in await chat.say("/audit", ADMIN)


async def test_what_an_admin_sees(chat: Chat) -> None:
    await chat.say("/limits order_value 4000", ADMIN)
    await chat.say(f"/limits {TRADER} symbols AAPL SPY", ADMIN)
    check_golden("limits", limits(chat.limit_book.held(TRADER), chat.limit_book.tightened, is_admin=True))
