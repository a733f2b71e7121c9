"""News by command: headlines, their articles and what the wire tells beside them, and IBKR's own bulletins."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from simulator.tws.document import pdf
from simulator.tws.news_provider import NEWS_PROVIDERS

if TYPE_CHECKING:
    from simulator.tws.exchange import Exchange

Options = dict[str, Any]
_KINDS = {1, 2, 3}


def publish(exchange: Exchange, options: Options) -> Options:
    """
    Publish a headline, by one provider or by each of several; return their article ids.

    Raises KeyError where `headline` is missing, UnknownInstrument, ValueError for what makes no sense.
    """
    headline, codes = str(options["headline"]), options.get("providers") or [options.get("provider") or "BRFG"]
    if not isinstance(codes, list) or not set(codes) <= NEWS_PROVIDERS.keys():
        raise ValueError(f"unknown news provider among {codes!r}: {', '.join(NEWS_PROVIDERS)}")
    document = _document(options, headline)
    ids = [
        exchange.publish(
            options.get("symbol"), headline, provider=code, article=str(options.get("article") or "<p></p>"),
            meta=_meta(options), is_hot=bool(options.get("hot")), document=document,
        ).article_id
        for code in codes
    ]  # fmt: skip
    return {"article_id": ids[0], "article_ids": ids}


def bulletin(exchange: Exchange, options: Options) -> None:
    """Publish a message of IBKR's own. Raises KeyError where `text` is missing, ValueError for an unknown kind."""
    kind = int(options.get("kind", 1))
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of bulletin {kind}: 1 regular, 2 an exchange is gone, 3 it is back")
    exchange.bulletin(str(options["text"]), kind=kind, exchange=str(options.get("exchange") or ""))


def _meta(options: Options) -> str | None:
    """Return what is told beside the headline, None where it is to be made up."""
    if options.get("meta") is not None:
        return str(options["meta"])
    return f"A:800015:L:{options['language']}" if options.get("language") else None


def _document(options: Options, headline: str) -> bytes:
    if options.get("pdf"):
        return pdf(headline)
    try:
        return b64decode(str(options.get("document") or ""), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the document is no base64: {error}") from error
