"""getUpdates, webhooks, logOut and close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import bad_request
from simulator.telegram.method import Described

if TYPE_CHECKING:
    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram


async def get_updates(telegram: Telegram, params: Params) -> list[dict[str, Any]]:
    """Return waiting updates, or wait for one."""
    telegram.updates.allow(params.array("allowed_updates"))
    offset, limit = params.integer("offset"), params.integer("limit", 100)
    return await telegram.updates.poll(offset, limit, params.integer("timeout"))


def set_webhook(telegram: Telegram, params: Params) -> Described:
    """Set the webhook's address; "" deletes it. The local Telegram keeps it, but posts nothing to it."""
    url = params.text("url").strip()
    if not url:
        return delete_webhook(telegram, params)
    if not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    telegram.updates.allow(params.array("allowed_updates"))
    if params.boolean("drop_pending_updates"):
        telegram.updates.clear()
    known = telegram.updates.webhook_url == url
    telegram.updates.set_webhook(url)
    return Described(True, "Webhook is already set" if known else "Webhook was set")


def delete_webhook(telegram: Telegram, params: Params) -> Described:
    """Delete the webhook."""
    if params.boolean("drop_pending_updates"):
        telegram.updates.clear()
    had = bool(telegram.updates.webhook_url)
    telegram.updates.set_webhook("")
    return Described(True, "Webhook was deleted" if had else "Webhook is already deleted")


def get_webhook_info(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return the webhook's state, with the number of updates waiting."""
    del params
    info: dict[str, Any] = {
        "url": telegram.updates.webhook_url,
        "has_custom_certificate": False,
        "pending_update_count": len(telegram.updates),
    }
    if telegram.updates.allowed:
        info["allowed_updates"] = telegram.updates.allowed
    return info


def leave(telegram: Telegram, params: Params) -> bool:
    """Answer logOut and close; here neither has a consequence."""
    del telegram, params
    return True


METHODS: dict[str, Method] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "logOut": leave,
    "close": leave,
}
