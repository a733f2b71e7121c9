"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    _rules()
    _firings()
    _outbox()
    _proposals()
    _legs()
    _fills()
    _snapshots()
    _users()
    _chats()
    _audit()
    _jobs()
    _seal_audit()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "jobs",
        "audit",
        "chats",
        "users",
        "snapshots",
        "fills",
        "legs",
        "proposals",
        "outbox",
        "firings",
        "rules",
    ):
        op.drop_table(table)


def _rules() -> None:
    op.create_table(
        "rules",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fired_count", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rules_owner_id", "rules", ["owner_id"])
    op.create_index("ix_rules_state", "rules", ["state"])


def _firings() -> None:
    op.create_table(
        "firings",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("rule_id", _serial(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_firings"),
        sa.UniqueConstraint("key", name="uq_firings_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_firings_owner_id_at", "firings", ["owner_id", "at"])
    op.create_index("ix_firings_rule_id_at", "firings", ["rule_id", "at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("happened", sa.BigInteger(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("edit_key", sa.String(length=160), nullable=True),
        sa.Column("boot_id", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("may_repeat", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("dedupe_key", name="uq_outbox_dedupe_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state_next_try", "outbox", ["state", "next_try"])


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("token", name="uq_proposals_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposals_state_expires", "proposals", ["state", "expires"])
    op.create_index("ix_proposals_user_id", "proposals", ["user_id"])


def _legs() -> None:
    op.create_table(
        "legs",
        sa.Column("proposal_id", _serial(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_ref", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("perm_id", sa.BigInteger(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.Column("average_price", sa.Text(), nullable=True),
        sa.Column("commission", sa.Text(), nullable=True),
        sa.Column("realized_pnl", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name="fk_legs_proposal_id"),
        sa.PrimaryKeyConstraint("proposal_id", "number", name="pk_legs"),
        sa.UniqueConstraint("order_ref", name="uq_legs_order_ref"),
    )
    op.create_index("ix_legs_state", "legs", ["state"])


def _fills() -> None:
    op.create_table(
        "fills",
        sa.Column("exec_id", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", _serial(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("instrument", sa.JSON(), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("order_ref", sa.String(length=64), nullable=False),
        sa.Column("perm_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("cumulative", sa.Text(), nullable=False),
        sa.Column("average_price", sa.Text(), nullable=False),
        sa.Column("commission", sa.Text(), nullable=True),
        sa.Column("commission_currency", sa.String(length=8), nullable=False),
        sa.Column("realized_pnl", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name="fk_fills_proposal_id"),
        sa.PrimaryKeyConstraint("exec_id", name="pk_fills"),
    )
    op.create_index("ix_fills_proposal_id", "fills", ["proposal_id"])
    op.create_index("ix_fills_time", "fills", ["time"])


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("net_liquidation", sa.Text(), nullable=False),
        sa.Column("cash", sa.Text(), nullable=True),
        sa.Column("realized_pnl", sa.Text(), nullable=True),
        sa.Column("unrealized_pnl", sa.Text(), nullable=True),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.UniqueConstraint("account", "day", name="uq_snapshots_account_day"),
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
    )


def _chats() -> None:
    op.create_table(
        "chats",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_chats"),
    )
    op.create_index("ix_chats_user_id", "chats", ["user_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("marked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", name="pk_jobs"),
    )


def _seal_audit() -> None:
    """Make the audit append-only for whoever holds a connection, not only for our own code."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )
