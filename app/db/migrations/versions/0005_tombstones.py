"""What was taken away, so that a restored backup does not bring it back (app/services/tombstones.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade(database: str) -> None:
    """A response that is there already is known by its id until it is deleted."""
    if database == "answers":
        op.add_column("response", sa.Column("life", sa.LargeBinary(length=16), nullable=True))
    if database == "keys":
        op.create_table(
            "tombstones",
            sa.Column("survey_id", sa.String(length=32), nullable=False),
            sa.Column("purpose", sa.String(length=16), nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("survey_id", "purpose", name=op.f("pk_tombstones")),
            sqlite_with_rowid=False,
        )


def downgrade(database: str) -> None:
    """What was taken away until now is forgotten: make a backup at once, and restore none from before."""
    if database == "answers":
        op.drop_column("response", "life")
    if database == "keys":
        op.drop_table("tombstones")
