"""What an alert's life needs beside the alert: watchlists, half-done forms, prices after a firing, groups by name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "watchlist",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("con_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "con_id", name="pk_watchlist"),
    )
    op.create_table(
        "forms",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forms"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_forms_chat_id_message_id", "forms", ["chat_id", "message_id"])
    op.create_index("ix_forms_touched", "forms", ["touched"])
    op.create_table(
        "aftermath",
        sa.Column("firing_id", _serial(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.JSON(), nullable=False),
        sa.Column("after_hour", sa.Float(), nullable=True),
        sa.Column("after_day", sa.Float(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("firing_id", name="pk_aftermath"),
    )
    op.create_index("ix_aftermath_due", "aftermath", ["due"])
    op.create_table(
        "groups",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_groups"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("groups", "aftermath", "forms", "watchlist"):
        op.drop_table(table)
