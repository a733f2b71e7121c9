"""
The least that tells of a level reached: ib_async (or ib_insync), python-telegram-bot and sqlite3, in about ten lines.

`python -m bench.script <TWS port> <Telegram URL> <token> <chat> <contract id> <first level> <step> <database or "">`:
each time the last price is past the level it commits one row durably, sends a message, and raises the level by a step.
Without a database it stores nothing: then a crash loses what it was about to send.
"""

import asyncio
import sqlite3
import sys

from telegram import Bot

from broker.library import IB, Contract

_SENDING = set[asyncio.Task[object]]()


async def main(port: str, url: str, token: str, chat: str, con_id: str, first: str, step: str, place: str) -> None:
    """Watch one price for ever."""
    ib, bot, level = IB(), Bot(token, base_url=f"{url}/bot"), float(first)
    base = sqlite3.connect(place, isolation_level=None) if place else None
    if base is not None:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        base.execute("CREATE TABLE fired (contract INTEGER, level REAL, price REAL)")

    def on_tickers(_tickers: object) -> None:
        nonlocal level
        if ticker.last >= level:
            if base is not None:
                base.execute("INSERT INTO fired VALUES (?, ?, ?)", (con_id, level, ticker.last))
            _SENDING.add(
                task := asyncio.ensure_future(
                    bot.send_message(int(chat), f"{con_id}: {ticker.last} is past {level:.2f}")
                )
            )
            task.add_done_callback(_SENDING.discard)
            level += float(step)

    await bot.initialize()
    await ib.connectAsync("127.0.0.1", int(port), clientId=int(chat))
    ticker = ib.reqMktData(Contract(conId=int(con_id), exchange="SMART"))
    ib.pendingTickersEvent += on_tickers
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
