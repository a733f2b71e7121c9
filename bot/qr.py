"""QR pictures."""

import asyncio
from io import BytesIO

import segno

_SCALE = 8


async def picture(content: str) -> bytes:
    """Return a PNG that a phone's camera reads *content* from."""
    # A hundredth of a second, which ticks must not wait for.
    return await asyncio.to_thread(_drawn, content)


def _drawn(content: str) -> bytes:
    png = BytesIO()
    segno.make(content, error="m", micro=False).save(png, kind="png", scale=_SCALE)
    return png.getvalue()
