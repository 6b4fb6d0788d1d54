"""What has to be shown before PostgreSQL shows a bucket of the register to the web's role (app/db/grants.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade(database: str) -> None:
    """A bucket that is there already gets its locator when it is next written; closing writes all."""
    if database == "identities":
        op.add_column("register_bucket", sa.Column("locator", sa.LargeBinary(length=32), nullable=True))


def downgrade(database: str) -> None:
    """Locators are made from a survey's keys, so nothing is lost. A policy that compares them goes first."""
    if database != "identities":
        return
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY IF EXISTS one_bucket ON register_bucket")
    op.drop_column("register_bucket", "locator")
