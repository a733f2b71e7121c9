"""Hostile updates and frames: no crash, no order, no stall, and the bot still answers and still alerts."""

import os
from pathlib import Path
from random import Random
from typing import Any

from simulator.tws.session import Session
from tests.chaos import stalls
from tests.chaos.body import program
from tests.chaos.hostile import frames, updates
from tests.flow.chat import Shown
from tests.flow.conftest import Stage, always_open, opened_stage

# `make chaos` sets it to 10,000.
COUNT = int(os.environ.get("CHAOS_HOSTILE", "500"))
_AT_ONCE = 50
_LONGEST_S = 0.1
_PATIENCE_S = 60.0


async def test_hostile_updates_order_nothing_stall_nothing_and_do_not_silence_the_bot(tmp_path: Path) -> None:
    async with opened_stage(always_open(tmp_path), tmp_path) as stage:
        noted = tmp_path / "stalls"
        await stage.up(program=program(stalls=str(noted), unpaced=True))
        card = await stage.tom.ask("buy 10 AAPL 199.5", "confirm?")
        tokens = [button["callback_data"] for row in card["reply_markup"]["inline_keyboard"] for button in row]
        stalls.forget(noted)
        made = updates(COUNT, Random(5), tokens)  # noqa: S311  the same ones in every run
        for begin in range(0, COUNT, _AT_ONCE):
            for one in made[begin : begin + _AT_ONCE]:
                stage.world.telegram.updates.push_raw(one)
            await answered(stage)
        await still_good(stage, noted)


async def test_hostile_frames_order_nothing_stall_nothing_and_do_not_blind_the_bot(tmp_path: Path) -> None:
    async with opened_stage(always_open(tmp_path), tmp_path) as stage:
        real: list[tuple[Any, ...]] = []
        noted = tmp_path / "stalls"
        with_record = recorded(real)
        try:
            await stage.up(program=program(stalls=str(noted), unpaced=True))
            await stage.ada.ask("AAPL > 500", "Alert #1 set")
            await stage.ada.ask("/positions", "AAPL")
        finally:
            Session.send = with_record  # type: ignore[method-assign]
        stalls.forget(noted)
        made = frames(COUNT, Random(6), real)  # noqa: S311  the same ones in every run
        for begin in range(0, COUNT, _AT_ONCE):
            for one in made[begin : begin + _AT_ONCE]:
                stage.world.server.broadcast(one)
            await answered(stage)
        stage.world.server.faults.drop()
        await stage.linked()
        await still_good(stage, noted)


def recorded(real: list[tuple[Any, ...]]) -> Any:
    """Keep in *real* what TWS says from now on; return what to put back."""
    send = Session.send

    def kept(self: Session, fields: Any) -> None:
        real.append(tuple(fields))
        send(self, fields)

    Session.send = kept  # type: ignore[method-assign]
    return send


async def answered(stage: Stage) -> Shown:
    """Wait until the bot has answered what is asked after all that came before."""
    return await stage.vera.ask("/help", "/positions", within_s=_PATIENCE_S)


async def still_good(stage: Stage, noted: Path) -> None:
    """See that the bot lives, has ordered nothing, was never busy for long, and fires an alert."""
    (bot,) = stage.bots
    assert not bot.is_dead
    assert await stage.desk.orders() == []
    took, what = stalls.longest(noted)
    assert took < _LONGEST_S, what
    assert "died, starts again" not in bot.words()
    before = await stage.ada.ask("/help", "/orders")
    await stage.ada.ask("MSFT > 1", "Alert #", " set")
    await stage.ada.until("🔔 MSFT", after=before["message_id"])
