"""
The control interface of the simulated market: HTTP routes under /sim/market/ and the kinds of faults.

`POST /sim/market/order` takes `{"symbol", "action": "BUY"|"SELL", "quantity", "limit" (none: at market)}`: an order
made by hand in TWS or on the phone.

`POST /sim/market/cancel` takes `{"perm_id"}`: any open order cancelled by hand in TWS or on the phone.

`POST /sim/market/split` takes `{"symbol", "new", "old"}`: so many new shares for so many old ones; past bars, the prior
close and holdings are adjusted, as IBKR does ("TRADES: adjusted for splits").

`POST /sim/market/news` takes `{"headline", "symbol" (none: broad tape alone), "provider" or "providers": [...] (the
same story by each), "article" (HTML), "language" ("de"), "meta" (all of the metadata, `A:800015:L:en:K:0.97:C:0.9`),
"hot" (a bang), "pdf": true or "document" (base64): a binary article}`.

`POST /sim/market/bulletin` takes `{"text", "kind" (1 regular, 2 an exchange is gone, 3 it is back), "exchange"}`.

`POST /sim/market/faults` takes `{"kind": ..., options}`:

* connections: `drop` closes every socket; `refuse` `{"how": "refuse"|"reset"|"eof"|"silence"|"in_use"|"disclaimer",
  "count": n}` turns new connections away, n of them or until healed; `silence` keeps sockets up and sends nothing;
  `split` writes single bytes; `slow` `{"seconds"}` delays every write
* IB itself: `1100` loses IB; `1101` and `1102` bring it back without and with the streams; `flap` `{"farm"}` is 2103
  and 2104; `deafen` `{"symbol"}` lets a symbol's quotes die without a word; `notice` `{"code", "message"}` is any
  notice
* requests: `error` `{"request", "code", "message", "count", "req_id", "symbol", "proceed"}` answers requests of a kind
  ("reqMktData", "placeOrder", "whatIf", ... or "*") with an error, and carries them out all the same with `proceed`;
  `swallow` `{"messages": [62, ...]}` never sends messages of these ids, such as an end message; `read_only` answers
  order calls with 321; `delayed` `{"symbols": [...]}` has only delayed data (all symbols without a list);
  `two_stage` previews orders in two stages; `id_jump` `{"by"}` moves the next valid order id
* frames: `unknown_message`, `short_frame`, `unknown_tick` `{"symbol", "tick_type"}`, `bad_tick` `{"symbol",
  "tick_type", "price", "size"}`, `rt_volume` `{"symbol", "value"}`, `duplicate` sends order messages twice, `late`
  sends a tick after the cancel, `zone` `{"name"}` names a time zone, `utc_times` writes times of
  fills in UTC, `raw` `{"fields": [...]}` sends any message, `unset_pnl` sends daily profit as unset
* news: `no_news` `{"providers": [...]}` refuses these providers' headlines and tapes with 10276; `old_news` `{"count"}`
  sends the latest headlines again with each new subscription; `news_backward` reads the start of a list of headlines
  as its recent end
* orders: `hold_acks` takes orders without a word, `hold_fills` acknowledges but fills none, `hold_cancels` takes
  cancels but carries none out, `partial` `{"sizes": [...]}` cuts the next fills down, one print each; `restart` lets
  TWS restart: sockets close, and orders never transmitted are lost
* `heal` ends all; what was held back goes out
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.tws import news_control
from simulator.tws.catalogue import UnknownInstrument

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.tws.account import Account
    from simulator.tws.book import Book
    from simulator.tws.exchange import Exchange
    from simulator.tws.faults import Faults
    from simulator.tws.server import TwsServer

Options = dict[str, Any]
Command = Callable[[Options], Any]


def _flag(name: str) -> Callable[[Faults, Options], None]:
    def switch(faults: Faults, options: Options) -> None:
        setattr(faults, name, bool(options.get("on", True)))

    return switch


def _refuse(faults: Faults, options: Options) -> None:
    how = options.get("how", "refuse")
    if how not in {"refuse", "reset", "eof", "silence", "in_use", "disclaimer"}:
        raise ValueError(f"unknown refusal {how!r}")
    faults.refuse(how, options.get("count"))


def _error(faults: Faults, options: Options) -> None:
    faults.answer_with(
        options["request"],
        int(options["code"]),
        options.get("message"),
        count=options.get("count"),
        req_id=options.get("req_id"),
        symbol=options.get("symbol"),
        proceed=bool(options.get("proceed", False)),
    )


def _slow(faults: Faults, options: Options) -> None:
    faults.delay_s = float(options["seconds"])


def _swallow(faults: Faults, options: Options) -> None:
    faults.swallowed.update(int(number) for number in options["messages"])


def _delayed(faults: Faults, options: Options) -> None:
    faults.delayed.update(options.get("symbols") or ["*"])


def _id_jump(faults: Faults, options: Options) -> None:
    faults.id_jump = int(options["by"])


def _zone(faults: Faults, options: Options) -> None:
    faults.zone = str(options.get("name", "JST"))


def _no_news(faults: Faults, options: Options) -> None:
    faults.no_news.update(str(code) for code in options["providers"])


def _old_news(faults: Faults, options: Options) -> None:
    faults.old_news = int(options.get("count", 1))


def _bad_tick(faults: Faults, options: Options) -> None:
    faults.bad_tick(
        options["symbol"], int(options.get("tick_type", 4)), str(options["price"]), str(options.get("size", 0))
    )


def _rt_volume(faults: Faults, options: Options) -> None:
    if "value" in options:
        faults.rt_volume(options["symbol"], str(options["value"]))
    else:
        faults.rt_volume(options["symbol"])


KINDS: dict[str, Callable[[Faults, Options], Any]] = {
    "drop": lambda faults, _: faults.drop(),
    "refuse": _refuse,
    "silence": _flag("silent"),
    "split": _flag("split"),
    "slow": _slow,
    "1100": lambda faults, _: faults.lose_connection(),
    "1101": lambda faults, _: faults.regain_connection(data_lost=True),
    "1102": lambda faults, _: faults.regain_connection(),
    "deafen": lambda faults, options: faults.deafen(options["symbol"]),
    "flap": lambda faults, options: faults.flap(options.get("farm", "usfarm")),
    "notice": lambda faults, options: faults.notice(int(options["code"]), options["message"]),
    "error": _error,
    "swallow": _swallow,
    "read_only": _flag("read_only"),
    "delayed": _delayed,
    "two_stage": _flag("two_stage_previews"),
    "id_jump": _id_jump,
    "unknown_message": lambda faults, _: faults.unknown_message(),
    "short_frame": lambda faults, _: faults.short_frame(),
    "unknown_tick": lambda faults, options: faults.unknown_tick(options["symbol"], int(options.get("tick_type", 299))),
    "bad_tick": _bad_tick,
    "rt_volume": _rt_volume,
    "raw": lambda faults, options: faults.raw(*options["fields"]),
    "utc_times": _flag("utc_times"),
    "duplicate": _flag("duplicates"),
    "late": _flag("late_frames"),
    "zone": _zone,
    "unset_pnl": _flag("unset_profit"),
    "no_news": _no_news,
    "old_news": _old_news,
    "news_backward": _flag("news_backward"),
    "hold_acks": lambda faults, _: faults.hold_acks(),
    "hold_fills": lambda faults, _: faults.hold_fills(),
    "hold_cancels": lambda faults, _: faults.hold_cancels(),
    "restart": lambda faults, _: faults.restart(),
    "partial": lambda faults, options: faults.partial([float(size) for size in options["sizes"]]),
    "heal": lambda faults, _: faults.heal(),
}


class MarketControl:
    """The commands and questions of the control interface."""

    def __init__(self, exchange: Exchange, server: TwsServer) -> None:
        self._exchange = exchange
        self._server = server

    def tick(self, options: Options) -> None:
        """Print a price."""
        sides = {name: float(options[name]) for name in ("bid", "ask", "size") if options.get(name) is not None}
        self._exchange.push(str(options["symbol"]), float(options["last"]), **sides)

    def split(self, options: Options) -> None:
        """Split a share."""
        self._exchange.split(str(options["symbol"]), int(options["new"]), int(options["old"]))

    def news(self, options: Options) -> Options:
        """Publish a headline."""
        return news_control.publish(self._exchange, options)

    def bulletin(self, options: Options) -> None:
        """Publish a bulletin of IBKR's own."""
        news_control.bulletin(self._exchange, options)

    def order(self, options: Options) -> None:
        """Place an order as somebody does in TWS or on the phone."""
        limit = float(options["limit"]) if options.get("limit") is not None else None
        action, quantity = str(options["action"]).upper(), float(options["quantity"])
        self._exchange.order(str(options["symbol"]), action, quantity, limit)

    def cancel(self, options: Options) -> None:
        """Cancel an open order as somebody does in TWS or on the phone."""
        self._exchange.cancel_by_hand(int(options["perm_id"]))

    def scanner(self, options: Options) -> None:
        """Put symbols on top of a scan."""
        self._exchange.rank(str(options["scan_code"]), [str(symbol) for symbol in options["symbols"]])

    def faults(self, options: Options) -> None:
        """Break something, or heal all."""
        kind = str(options["kind"])
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}: {', '.join(KINDS)}")
        KINDS[kind](self._server.faults, options)

    def session(self, options: Options) -> None:
        """Ring the closing bell, or take it back."""
        actions = {"close": self._exchange.close_session, "open": self._exchange.open_session}
        action = str(options["action"])
        if action not in actions:
            raise ValueError(f"unknown action {action!r}: close, open")
        actions[action]()

    def walk(self, options: Options) -> None:
        """Let prices walk, or stand still."""
        self._exchange.walking = bool(options["on"])

    def state(self) -> Options:
        """Return prices, positions, account values, clients and what is broken."""
        exchange = self._exchange
        accounts = list(exchange.accounts.values())
        values = {key: value for key, value, currency in accounts[0].values() if currency != "BASE"}
        return {
            "instruments": [_quote(book) for book in exchange.books()],
            "positions": [row for account in accounts for row in _positions(account)],
            "account": values,
            "clients": self._server.clients(),
            "faults": self._server.faults.active(),
            "walk": exchange.walking,
            "session_open": exchange.session_open,
        }


