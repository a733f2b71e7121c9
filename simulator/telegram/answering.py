"""answerCallbackQuery and answerInlineQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.telegram.errors import bad_request

if TYPE_CHECKING:
    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

MAX_ANSWER = 200
MAX_RESULTS = 50


def answer_callback_query(telegram: Telegram, params: Params) -> bool:
    """Answer a tap: nothing, a toast, or with show_alert a box to be closed; at most 200 characters."""
    text = params.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    answer = {"text": text, "show_alert": params.boolean("show_alert"), "url": params.text("url")}
    query = telegram.queries.answer(params.text("callback_query_id"), answer)
    told = {**answer, "callback_query_id": query.id, "message_id": query.message_id, "user_id": query.user_id}
    telegram.events.publish("answer", query.chat_id, answer=told)
    return True


def answer_inline_query(telegram: Telegram, params: Params) -> bool:
    """Answer an inline query with at most 50 results."""
    results = params.array("results")
    if results is None:
        raise bad_request("there are no results in the request")
    if len(results) > MAX_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    identifiers = [str(result.get("id")) for result in results if isinstance(result, dict)]
    if len(set(identifiers)) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    answer = {
        "results": results,
        "cache_time": params.integer("cache_time", 300),
        "is_personal": params.boolean("is_personal"),
        "next_offset": params.text("next_offset"),
    }
    telegram.queries.answer(params.text("inline_query_id"), answer)
    return True


METHODS: dict[str, Method] = {
    "answerCallbackQuery": answer_callback_query,
    "answerInlineQuery": answer_inline_query,
}
