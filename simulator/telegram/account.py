"""Who and what there is: getMe, getChat, getChatMember, getFile, command lists, menu button, the bot's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.telegram.command_list import scope_key
from simulator.telegram.errors import bad_request
from simulator.telegram.files import MAX_DOWNLOAD

if TYPE_CHECKING:
    from simulator.telegram.chats import Chat
    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

PROFILE_LIMITS = {"name": 64, "description": 512, "short_description": 120}
_RIGHTS = (
    "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members "
    "can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories can_pin_messages"
)
ADMINISTRATOR_RIGHTS = _RIGHTS.split()


def get_me(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return the bot."""
    del params
    return {
        **telegram.bot.json(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
    }


def get_chat(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return a chat in full."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full: dict[str, Any] = {
        **chat.json(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if chat.pinned:
        full["pinned_message"] = chat.messages[chat.pinned[-1]].message
    return full


def get_chat_member(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return what somebody is in a chat."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    user_id = params.integer("user_id")
    if not user_id:
        raise bad_request("invalid user_id specified")
    return member(telegram, chat, user_id)


def get_chat_member_count(telegram: Telegram, params: Params) -> int:
    """Return how many are in a chat, the bot among them."""
    return len(telegram.chats.for_bot(params.text("chat_id")).members) + 1


def leave_chat(telegram: Telegram, params: Params) -> bool:
    """Leave a group."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.bot_status, chat.blocked = "left", True
    return True


def member(telegram: Telegram, chat: Chat, user_id: int) -> dict[str, Any]:
    """Return the ChatMember of *user_id* in *chat*."""
    user = telegram.users.get(user_id).json()
    if user_id == telegram.bot.id:
        status = ("kicked" if chat.blocked else "member") if chat.kind == "private" else chat.bot_status
    else:
        status = "member" if user_id in chat.members else "left"
    found: dict[str, Any] = {"status": status, "user": user}
    if status == "kicked":
        found["until_date"] = 0
    if status == "administrator":
        found.update(can_be_edited=False, is_anonymous=False, **dict.fromkeys(ADMINISTRATOR_RIGHTS, True))
    return found


def get_file(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return where to download a file of at most 20 MB."""
    file = telegram.files.get(params.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.content) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return file.file()


def set_my_commands(telegram: Telegram, params: Params) -> bool:
    """Set the command list of a scope and language; an empty list deletes it."""
    scope = _scope(telegram, params)
    commands = params.array("commands") or []
    if commands:
        telegram.commands.set(scope, params.text("language_code"), commands)
    else:
        telegram.commands.delete(scope, params.text("language_code"))
    telegram.events.publish("commands", None)
    return True


def get_my_commands(telegram: Telegram, params: Params) -> list[dict[str, str]]:
    """Return the command list of exactly this scope and language."""
    return telegram.commands.get(_scope(telegram, params), params.text("language_code"))


def delete_my_commands(telegram: Telegram, params: Params) -> bool:
    """Delete the command list of a scope and language."""
    telegram.commands.delete(_scope(telegram, params), params.text("language_code"))
    telegram.events.publish("commands", None)
    return True


def set_chat_menu_button(telegram: Telegram, params: Params) -> bool:
    """Set the menu button of a private chat, or without chat_id of all."""
    button = params.object("menu_button") or {"type": "default"}
    if str(button.get("type")) not in {"default", "commands", "web_app"}:
        raise bad_request("can't parse MenuButton: Unsupported type specified")
    telegram.profile[f"menu:{params.text('chat_id')}"] = button
    return True


def get_chat_menu_button(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Return the menu button of a chat, or the general one."""
    fallback = telegram.profile.get("menu:", {"type": "default"})
    button: dict[str, Any] = telegram.profile.get(f"menu:{params.text('chat_id')}", fallback)
    return button


def _scope(telegram: Telegram, params: Params) -> str:
    key, chat_id = scope_key(params.object("scope"))
    if chat_id or ":" in key:
        telegram.chats.for_bot(chat_id)
    return key


def _profile_setter(name: str) -> Method:
    def setter(telegram: Telegram, params: Params) -> bool:
        text = params.text(name)
        if len(text) > PROFILE_LIMITS[name]:
            raise bad_request(f"{name.replace('_', ' ')} is too long")
        telegram.profile[f"{name}:{params.text('language_code')}"] = text
        return True

    return setter


def _profile_getter(name: str) -> Method:
    def getter(telegram: Telegram, params: Params) -> dict[str, str]:
        default = telegram.bot.first_name if name == "name" else ""
        general = telegram.profile.get(f"{name}:") or default
        return {name: telegram.profile.get(f"{name}:{params.text('language_code')}") or general}

    return getter


METHODS: dict[str, Method] = {
    "getMe": get_me,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
    "setMyName": _profile_setter("name"),
    "getMyName": _profile_getter("name"),
    "setMyDescription": _profile_setter("description"),
    "getMyDescription": _profile_getter("description"),
    "setMyShortDescription": _profile_setter("short_description"),
    "getMyShortDescription": _profile_getter("short_description"),
}
