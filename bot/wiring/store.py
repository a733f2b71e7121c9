"""The database, and what of it more than one part reads or writes."""

from dataclasses import dataclass

from bot.wiring.ground import Ground
from storage.aftermath import SqlAftermath
from storage.audit import SqlAuditLog
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.hooks import SqlHooks
from storage.mutes import SqlMutes
from storage.outbox import SqlOutbox
from storage.proposals import SqlProposalStore
from storage.templates import SqlTemplates
from storage.users import SqlUsers
from storage.watchlists import SqlWatchlists


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What is kept; a repository that one part alone needs is made there, of *database*."""

    database: Database
    outbox: SqlOutbox
    hooks: SqlHooks
    firings: SqlFiringLog
    proposals: SqlProposalStore
    users: SqlUsers
    audit: SqlAuditLog
    watchlists: SqlWatchlists
    aftermath: SqlAftermath
    templates: SqlTemplates
    mutes: SqlMutes


async def wire_store(ground: Ground) -> Store:
    """Open the database, with its migrations. Raises StorageError for one that cannot be used."""
    database = await Database.open(ground.settings.database_url, clock=ground.clock, boot_id=ground.boot_id)
    ground.stack.push_async_callback(database.close)
    outbox = SqlOutbox(database, ground.clock, ground.boot_id)
    hooks = SqlHooks(database)
    await hooks.load()
    templates = SqlTemplates(database)
    await templates.load()
    mutes = SqlMutes(database)
    await mutes.load()
    return Store(
        database=database,
        outbox=outbox,
        hooks=hooks,
        firings=SqlFiringLog(database, outbox, hooks.target_of),
        proposals=SqlProposalStore(database, outbox),
        users=SqlUsers(database),
        audit=SqlAuditLog(database),
        watchlists=SqlWatchlists(database),
        aftermath=SqlAftermath(database),
        templates=templates,
        mutes=mutes,
    )
