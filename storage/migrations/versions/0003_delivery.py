"""What delivery needs beyond a row's own state: digests, hooks, templates, moved groups, moments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns to the outbox, and make the tables."""
    op.add_column("outbox", sa.Column("told_by", _serial(), nullable=True))
    op.add_column("outbox", sa.Column("target", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("silence", sa.String(length=64), nullable=True))
    op.create_index("ix_outbox_told_by", "outbox", ["told_by"])
    op.create_index("ix_outbox_edit_key", "outbox", ["edit_key"])
    op.create_table(
        "moments",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_moments"),
    )
    op.create_table(
        "closes",
        sa.Column("con_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("close", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("con_id", name="pk_closes"),
    )
    op.create_table(
        "updates",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("update_id", name="pk_updates"),
    )
    op.create_table(
        "moved_chats",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("new_chat_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_moved_chats"),
    )
    op.create_table(
        "templates",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "scope", name="pk_templates"),
    )
    op.create_table(
        "hooks",
        sa.Column("rule_id", _serial(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name="pk_hooks"),
    )
    op.create_table(
        "hook_hosts",
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_hook_hosts"),
    )


def downgrade() -> None:
    """Undo it."""
    for table in ("hook_hosts", "hooks", "templates", "moved_chats", "updates", "closes", "moments"):
        op.drop_table(table)
    op.drop_index("ix_outbox_edit_key", "outbox")
    op.drop_index("ix_outbox_told_by", "outbox")
    with op.batch_alter_table("outbox") as batch:
        for column in ("silence", "target", "told_by"):
            batch.drop_column(column)