def _quote(book: Book) -> Options:
    return {
        "symbol": book.instrument.key,
        "name": book.instrument.long_name,
        "last": book.last,
        "bid": book.bid,
        "ask": book.ask,
        "change_pct": round(book.change_pct, 4),
        "volume": book.volume,
    }


def _positions(account: Account) -> list[Options]:
    return [
        {
            "account": account.name,
            "symbol": one.instrument.key,
            "quantity": one.quantity,
            "average_cost": round(one.average_cost, 6),
            "price": account.price_of(one),
            "value": round(account.value_of(one), 2),
            "unrealized": round(account.unrealized(one), 2),
        }
        for one in account.positions.values()
        if one.quantity
    ]


def market_routes(exchange: Exchange, server: TwsServer) -> list[Route]:
    """Return the routes of the control interface; errors are answered with 400 and `{"error": ...}`."""
    control = MarketControl(exchange, server)
    commands: dict[str, Command] = {
        "tick": control.tick,
        "split": control.split,
        "order": control.order,
        "cancel": control.cancel,
        "news": control.news,
        "bulletin": control.bulletin,
        "scanner": control.scanner,
        "faults": control.faults,
        "session": control.session,
        "walk": control.walk,
    }
    questions: dict[str, Callable[[], Any]] = {
        "orders": exchange.orders,
        "state": control.state,
        "violations": lambda: server.violations,
    }
    return [
        *(Route(f"/sim/market/{name}", _command(run), methods=["POST"]) for name, run in commands.items()),
        *(Route(f"/sim/market/{name}", _question(ask), methods=["GET"]) for name, ask in questions.items()),
    ]


def _command(run: Command) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = run(dict(await request.json()))
        except UnknownInstrument as unknown:
            return JSONResponse({"error": f"unknown symbol {unknown.key!r}"}, status_code=400)
        except KeyError as missing:
            return JSONResponse({"error": f"{missing.args[0]} is missing"}, status_code=400)
        except (JSONDecodeError, TypeError, ValueError) as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=400)
        return JSONResponse({"ok": True, **(answer or {})})

    return endpoint


def _question(ask: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return JSONResponse(ask())

    return endpoint
