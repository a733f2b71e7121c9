"""What is wrong while the link is up: told once it lasts, edited as it changes, and when it is over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from alerts.rule import Rule
from bot.notices import Standing
from bot.trouble_watch import Troubles, TroubleWatch
from bot.views.notices import Notice
from bot.views.trouble import Trouble
from broker.status import LinkState, LinkStatus
from market.instrument import Instrument
from market.quote import DataKind
from storage.errors import StorageUnavailable
from tests.fakes.clock import FakeClock
from tests.unit.alerts.drafts import rule

AAPL, MSFT = Instrument(265598, "AAPL"), Instrument(272093, "MSFT")
RIVAL = "IBKR 10197: No market data during competing live session"


class FakeNotices:
    """Remembers what was told, and to whom."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Notice, str | None, dict[str, Any]]] = []
        self.keys: list[str] = []
        self.blinded: list[int] = []
        self.left: list[Standing] = []
        self.failures = 0

    async def standing(self, prefix: str) -> list[Standing]:
        return [one for one in self.left if one.key.startswith(prefix)]

    async def chats(self, *, admins_only: bool = False) -> tuple[int, ...]:
        return (111,) if admins_only else (111, 222)

    async def tell(
        self, chats: Iterable[int], notice: Notice, key: str, *, edits: str | None = None, **fields: Any
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("full")
        self.keys.append(key)
        self.told += [(chat_id, notice, edits, fields) for chat_id in chats]

    async def blind(self, one: Rule) -> None:
        self.blinded.append(one.id)


class FakeData:
    """The tick feed's lines."""

    def __init__(self) -> None:
        self.rivals: list[Instrument] = []
        self.kinds: dict[Instrument, DataKind] = {}

    def rivalled(self) -> Sequence[Instrument]:
        return self.rivals

    def not_live(self) -> Mapping[Instrument, DataKind]:
        return self.kinds


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.notices = FakeNotices()
        self.data = FakeData()
        self.link = LinkStatus(LinkState.UP, self.clock.now())
        self.is_read_only = False
        self.rules: dict[int, Rule] = {}
        troubles = Troubles(
            lambda: self.link,
            self.data,
            lambda: self.is_read_only,
            lambda con_id: {AAPL.con_id: (111, -5), MSFT.con_id: (111,)}[con_id],
            self.notices,  # type: ignore[arg-type]  a fake of its methods
        )
        self.watch = TroubleWatch(self.notices, troubles.look, self.rules.get, self.clock)  # type: ignore[arg-type]  as above

    async def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.watch.step()
            self.clock.advance(1)
        await self.watch.step()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_trouble_of_seconds_is_no_news(bench: Bench) -> None:
    bench.data.rivals = [AAPL]
    await bench.passes(8)
    bench.data.rivals = []
    await bench.passes(60)
    assert bench.notices.told == []


async def test_a_trouble_that_lasts_is_told_once_per_chat_and_its_message_edited_when_it_is_over(bench: Bench) -> None:
    bench.data.rivals = [AAPL]
    await bench.passes(300)
    assert [(chat, notice) for chat, notice, _, _ in bench.notices.told] == [
        (111, Notice.TROUBLE),
        (222, Notice.TROUBLE),
    ]
    assert bench.notices.told[0][3]["subjects"] == ["AAPL"]
    bench.data.rivals = []
    await bench.passes(9)
    assert len(bench.notices.told) == 2
    await bench.passes(2)
    assert [(chat, notice, edits) for chat, notice, edits, _ in bench.notices.told[2:]] == [
        (111, Notice.TROUBLE_OVER, bench.notices.keys[0]),
        (222, Notice.TROUBLE_OVER, bench.notices.keys[1]),
    ]
    await bench.passes(300)
    assert len(bench.notices.told) == 4


async def test_a_trouble_that_comes_again_is_told_anew(bench: Bench) -> None:
    for _ in range(2):
        bench.is_read_only = True
        await bench.passes(20)
        bench.is_read_only = False
        await bench.passes(20)
    kinds = [(chat, notice, fields["trouble"]) for chat, notice, _, fields in bench.notices.told]
    assert kinds == [(111, Notice.TROUBLE, "read-only api"), (111, Notice.TROUBLE_OVER, "read-only api")] * 2
    assert len(set(bench.notices.keys)) == 4


async def test_more_symbols_are_added_by_edit_and_not_one_by_one(bench: Bench) -> None:
    bench.data.kinds = {AAPL: DataKind.DELAYED}
    await bench.passes(15)
    assert {chat for chat, *_ in bench.notices.told} == {111, -5}
    bench.data.kinds[MSFT] = DataKind.DELAYED
    await bench.passes(10)
    assert len(bench.notices.told) == 2
    await bench.passes(30)
    [(chat, notice, edits, fields)] = bench.notices.told[2:]
    assert (chat, notice, edits) == (111, Notice.TROUBLE, bench.notices.keys[0])
    assert fields["subjects"] == ["AAPL", "MSFT"]
    assert len(set(bench.notices.keys)) == 2


async def test_frozen_prices_and_a_farm_are_troubles_of_their_own(bench: Bench) -> None:
    bench.data.kinds = {MSFT: DataKind.DELAYED_FROZEN}
    bench.link = LinkStatus(LinkState.UP, bench.clock.now(), broken_farms=("usfarm",))
    await bench.passes(11)
    told = {(chat, fields["trouble"], tuple(fields["subjects"])) for chat, _, _, fields in bench.notices.told}
    assert told == {
        (111, Trouble.FROZEN, ("MSFT",)),
        (111, Trouble.FARM, ("usfarm",)),
        (222, Trouble.FARM, ("usfarm",)),
    }


async def test_while_the_link_is_down_nothing_begins_and_nothing_ends(bench: Bench) -> None:
    bench.data.rivals = [AAPL]
    await bench.passes(11)
    bench.link = LinkStatus(LinkState.DOWN, bench.clock.now())
    bench.data.rivals = []
    bench.is_read_only = True
    await bench.passes(60)
    assert len(bench.notices.told) == 2


async def test_alerts_that_a_competing_session_blinds_are_not_told_one_by_one(bench: Bench) -> None:
    bench.data.rivals = [AAPL]
    for number in range(1, 4):
        blind = rule("AAPL > 200", rule_id=number).blinded(bench.clock.now(), RIVAL)
        bench.rules[number] = blind
        await bench.watch.blind(blind)
    await bench.passes(200)
    assert bench.notices.blinded == []
    assert len(bench.notices.told) == 2
    # One gets its prices again, one is gone, one stays blind after the trouble has ended.
    bench.data.rivals = []
    bench.rules[1] = bench.rules[1].calmed(bench.clock.now())
    del bench.rules[2]
    bench.rules[3] = bench.rules[3].calmed(bench.clock.now()).blinded(bench.clock.now(), "no data for AAPL")
    await bench.passes(120)
    assert bench.notices.blinded == [3]


async def test_an_alert_that_is_blind_for_a_reason_of_its_own_is_told_at_once(bench: Bench) -> None:
    await bench.watch.blind(rule("AAPL > 200").blinded(bench.clock.now(), "IBKR 354: not subscribed"))
    await bench.watch.blind(rule("AAPL > 200", rule_id=2).blinded(bench.clock.now(), "no data for AAPL"))
    assert len(bench.notices.blinded) == 2


async def test_silence_while_a_farm_is_down_is_explained_by_the_farm(bench: Bench) -> None:
    bench.link = LinkStatus(LinkState.UP, bench.clock.now(), broken_farms=("usfarm",))
    await bench.passes(11)
    bench.rules[1] = rule("AAPL > 200").blinded(bench.clock.now(), "no data for AAPL")
    await bench.watch.blind(bench.rules[1])
    await bench.passes(300)
    assert bench.notices.blinded == []
    bench.link = LinkStatus(LinkState.UP, bench.clock.now())
    await bench.passes(100)
    assert bench.notices.blinded == [1]


def told_before(bench: Bench) -> Standing:
    """Return what an earlier run of the program told of a competing session."""
    since = bench.clock.now()
    bench.clock.advance(300)
    payload = {"notice": "trouble", "trouble": "competing session", "subjects": ["AAPL"]}
    return Standing(111, f"trouble:competing session:{since.isoformat()}", since, payload, 2)


async def test_a_trouble_that_was_told_before_a_restart_is_ended_in_the_same_message(bench: Bench) -> None:
    before = told_before(bench)
    bench.notices.left = [before]
    await bench.watch.resume()
    await bench.passes(50)
    assert bench.notices.told == []
    await bench.passes(20)
    [(chat, notice, edits, fields)] = bench.notices.told
    assert (chat, notice, edits, fields["subjects"]) == (111, Notice.TROUBLE_OVER, before.key, ["AAPL"])


async def test_a_trouble_that_goes_on_over_a_restart_is_told_only_where_it_was_not(bench: Bench) -> None:
    before = told_before(bench)
    bench.notices.left = [before]
    await bench.watch.resume()
    await bench.passes(40)
    bench.data.rivals = [AAPL, MSFT]
    await bench.passes(40)
    assert sorted((chat, notice, edits) for chat, notice, edits, _ in bench.notices.told) == [
        (111, Notice.TROUBLE, before.key),
        (222, Notice.TROUBLE, None),
    ]
    assert f"{before.key}:3" in bench.notices.keys


async def test_a_trouble_that_could_not_be_stored_is_told_once_it_can(bench: Bench) -> None:
    for is_wrong in (True, False):
        bench.is_read_only = is_wrong
        bench.notices.failures = 1
        with pytest.raises(StorageUnavailable):
            await bench.passes(11)
        await bench.watch.step()
    assert [notice for _, notice, _, _ in bench.notices.told] == [Notice.TROUBLE, Notice.TROUBLE_OVER]
    assert bench.notices.told[1][2] == bench.notices.keys[0]
