"""What the guards must know after a restart: when a proposal was confirmed, the trading state, tightened limits."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and make the tables."""
    op.add_column("proposals", sa.Column("claimed", sa.BigInteger(), nullable=True))
    op.create_index("ix_proposals_claimed", "proposals", ["claimed"])
    op.create_table(
        "trading_states",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trading_states"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tightened",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "name", name="pk_tightened"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("tightened")
    op.drop_table("trading_states")
    op.drop_index("ix_proposals_claimed", "proposals")
    with op.batch_alter_table("proposals") as batch:
        batch.drop_column("claimed")
