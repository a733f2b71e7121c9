"""One line of the audit log."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line: *subject* is a reference (`#12`) or empty, *detail* whatever a person would want to know later."""

    id: int
    at: datetime
    user_id: int
    chat_id: int
    action: str
    subject: str
    outcome: str
    detail: str
