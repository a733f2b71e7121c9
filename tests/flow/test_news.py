"""
News through the real process: what is told, what is not, and that each story is told once, over a power cut too.

Few processes and several things in each; the list of headlines, stories and digests are in test_news_chat.py.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.tws.news_provider import TAPES
from tests.flow.alerting import later, made, passed
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, ten minutes before eleven in New York.
MORNING = datetime(2026, 11, 18, 15, 50, tzinfo=UTC)
AGENCIES = ["DJ-N", "BRFG", "FLY"]


async def published(stage: Stage, headline: str, symbol: str | None = "AAPL", **more: Any) -> None:
    await stage.desk.post("/sim/market/news", headline=headline, symbol=symbol, **more)


async def listening(stage: Stage, streams: int) -> None:
    """Wait until TWS has so many subscriptions to headlines: what comes before is news to nobody."""

    async def look() -> bool:
        return stage.world.server.count("news") >= streams

    await stage.desk.until(look, f"{streams} subscriptions to news")


async def told(stage: Stage, *words: str) -> list[Shown]:
    """Return the messages of news that have all of *words*."""
    return [m for m in await stage.ada.from_bot() if "📰" in said(m) and all(word in said(m) for word in words)]


async def test_a_story_of_three_providers_on_two_alerts_is_told_once_and_bulletins_are_too(stage: Stage) -> None:
    await stage.up()
    for line in ("news AAPL", "news *", "news bulletins"):
        await made(stage, line)
    await listening(stage, 1 + len(TAPES))
    await published(stage, "Apple raises its outlook for the holiday quarter", providers=AGENCIES, hot=True)
    await stage.ada.until("📰 AAPL", "HOT", "Apple raises its outlook")
    await published(stage, "UPDATE 1-Apple raises its outlook for the holiday quarter", provider="DJ-RTG")
    await published(stage, "FDA clears a new heart pump", symbol=None, provider="DJ-RTPRO")
    await stage.ada.until("📰", "Dow Jones Real-Time News Pro", "FDA clears a new heart pump")
    await stage.desk.post("/sim/market/bulletin", text="ISLAND is not available", kind=2, exchange="ISLAND")
    await stage.ada.until("📰 IBKR bulletin", "ISLAND is not available")
    await passed(stage)
    for words in ("Apple raises its outlook", "FDA clears", "ISLAND is not available"):
        assert len(await told(stage, words)) == 1


async def test_only_the_words_providers_languages_and_symbols_that_were_asked_for(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("/watch NVDA AMD", "Watchlist 2")
    for line in (
        'news KO "buyback" from DJ-N, BRFG in de',
        r"news F /down(graded|grade[sd]?) to (hold|sell)/i",
        'news portfolio "recall"',
        'news watchlist "export licence"',
    ):
        await made(stage, line)
    # KO, F; of the portfolio AAPL, MSFT, TSLA; NVDA and AMD.
    await listening(stage, 7)
    german = {"symbol": "KO", "language": "de"}
    await published(stage, "Coca-Cola: buyback by the wrong agency", **german, provider="FLY")
    await published(stage, "Coca-Cola: buyback in English", symbol="KO", language="en", provider="DJ-N")
    await published(stage, "Coca-Cola: Dividende steigt", **german, provider="DJ-N")
    await published(stage, "Ford upgraded to Hold", symbol="F")
    await published(stage, "Coca-Cola recall in Ohio", symbol="KO", language="de", provider="BRFG")
    await published(stage, "NVIDIA has a recall", symbol="NVDA")
    await published(stage, "Tesla waits for an export licence", symbol="TSLA")
    await published(
        stage, "Coca-Cola: buyback beschlossen", symbol="KO", provider="DJ-N",
        meta="A:800008,800015:L:Chinese (Simplified and Traditional),de:K:n/a:C:0.9",
    )  # fmt: skip
    await stage.ada.until("📰 KO", "buyback beschlossen")
    await published(stage, "Ford Downgraded To Sell at a broker", symbol="F")
    await stage.ada.until("📰 F", "Downgraded To Sell")
    await published(stage, "Tesla starts a recall", symbol="TSLA", provider="DJ-RTE")
    await stage.ada.until("📰 TSLA", "Tesla starts a recall")
    await published(stage, "AMD gets its export licence", symbol="AMD")
    await stage.ada.until("AMD gets its export licence")
    await passed(stage)
    assert len(await told(stage)) == 4


async def test_a_gated_headline_is_told_only_when_its_price_moves_in_time(tmp_path: Path) -> None:
    world = trading_day(tmp_path, MORNING)
    async with opened_stage(world, tmp_path) as stage:
        await stage.up()
        last = world.exchange.book(world.exchange.catalogue.named("AAPL")).last
        await made(stage, 'news AAPL "offering" if moves 1% in 5m')
        await listening(stage, 1)
        await stage.desk.push("AAPL", last)
        await published(stage, "Apple weighs an offering of bonds")
        # The price stands still for so long that the headline is not worth a word any more.
        await later(stage, timedelta(minutes=6))
        await stage.desk.push("AAPL", round(last * 1.001, 2))
        await published(stage, "Apple prices its offering in euros")
        await passed(stage)
        assert await told(stage) == []
        await stage.desk.push("AAPL", round(last * 1.03, 2))
        message = await stage.ada.until("📰 AAPL", "Apple prices its offering")
        assert "The price moved too" in said(message)
        assert not await told(stage, "weighs")


async def test_a_binary_story_is_a_file_and_a_muted_provider_is_not_heard(stage: Stage) -> None:
    await stage.up()
    await made(stage, "news AAPL")
    await listening(stage, 1)
    await published(stage, "Apple files its annual report", provider="DJ-N", pdf=True)
    message = await stage.ada.until("📰 AAPL", "Apple files its annual report")
    await stage.ada.press(message, "📖")

    async def document() -> Shown | None:
        return next((one for one in await stage.ada.from_bot() if "document" in one), None)

    file = await stage.desk.until(document, "a document")
    assert file["document"]["file_name"].endswith(".pdf")
    sent = await stage.desk.http.get(f"/sim/files/{file['document']['file_id']}")
    assert sent.content.startswith(b"%PDF-")
    await stage.ada.press(message, "🔕 Mute Dow Jones")

    async def is_muted() -> bool:
        return any(one.startswith("🔔 Unmute Dow Jones") for one in labels(await stage.ada.again(message)))

    await stage.desk.until(is_muted, "a mute")
    await published(stage, "Suppliers doubt the phone maker", provider="DJ-N")
    await published(stage, "Cupertino hires a new head of design", provider="FLY")
    await stage.ada.until("📰 AAPL", "Cupertino hires")
    await stage.ada.press(await stage.ada.again(message), "🔔 Unmute Dow Jones")
    await passed(stage)
    await published(stage, "Regulators look into app stores", provider="DJ-N")
    await stage.ada.until("📰 AAPL", "Regulators look into")
    assert not await told(stage, "Suppliers doubt")


async def test_after_a_power_cut_nothing_is_told_twice_and_the_gap_is_told_once(stage: Stage) -> None:
    bot = await stage.up()
    await made(stage, "news AAPL")
    await made(stage, 'news portfolio "chips"')
    await listening(stage, 3)
    await published(stage, "Apple opens a shop in Ohio", providers=AGENCIES)
    await stage.ada.until("📰 AAPL", "Apple opens a shop")
    # A message whose delivery is not noted yet may be repeated.
    await passed(stage, "NFLX")
    await bot.kill()
    await published(stage, "Apple opens a shop in Ohio", provider="DJ-RTG")
    await published(stage, "Apple makes its own chips for servers", providers=AGENCIES)
    await published(stage, "Tesla orders chips in Texas", symbol="TSLA")
    await stage.up()
    await listening(stage, 3)
    await stage.ada.until("Apple makes its own chips for servers")
    await stage.ada.until("Tesla orders chips in Texas")
    await passed(stage)
    # Once more, by a link that breaks, after which TWS sends the latest headlines again.
    await stage.desk.post("/sim/market/faults", kind="old_news", count=10)
    requests = stage.world.server.requests
    requests.clear()
    await stage.desk.post("/sim/market/faults", kind="drop")

    async def asked_again() -> bool:
        return sum("mdoff,292" in fields for fields in requests) == 3

    await stage.desk.until(asked_again, "headlines asked for anew")
    await stage.linked()
    await passed(stage, "GME")
    for words in ("Apple opens a shop", "Apple makes its own chips", "Tesla orders chips"):
        assert len(await told(stage, words)) == 1
