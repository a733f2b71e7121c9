"""The link to Interactive Brokers and everything that speaks over it; it is up later, or not at all."""

from dataclasses import dataclass

from bot.headlines import HeadlineBook
from bot.settings import Settings
from bot.wiring.ground import Ground
from broker.catalogue import IbCatalogue
from broker.catalogue_file import NAME, CatalogueFile
from broker.contracts import IbContracts
from broker.history import IbHistory
from broker.market_data import IbTickFeed
from broker.news import IbNewsFeed
from broker.options import IbOptions
from broker.order_feed import IbOrderFeed
from broker.orders import IbOrders
from broker.portfolio import IbPortfolio
from broker.scanner import IbScanFeed
from broker.session import IbAddress, IbSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """*orders* is the gateway to the market: only the order desk and its tracker are given it whole."""

    session: IbSession
    contracts: IbContracts
    feed: IbTickFeed
    history: IbHistory
    news: IbNewsFeed
    headlines: HeadlineBook
    scans: IbScanFeed
    options: IbOptions
    orders: IbOrders
    holdings: IbPortfolio
    order_feed: IbOrderFeed


def wire_link(ground: Ground) -> Link:
    """Make everything; nothing is connected before the session runs."""
    settings, clock = ground.settings, ground.clock
    session = IbSession(_address(settings), clock)
    contracts = IbContracts(session, clock, hours_ttl_s=min(900.0, settings.session_refresh_s))
    feed = IbTickFeed(session, clock, most=settings.ib_market_lines)
    history = IbHistory(session, clock, contracts)
    news = IbNewsFeed(session, clock, reserve=feed.reserve)
    headlines = HeadlineBook(news, clock)
    session.on_up(headlines.learn)
    scans = IbScanFeed(session, IbCatalogue(session, clock, CatalogueFile(settings.data_folder / NAME)))
    session.on_up(scans.renew)
    options = IbOptions(session, feed, clock)
    orders = IbOrders(session, clock)
    holdings = IbPortfolio(session, contracts, clock=clock)
    return Link(
        session=session,
        contracts=contracts,
        feed=feed,
        history=history,
        news=news,
        headlines=headlines,
        scans=scans,
        options=options,
        orders=orders,
        holdings=holdings,
        order_feed=IbOrderFeed(session, orders, clock),
    )


def _address(settings: Settings) -> IbAddress:
    return IbAddress(
        settings.ib_host, settings.ib_port, settings.ib_client_id, settings.ib_readonly, settings.ib_account
    )
