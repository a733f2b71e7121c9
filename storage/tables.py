"""
The tables; private to this room.

What is searched or guarded by the database is a column; the rest of an object is one JSON column, written and read by
the codec of the room that owns the object. The migrations make the same tables; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.columns import BIG, SERIAL, Instant, Money

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids of rules, proposals and messages live on in buttons, order references and texts: they are never used twice
# (sqlite_autoincrement), even after the newest row was deleted.

rules = Table(
    "rules",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("owner_id", BIG, nullable=False, index=True),
    Column("chat_id", BIG, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("fired_count", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# No foreign key: a deleted rule's firings stay.
firings = Table(
    "firings",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("key", String(128), nullable=False, unique=True),
    Column("rule_id", SERIAL, nullable=False),
    Column("owner_id", BIG, nullable=False),
    Column("chat_id", BIG, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", JSON, nullable=False),
    Index(None, "rule_id", "at"),
    Index(None, "owner_id", "at"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("chat_id", BIG, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("silent", Boolean, nullable=False),
    Column("created", Instant, nullable=False),
    Column("happened", Instant, nullable=False),
    Column("dedupe_key", String(160), nullable=False, unique=True),
    Column("reply_to", BIG),
    Column("edit_key", String(160), index=True),
    Column("boot_id", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Instant),
    Column("message_id", BIG),
    Column("error", Text, nullable=False),
    Column("may_repeat", Boolean, nullable=False),
    Column("told_by", SERIAL, index=True),
    Column("target", Text),
    Column("silence", String(64)),
    Index(None, "state", "next_try"),
    sqlite_autoincrement=True,
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("user_id", BIG, nullable=False, index=True),
    Column("chat_id", BIG, nullable=False),
    Column("message_id", BIG),
    Column("digest", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("data", JSON, nullable=False),
    Column("claimed", Instant, index=True),
    Index(None, "state", "expires"),
    sqlite_autoincrement=True,
)

legs = Table(
    "legs",
    metadata,
    Column("proposal_id", SERIAL, ForeignKey("proposals.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("order_ref", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("order_id", BIG, nullable=False),
    Column("perm_id", BIG, nullable=False),
    Column("filled", Money, nullable=False),
    Column("average_price", Money),
    Column("commission", Money),
    Column("realized_pnl", Money),
    Column("message", Text, nullable=False),
)

fills = Table(
    "fills",
    metadata,
    Column("exec_id", String(64), primary_key=True),
    Column("proposal_id", SERIAL, ForeignKey("proposals.id"), nullable=False, index=True),
    Column("account", String(32), nullable=False),
    Column("instrument", JSON, nullable=False),
    Column("side", String(4), nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money, nullable=False),
    Column("time", Instant, nullable=False, index=True),
    Column("order_ref", String(64), nullable=False),
    Column("perm_id", BIG, nullable=False),
    Column("order_id", BIG, nullable=False),
    Column("client_id", BIG, nullable=False),
    Column("cumulative", Money, nullable=False),
    Column("average_price", Money, nullable=False),
    Column("commission", Money),
    Column("commission_currency", String(8), nullable=False),
    Column("realized_pnl", Money),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("account", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("net_liquidation", Money, nullable=False),
    Column("cash", Money),
    Column("realized_pnl", Money),
    Column("unrealized_pnl", Money),
    Column("positions", JSON, nullable=False),
    UniqueConstraint("account", "day"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("settings", JSON, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BIG, primary_key=True, autoincrement=False),
    Column("user_id", BIG, nullable=False, index=True),
    Column("seen", Instant, nullable=False),
    Column("disabled", Instant),
    Column("reason", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("user_id", BIG, nullable=False),
    Column("chat_id", BIG, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("marked", Instant, nullable=False),
)

watchlist = Table(
    "watchlist",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("con_id", BIG, primary_key=True, autoincrement=False),
    Column("added", Instant, nullable=False),
    Column("instrument", JSON, nullable=False),
)

forms = Table(
    "forms",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("user_id", BIG, nullable=False),
    Column("chat_id", BIG, nullable=False),
    Column("message_id", BIG),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Column("touched", Instant, nullable=False, index=True),
    Index(None, "chat_id", "message_id"),
    sqlite_autoincrement=True,
)

aftermath = Table(
    "aftermath",
    metadata,
    Column("firing_id", SERIAL, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("instrument", JSON, nullable=False),
    Column("after_hour", Float),
    Column("after_day", Float),
    Column("due", Instant, index=True),
    Column("tries", Integer, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("chat_id", BIG, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("seen", Instant, nullable=False),
)

# The moment up to which something was seen or done, by key.
moments = Table(
    "moments",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
)

# The official close of the last day that was looked at, as IBKR told it then: a split changes what it tells later.
closes = Table(
    "closes",
    metadata,
    Column("con_id", BIG, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("close", Float, nullable=False),
)

# Telegram's updates that are in hand; what is left at a start was interrupted.
updates = Table(
    "updates",
    metadata,
    Column("update_id", BIG, primary_key=True, autoincrement=False),
    Column("data", JSON, nullable=False),
    Column("at", Instant, nullable=False),
)

# A group that became a supergroup has a new id.
moved_chats = Table(
    "moved_chats",
    metadata,
    Column("chat_id", BIG, primary_key=True, autoincrement=False),
    Column("new_chat_id", BIG, nullable=False),
    Column("at", Instant, nullable=False),
)

# What a person wants firings to say; *scope* is a kind of alert ("kind:level") or one alert ("rule:12").
templates = Table(
    "templates",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("scope", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)

# Where an alert's firings are sent beside the chat, and the hosts that an admin has approved for that.
hooks = Table(
    "hooks",
    metadata,
    Column("rule_id", SERIAL, primary_key=True, autoincrement=False),
    Column("owner_id", BIG, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(128), nullable=False),
    Column("at", Instant, nullable=False),
)

hook_hosts = Table(
    "hook_hosts",
    metadata,
    Column("host", String(253), primary_key=True),
    Column("approved_by", BIG, nullable=False),
    Column("at", Instant, nullable=False),
)

# Secrets of authenticator apps; they are as safe as the file, which its owner alone may read.
second_steps = Table(
    "second_steps",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("secret", String(64), nullable=False),
    Column("since", Instant, nullable=False),
    Column("is_confirmed", Boolean, nullable=False),
    Column("last_counter", BIG, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
)

# Who may approve a proposal that waits for a second person, each by a button of their own.
approvals = Table(
    "approvals",
    metadata,
    Column("proposal_id", SERIAL, ForeignKey("proposals.id"), primary_key=True),
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("token", String(64), nullable=False, unique=True),
    Column("message_id", BIG),
)

# People who are in by a pairing code or an admin's word, beside those of the environment.
members = Table(
    "members",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("role", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("added_by", BIG, nullable=False),
    Column("at", Instant, nullable=False),
)

blocked = Table(
    "blocked",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("by", BIG, nullable=False),
    Column("at", Instant, nullable=False),
)

# What the inbound webhook took, by a digest of the call, so that the same one sent again is known.
inbound = Table(
    "inbound",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)

# Purchases of a rebalance that wait for the money of its sales, and the proposal that asks for them now.
sequels = Table(
    "sequels",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("user_id", BIG, nullable=False),
    Column("chat_id", BIG, nullable=False),
    Column("account", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("cash", Money, nullable=False),
    Column("waiting", JSON, nullable=False),
    Column("created", Instant, nullable=False),
    Column("offered", BIG, nullable=False),
    Column("reminded", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

# Each change of the trading state; the last one holds.
trading_states = Table(
    "trading_states",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("user_id", BIG, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# Limits that an admin has tightened in the chat, for one person or (0) for everybody.
tightened = Table(
    "tightened",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("by", BIG, nullable=False),
    Column("at", Instant, nullable=False),
)

# Scans that people ran (no name), saved and scheduled; one that is deleted can be brought back for a while.
scans = Table(
    "scans",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("owner_id", BIG, nullable=False, index=True),
    Column("chat_id", BIG, nullable=False),
    Column("line", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("touched", Instant, nullable=False),
    Column("due", Instant),
    Column("deleted", Instant),
    Column("told", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

# Whose headlines a person does not want: an instrument's (provider is empty) or a provider's (con_id is 0).
mutes = Table(
    "mutes",
    metadata,
    Column("user_id", BIG, primary_key=True, autoincrement=False),
    Column("con_id", BIG, primary_key=True, autoincrement=False),
    Column("provider", String(24), primary_key=True),
    Column("name", Text, nullable=False),
)
