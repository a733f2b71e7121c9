"""
What became of a send that did not simply work.

* DeliveryError
  + DeliveryUnknown      it may have arrived, nobody can tell
    - EditUnknown        so may a change of what is there: that repeats nothing
  + NotDelivered         it surely did not arrive
    - RetryLater         Telegram says when, or could not be reached
    - ChatClosed         blocked, deleted, kicked, or never opened
    - MessageRefused     Telegram will not take this message
"""


class DeliveryError(Exception):
    """A message's send that did not simply work."""


class DeliveryUnknown(DeliveryError):
    """The request left and no answer came: the Bot API has no way to ask whether it arrived."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EditUnknown(DeliveryUnknown):
    """The same of a change: whether it was made or not, there is one message."""


class NotDelivered(DeliveryError):
    """The message surely did not arrive."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(NotDelivered):
    """Try again after *after_s* seconds; *limited* when Telegram said so (429), else it could not be reached."""

    def __init__(self, reason: str, after_s: float, *, limited: bool) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.limited = limited


class ChatClosed(NotDelivered):
    """The chat takes no messages from us: blocked, deleted, kicked, or never opened."""


class ChatMoved(NotDelivered):
    """The group is a supergroup now, with the id *new_chat_id* (Bot API, ResponseParameters.migrate_to_chat_id)."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(f"moved to {new_chat_id}")
        self.new_chat_id = new_chat_id


class MessageRefused(NotDelivered):
    """Telegram will not take this message, in *reason*'s words."""
