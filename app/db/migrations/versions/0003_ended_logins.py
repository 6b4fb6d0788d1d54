"""Logins that ended at ID-porten, for every process to see."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade(database: str) -> None:
    globals()[f"upgrade_{database}"]()


def downgrade(database: str) -> None:
    globals()[f"downgrade_{database}"]()


def upgrade_answers() -> None:
    pass


def downgrade_answers() -> None:
    pass


def upgrade_identities() -> None:
    pass


def downgrade_identities() -> None:
    pass


def upgrade_keys() -> None:
    op.create_table(
        "ended_login",
        sa.Column("mark", sa.LargeBinary(length=32), nullable=False),
        sa.Column("until_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_ended_login")),
        sqlite_with_rowid=False,
    )


def downgrade_keys() -> None:
    op.drop_table("ended_login")
