"""The settings of our own limits: the ceiling that nothing in the chat can lift."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from market.instrument import SecType
from trading.bounds import Limits
from trading.limit_book import NAMES, OFF, SWITCHES, kinds, symbols

_PREFIX = "limit_"
_FORBIDDEN = "limit_forbidden"
_NULLABLE = tuple(_PREFIX + name for name in NAMES if name not in SWITCHES)


class LimitSettings(BaseSettings):
    """One setting a limit, named as in `trading.bounds.Limits`; `off` switches off what may be off."""

    limit_order_value: Decimal | None = Field(Decimal(50_000), gt=0)
    limit_daily_value: Decimal | None = Field(Decimal(250_000), gt=0)
    limit_total_daily_value: Decimal | None = Field(None, gt=0)
    limit_position_value: Decimal | None = Field(None, gt=0)
    limit_net_liquidation_pct: Decimal | None = Field(None, gt=0)
    limit_orders_per_minute: int | None = Field(10, ge=1)
    limit_total_orders_per_minute: int | None = Field(None, ge=1)
    limit_collar_pct: Decimal | None = Field(Decimal(20), gt=0)
    limit_duplicate_s: float | None = Field(5, gt=0, le=86_400)
    limit_symbols: Annotated[frozenset[str] | None, NoDecode] = None
    limit_forbidden: Annotated[frozenset[str], NoDecode] = frozenset()
    limit_kinds: Annotated[frozenset[SecType] | None, NoDecode] = Limits().kinds
    limit_short_selling: bool = False
    limit_quote_age_s: float | None = Field(60, gt=0)
    limit_closed_market: bool = True
    limit_buying_power: bool = True
    limit_daily_loss: Decimal | None = Field(None, gt=0)

    @field_validator(*_NULLABLE, mode="before")
    @classmethod
    def _read(cls, value: object, about: ValidationInfo) -> object:
        """Read `off`, and lists; what is none is told with what would be one."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == OFF:
            return frozenset() if about.field_name == _FORBIDDEN else None
        if about.field_name == "limit_kinds":
            try:
                return kinds(value)
            except ValueError:
                raise ValueError(f"must be among {', '.join(SecType)}, with commas between them") from None
        return symbols(value) if about.field_name in {_FORBIDDEN, "limit_symbols"} else value

    @property
    def limits(self) -> Limits:
        """The limits that these settings say."""
        found: dict[str, Any] = {name: getattr(self, _PREFIX + name) for name in NAMES}
        return Limits(**found)
