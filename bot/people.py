"""Each person's own settings, with the bot's defaults beneath them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from storage.users import SqlUsers


class PersonalZones:
    """Implements `bot.handlers.ports.Zones`; *default* is the setting TIMEZONE."""

    def __init__(self, users: SqlUsers, default: ZoneInfo) -> None:
        self._users = users
        self._default = default
        self._known: dict[int, ZoneInfo] = {}

    async def zone_of(self, user_id: int) -> ZoneInfo:
        """Return the person's own zone, or the default."""
        settings = await self._users.settings(user_id)
        zone = self._default
        if settings is not None:
            try:
                zone = ZoneInfo(settings.zone)
            except (ZoneInfoNotFoundError, ValueError):
                zone = self._default
        self._known[user_id] = zone
        return zone

    def known(self, user_id: int) -> ZoneInfo:
        """Return the zone that was last read for the person, or the default."""
        return self._known.get(user_id, self._default)
