"""What codes mean."""

import pytest

from broker.errors import Kind, failure, kind_of, order_kind_of
from market.errors import BrokerError, NoMarketData, PacingViolation, ReadOnlyApi


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (2104, Kind.INFORMATIONAL),
        (10349, Kind.INFORMATIONAL),
        (10167, Kind.INFORMATIONAL),
        (300, Kind.INFORMATIONAL),
        (399, Kind.WARNING),
        (492, Kind.WARNING),
        (321, Kind.FATAL),
        (200, Kind.FATAL),
        (162, Kind.FATAL),
        (99999, Kind.FATAL),
        (202, Kind.CANCELLED),
        (1100, Kind.CONNECTIVITY),
        (2110, Kind.CONNECTIVITY),
        (326, Kind.CONNECTIVITY),
    ],
)
def test_what_a_code_means_for_a_request(code: int, kind: Kind) -> None:
    assert kind_of(code) is kind


@pytest.mark.parametrize(
    ("code", "new", "taken"),
    [
        (201, Kind.FATAL, Kind.FATAL),
        (202, Kind.CANCELLED, Kind.CANCELLED),
        (321, Kind.FATAL, Kind.CHECK),
        (110, Kind.FATAL, Kind.CHECK),
        (135, Kind.FATAL, Kind.CHECK),
        (387, Kind.FATAL, Kind.CHECK),
        (441, Kind.FATAL, Kind.CHECK),
        (10006, Kind.FATAL, Kind.CHECK),
        (10289, Kind.FATAL, Kind.CHECK),
        (10326, Kind.CHECK, Kind.CHECK),
        (103, Kind.FATAL, Kind.CHECK),
        (10147, Kind.CHECK, Kind.CHECK),
        (10148, Kind.CHECK, Kind.CHECK),
        (161, Kind.CHECK, Kind.CHECK),
        (99999, Kind.CHECK, Kind.CHECK),
        (399, Kind.WARNING, Kind.WARNING),
        (404, Kind.WARNING, Kind.WARNING),
        (10349, Kind.WARNING, Kind.WARNING),
        (2109, Kind.WARNING, Kind.WARNING),
        (2102, Kind.WARNING, Kind.WARNING),
        (300, Kind.INFORMATIONAL, Kind.INFORMATIONAL),
        (2110, Kind.CONNECTIVITY, Kind.CONNECTIVITY),
        (1100, Kind.CONNECTIVITY, Kind.CONNECTIVITY),
    ],
)
def test_whether_the_order_is_still_alive(code: int, new: Kind, taken: Kind) -> None:
    assert order_kind_of(code, acknowledged=False) is new
    assert order_kind_of(code, acknowledged=True) is taken


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (
            321,
            "Error validating request.-'bF' : cause - The API interface is currently in Read-Only mode.",
            ReadOnlyApi,
        ),
        (321, "Error validating request.-'bF' : cause - Missing order exchange.", BrokerError),
        (354, "Requested market data is not subscribed.", NoMarketData),
        (10197, "No market data during competing live session", NoMarketData),
        (100, "Max rate of messages per second has been exceeded", PacingViolation),
        (162, "Historical data request pacing violation", PacingViolation),
        (162, "HMDS query returned no data", BrokerError),
        (201, "Order rejected", BrokerError),
    ],
)
def test_the_exception_for_a_code(code: int, text: str, kind: type[BrokerError]) -> None:
    made = failure(code, text)
    assert type(made) is kind
    assert (made.code, made.text) == (code, text)
