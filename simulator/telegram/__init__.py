"""A toy Telegram: the Bot API, the chats and the chat page."""
