"""Whose headlines people do not want to hear of for now."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "mutes",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("con_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("provider", sa.String(length=24), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "con_id", "provider", name="pk_mutes"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("mutes")
