"""Telegram, and the wiring."""
