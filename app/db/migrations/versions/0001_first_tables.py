"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade(database: str) -> None:
    globals()[f"upgrade_{database}"]()


def downgrade(database: str) -> None:
    globals()[f"downgrade_{database}"]()


def upgrade_answers() -> None:
    op.create_table(
        "organisation",
        sa.Column("number", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_organisation")),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("is_submitted", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_response_survey_id"), ["survey_id"], unique=False)

    op.create_table(
        "survey",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("organisation_number", sa.String(length=9), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("instrument_version", sa.String(length=16), nullable=False),
        sa.Column("extra_themes", sa.JSON(), nullable=False),
        sa.Column("definitions", sa.JSON(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("n_invited", sa.Integer(), nullable=True),
        sa.Column("n_register_buckets", sa.Integer(), nullable=False),
        sa.Column("k_means", sa.Integer(), nullable=False),
        sa.Column("k_distributions", sa.Integer(), nullable=False),
        sa.Column("k_prevalence", sa.Integer(), nullable=False),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("access_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs_compacting", sa.Boolean(), nullable=False),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_number"], ["organisation.number"], name=op.f("fk_survey_organisation_number_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("code", name=op.f("uq_survey_code")),
    )
    op.create_table(
        "report_basis",
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("n_answers", sa.JSON(), nullable=False),
        sa.Column("n_included", sa.JSON(), nullable=False),
        sa.Column("sealed_pools", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_report_basis_survey_id_survey")),
        sa.PrimaryKeyConstraint("survey_id", name=op.f("pk_report_basis")),
    )
    op.create_table(
        "pool_sum",
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("theme_id", sa.String(length=40), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["report_basis.survey_id"], name=op.f("fk_pool_sum_survey_id_report_basis")
        ),
        sa.PrimaryKeyConstraint("survey_id", "theme_id", "tier", "unit", name=op.f("pk_pool_sum")),
    )
    op.create_table(
        "withholding",
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_withholding_survey_id_survey")),
        sa.PrimaryKeyConstraint("survey_id", "unit", "theme_id", name=op.f("pk_withholding")),
    )


def downgrade_answers() -> None:
    op.drop_table("withholding")
    op.drop_table("pool_sum")
    op.drop_table("report_basis")
    op.drop_table("survey")
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_response_survey_id"))

    op.drop_table("response")
    op.drop_table("organisation")


def upgrade_identities() -> None:
    op.create_table(
        "register_bucket",
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("survey_id", "number", name=op.f("pk_register_bucket")),
        sqlite_with_rowid=False,
    )


def downgrade_identities() -> None:
    op.drop_table("register_bucket")


def upgrade_keys() -> None:
    op.create_table(
        "survey_key",
        sa.Column("survey_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("survey_id", "purpose", name=op.f("pk_survey_key")),
        sqlite_with_rowid=False,
    )


def downgrade_keys() -> None:
    op.drop_table("survey_key")
