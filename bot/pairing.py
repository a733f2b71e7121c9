"""
One-time codes that let a person in: made on the host (`squawkbot pair`), sent to the bot in a private chat.

They lie in a folder beside the database, one file each, so that a code can be made while the bot runs and holds its
database. A file is named by the code's hash and tells the code to nobody; taking it is unlinking it, which one does.
"""

import hashlib
import json
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from trading.access import Role

LASTS = timedelta(minutes=10)
FOLDER = "pairing"

# Crockford's base 32: no I, L, O and U, which are misread. Eight of them are 40 bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE = re.compile(r"(?:/start\s+)?pair-([0-9a-z]{4})-?([0-9a-z]{4})", re.IGNORECASE)
_MISREAD = str.maketrans("ILO", "110")


def issue(folder: Path, role: Role, now: datetime) -> str:
    """Return a new code for *role*, good for `LASTS`; codes that are over are removed. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        if _read(old, now) is None:
            old.unlink(missing_ok=True)
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    path = folder / _name(letters)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"role": role.name.lower(), "until": (now + LASTS).isoformat()}), encoding="utf-8")
    return f"pair-{letters[:4]}-{letters[4:]}"


def code_in(said: str) -> str | None:
    """Return the letters of the code that a text is, alone or behind /start, or None where it is none."""
    found = _CODE.fullmatch(said.strip())
    return None if found is None else f"{found[1]}{found[2]}".upper().translate(_MISREAD)


def redeem(folder: Path, letters: str, now: datetime) -> Role | None:
    """Return the role that a code gives, to one caller only; None for a code that is unknown, over or used."""
    path = folder / _name(letters)
    role = _read(path, now)
    try:
        path.unlink()
    except OSError:
        return None
    return role


def _name(letters: str) -> str:
    return f"{hashlib.sha256(letters.encode()).hexdigest()}.json"


def _read(path: Path, now: datetime) -> Role | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        until = datetime.fromisoformat(said["until"])
        # A clock that was set back must not lengthen its life.
        return Role[said["role"].upper()] if until - LASTS <= now < until else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
