"""Each person's own settings, with the bot's defaults beneath them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from storage.users import SqlUsers, UserSettings


class PersonalSettings:
    """Implements `bot.handlers.ports.Preferences`: what was read or saved once is known without asking."""

    def __init__(self, users: SqlUsers) -> None:
        self._users = users
        self._known: dict[int, UserSettings] = {}

    async def of(self, user_id: int) -> UserSettings:
        """Return the person's settings; whoever has set nothing has the defaults."""
        if user_id not in self._known:
            settings = await self._users.settings(user_id) or UserSettings(user_id)
            # What was saved while this was read is newer.
            self._known.setdefault(user_id, settings)
        return self._known[user_id]

    async def save(self, settings: UserSettings) -> None:
        """Store the person's settings."""
        await self._users.save(settings)
        self._known[settings.user_id] = settings

    def known(self, user_id: int) -> UserSettings:
        """Return the settings as last read or saved, or the defaults; for whoever cannot wait."""
        return self._known.get(user_id) or UserSettings(user_id)


class PersonalZones:
    """Implements `bot.handlers.ports.Zones`; *default* is the setting TIMEZONE."""

    def __init__(self, settings: PersonalSettings, default: ZoneInfo) -> None:
        self._settings = settings
        self._default = default

    async def zone_of(self, user_id: int) -> ZoneInfo:
        """Return the person's own zone, or the default."""
        return self._zone((await self._settings.of(user_id)).zone)

    def known(self, user_id: int) -> ZoneInfo:
        """Return the zone as last read or saved, or the default."""
        return self._zone(self._settings.known(user_id).zone)

    def _zone(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name) if name else self._default
        except (ZoneInfoNotFoundError, ValueError):
            return self._default
