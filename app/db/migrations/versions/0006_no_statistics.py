"""PostgreSQL keeps samples of columns for its planner, and they outlive the rows: none of what is secret any more."""

from alembic import op

revision = "0006"
down_revision = "0005"

SECRET: dict[str, dict[str, tuple[str, ...]]] = {
    "answers": {
        "response": ("id", "sealed", "life"),
        "report_basis": ("sealed_pools",),
        "staff_member": ("mark",),
        "uploaded_list": ("content",),
        "mail": ("recipient",),
    },
    "identities": {"register_bucket": ("sealed", "locator")},
    "keys": {"survey_key": ("wrapped",), "tombstones": ("sealed",), "ended_login": ("mark",)},
}
_TYPES = {"recipient": "varchar(254)"}
_IN_A_POLICY = {"locator"}
"""The type of such a column cannot be set, so its samples stay; a locator is a keyed hash, and says nothing."""


def upgrade(database: str) -> None:
    """Setting a column's type, even to what it is, throws its samples away."""
    for table, column in _columns(database):
        if column not in _IN_A_POLICY:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {_TYPES.get(column, 'bytea')}")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")


def downgrade(database: str) -> None:
    for table, column in _columns(database):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")


def _columns(database: str) -> list[tuple[str, str]]:
    if op.get_bind().dialect.name != "postgresql":
        return []
    return [(table, column) for table, columns in SECRET[database].items() for column in columns]
