"""Webhooks in the chat: set, tested, removed, and the admins' say about hosts."""

import pytest

from bot.views.hooks import host_buttons
from tests.fakes.chat import ADMIN, TRADER, VIEWER, Chat

URL = "https://example.com/alerts"


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    chat.floor.last = 196.42
    await chat.say("AAPL > 200")
    return chat


async def test_a_webhook_is_set_with_its_secret_shown_once_and_an_admin_asked(chat: Chat) -> None:
    answer = await chat.say(f"/hook 1 {URL}")
    secret = chat.hooks.kept[1].secret
    assert len(secret) >= 40
    assert answer.startswith("✅ Webhook of alert #1 set to example.com\n⏳ Nothing is sent before an admin allows")
    assert secret in answer
    assert chat.reply.last.protect
    assert chat.hooks.asked == [(1, "example.com")]
    assert secret not in await chat.say("/hook 1")
    assert "waits for an admin" in chat.reply.text
    assert "waits for an admin" in await chat.say("/hook")


async def test_no_admin_to_ask_is_said(chat: Chat) -> None:
    chat.hooks.admins = 0
    assert "none has written to me yet" in await chat.say(f"/hook 1 {URL}")


async def test_an_allowed_host_needs_no_admin(chat: Chat) -> None:
    chat.hooks.allowed.add("example.com")
    assert "From now on each of its firings" in await chat.say(f"/hook 1 {URL}")
    assert chat.hooks.asked == []


async def test_each_setting_makes_a_new_secret(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    first = chat.hooks.kept[1].secret
    await chat.say(f"/hook 1 {URL}")
    assert chat.hooks.kept[1].secret != first


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://127.0.0.1/x", "https://localhost/x", "https://me:pw@example.com/"]
)
async def test_an_address_that_may_not_be_is_refused_and_nothing_set(chat: Chat, url: str) -> None:
    answer = await chat.say(f"/hook 1 {url}")
    assert answer.startswith("🤔 I cannot send there")
    assert "Nothing was changed" in answer
    assert chat.hooks.kept == {}


async def test_someone_elses_alert_takes_no_webhook(chat: Chat) -> None:
    assert "not there any more" in await chat.say(f"/hook 1 {URL}", VIEWER)
    assert chat.hooks.kept == {}


async def test_a_webhook_is_tested_only_where_its_host_is_allowed(chat: Chat) -> None:
    assert "has no webhook" in await chat.say("/hook 1 test")
    await chat.say(f"/hook 1 {URL}")
    assert "Not sent" in await chat.say("/hook 1 test")
    assert chat.hooks.tests == []
    chat.hooks.allowed.add("example.com")
    assert "on its way" in await chat.say("/hook 1 test")
    await chat.say("/hook 1")
    await chat.tap("Test")
    assert chat.hooks.tests == [1, 1]


async def test_a_webhook_is_removed_by_word_and_by_button(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    assert "removed" in await chat.say("/hook 1 off")
    assert "has no webhook" in await chat.say("/hook 1 off")
    await chat.say(f"/hook 1 {URL}")
    await chat.tap("Remove")
    assert chat.hooks.kept == {}
    assert "None of your alerts" in await chat.say("/hook")


async def test_it_is_reached_from_the_alerts_card(chat: Chat) -> None:
    await chat.say("AAPL > 210")
    await chat.tap("Edit")
    await chat.tap("Webhook")
    assert "No webhook for alert #2" in chat.reply.text


async def test_nothing_about_webhooks_is_said_in_a_group(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    card = "hc:h:1"
    assert "private chat only" in await chat.press(card, chat.reply.last_id, chat_id=-100)
    assert "private chat only" in await chat.press("ht:h:1", chat.reply.last_id, chat_id=-100)
    assert chat.hooks.tests == []


def asked(host: str = "example.com", rule_id: int = 1) -> tuple[str, str]:
    ((allow, refuse),) = host_buttons({"rule_id": rule_id, "host": host})
    return allow.data, refuse.data


async def test_an_admin_allows_a_host_and_the_owners_hear_of_it(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    allow, _ = asked()
    assert await chat.press(allow, 500, ADMIN) == "Allowed"
    assert chat.hooks.allowed == {"example.com"}
    assert chat.hooks.told == [(1, True)]


@pytest.mark.parametrize("user", [TRADER, VIEWER])
async def test_nobody_but_an_admin_allows_a_host(chat: Chat, user: int) -> None:
    await chat.say(f"/hook 1 {URL}")
    for data in asked():
        assert await chat.press(data, 500, user) == "That is for admins only. Nothing was done."
    assert chat.hooks.allowed == set()
    assert 1 in chat.hooks.kept


async def test_what_an_admin_allows_is_the_host_that_the_question_showed(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    allow, _ = asked()
    await chat.say("/hook 1 https://evil.example.net/")
    assert "goes elsewhere by now" in await chat.press(allow, 500, ADMIN)
    assert chat.hooks.allowed == set()


async def test_a_refused_host_takes_its_webhook_with_it(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    _, refuse = asked()
    assert await chat.press(refuse, 500, ADMIN) == "Refused"
    assert chat.hooks.kept == {}
    assert chat.hooks.told == [(1, False)]


async def test_a_refusal_that_comes_after_the_allowance_changes_nothing(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    allow, refuse = asked()
    await chat.press(allow, 500, ADMIN)
    assert "decided already" in await chat.press(refuse, 500, ADMIN)
    assert 1 in chat.hooks.kept


async def test_an_admin_takes_a_host_back(chat: Chat) -> None:
    await chat.say(f"/hook 1 {URL}")
    chat.hooks.allowed.add("example.com")
    assert "for admins only" in await chat.say("/hook hosts", TRADER)
    assert "example.com" in await chat.say("/hook hosts", ADMIN)
    await chat.tap("example.com", ADMIN)
    assert chat.hooks.allowed == set()
    assert chat.hooks.told == [(1, False)]


@pytest.mark.parametrize("said", ["/hook abc", "/hook 1 off now", "/hook https://example.com/"])
async def test_what_is_not_understood_is_told_with_what_would_be(chat: Chat, said: str) -> None:
    assert "I don't understand" in await chat.say(said)
    assert "/hook 3 https://example.com/alerts" in chat.reply.text
