"""All parts that stand before anybody can be answered."""

from dataclasses import dataclass

from bot.wiring.alerting import Alerting
from bot.wiring.dealing import Dealing
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.lookout import Lookout
from bot.wiring.people import People
from bot.wiring.phone import Phone
from bot.wiring.report import Report
from bot.wiring.scanning import Scanning
from bot.wiring.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Handed on whole to what needs most of it: the chat, and what comes in and goes out."""

    ground: Ground
    store: Store
    people: People
    link: Link
    phone: Phone
    alerting: Alerting
    dealing: Dealing
    report: Report
    scanning: Scanning
    lookout: Lookout
