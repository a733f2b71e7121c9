"""News through the real process: the list and its story, mutes that count at once and after a restart, many at once."""

from tests.flow.alerting import heard, passed
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage

_ABOUT = {"symbol": "AAPL", "provider": "BRFG"}


async def published(stage: Stage, headline: str, article: str = "<p>More of it.</p>") -> None:
    await stage.desk.post("/sim/market/news", headline=headline, article=article, **_ABOUT)


async def labelled(stage: Stage, message: Shown, label: str) -> Shown:
    """Wait until *message* has a button *label*, and return it as it is then."""

    async def look() -> Shown | None:
        shown = {one["message_id"]: one for one in await stage.ada.from_bot()}
        now = shown[message["message_id"]]
        return now if any(one.startswith(label) for one in labels(now)) else None

    found: Shown = await stage.desk.until(look, f"the button {label}")
    return found


async def test_a_headline_leads_to_its_pages_and_a_long_story_is_turned_in_place(stage: Stage) -> None:
    await stage.up()
    words = "".join(f"<p>Paragraph {n} of <b>many</b> words &amp; more</p><script>x()</script>" for n in range(300))
    await published(stage, "Apple opens a shop in Ohio", words)
    listed = await stage.ada.ask("/news AAPL", "AAPL", "Apple opens a shop in Ohio")
    await stage.ada.press(listed, "📖 1")
    story = await stage.ada.until("Paragraph 0 of many words & more", after=listed["message_id"])
    assert said(story).startswith("📖 Apple opens a shop in Ohio (1/")
    await stage.ada.press(story, "▶️")
    turned = await stage.ada.until("(2/", after=listed["message_id"])
    assert turned["message_id"] == story["message_id"]
    assert "x()" not in said(turned)


async def test_a_muted_symbol_is_silent_after_a_restart_too_until_it_is_unmuted(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask('news AAPL "guidance"', "Alert #1 set")
    await heard(stage, "news")
    await published(stage, "Apple raises guidance once more")
    told = await stage.ada.until("📰 AAPL", "Apple raises guidance once more")
    await stage.ada.press(told, "🔕 Mute AAPL news")
    await labelled(stage, told, "🔔 Unmute AAPL news")
    await published(stage, "Analysts doubt guidance of the phone maker")
    await passed(stage)
    await stage.bots[-1].kill()
    await stage.up()
    await heard(stage, "news")
    await published(stage, "Suppliers follow guidance from Cupertino")
    await passed(stage)
    assert not [m for m in await stage.ada.from_bot() if "Analysts" in said(m) or "Suppliers" in said(m)]
    screen = await stage.ada.ask("/news", "1 muted", "Muted: AAPL")
    await stage.ada.press(screen, "🔔 Unmute AAPL")
    await stage.ada.until("News of AAPL are told again")
    await published(stage, "Chip maker cuts its own guidance")
    await stage.ada.until("📰 AAPL", "Chip maker cuts its own guidance")


async def test_of_many_headlines_none_is_lost_and_each_has_its_story(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("news AAPL", "Alert #1 set")
    await heard(stage, "news")
    subjects = ("apples", "pears", "plums", "cherries", "melons", "grapes", "figs", "dates", "limes", "kiwis", "nuts")
    for number, subject in enumerate(subjects):
        await published(stage, f"Harvest of {subject} ends early near {subject} town", f"<p>Story {number}.</p>")
    digest = await stage.ada.until("📰 7 more headlines")
    shown = " ".join(said(m) for m in await stage.ada.from_bot())
    assert all(f"Harvest of {subject} ends" in shown for subject in subjects)
    await stage.ada.press(digest, "📖 1")
    await stage.ada.until("Story 10.", after=digest["message_id"])


async def test_a_story_behind_an_alert_stands_under_its_headline(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("news AAPL", "Alert #1 set")
    await heard(stage, "news")
    await published(stage, "Apple opens a shop in Ohio")
    told = await stage.ada.until("📰 AAPL", "Apple opens a shop in Ohio", "AAPL 19")
    await stage.ada.press(told, "📖 Full story")
    story = await stage.ada.until("More of it.", after=told["message_id"])
    assert said(story).startswith("📖 Apple opens a shop in Ohio")
