"""Ten weeks after access nothing about a person is left (spec 8), in steps that may each be repeated.

The keys go first: from that moment the rows, and every copy of them in a backup, are noise.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db.answers import PoolSum, ReportBasis, ResponseRow, WithholdingRow
from app.db.identities import RegisterBucket
from app.db.keys import SurveyKey
from app.db.surveys import Survey
from app.domain.survey import N_WEEKS_SUMS, State, oslo_day
from app.services.closing import Step
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import opened


def is_deletion_due(survey: Survey, now: datetime) -> bool:
    return survey.access_at is not None and survey.deleted_at is None and now >= opened(survey).clock.deletes_at


def describe_deletion(session: Session, survey: Survey) -> dict[str, object]:
    """What is about to be deleted: whose, counts, and a hash over the sealed rows that says which they were."""
    query = select(ResponseRow.id, ResponseRow.sealed).where(ResponseRow.survey_id == survey.id)
    digest = hashlib.sha256()
    n_responses = 0
    for own, sealed in session.execute(query.order_by(ResponseRow.id)):
        digest.update(own + sealed)
        n_responses += 1
    buckets = select(func.count()).where(RegisterBucket.survey_id == survey.id).select_from(RegisterBucket)
    keys = select(SurveyKey.purpose).where(SurveyKey.survey_id == survey.id).order_by(SurveyKey.purpose)
    return {
        "survey": survey.id,
        "organisation": survey.organisation.name,
        "organisation_number": survey.organisation_number,
        "opened_on": oslo_day(opened(survey).clock.access_at).isoformat(),
        "n_responses": n_responses,
        "n_register_buckets": session.scalar(buckets) or 0,
        "keys": list(session.scalars(keys)),
        "sha256_of_sealed_responses": digest.hexdigest(),
        "was_exported": survey.exported_at is not None,
    }


def destroy_all_keys(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    keys.destroy(session, survey.id, *Purpose)


def delete_identities(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    session.execute(
        delete(RegisterBucket).where(RegisterBucket.survey_id == survey.id).execution_options(synchronize_session=False)
    )


def delete_answers(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    """The responses, who was in which pool, and every count below the limits; the sums follow their own date."""
    for entity in (ResponseRow, WithholdingRow):
        session.execute(
            delete(entity).where(entity.survey_id == survey.id).execution_options(synchronize_session=False)
        )
    basis = session.get(ReportBasis, survey.id)
    if basis is not None:
        basis.sealed_pools = None
        basis.n_answers = basis.n_included
    survey.state = State.DELETED.value
    survey.needs_compacting = True


DELETION: tuple[Step, ...] = (destroy_all_keys, delete_identities, delete_answers)
"""In this order, a commit after each; then `compaction.compact` every database, then set `Survey.deleted_at`."""


def delete_old_sums(session: Session, survey: Survey, now: datetime) -> None:
    """The sums that reports were made from, once no later report may be made of them."""
    if survey.access_at is not None and now >= survey.access_at + timedelta(weeks=N_WEEKS_SUMS):
        session.execute(delete(PoolSum).where(PoolSum.survey_id == survey.id))
        session.execute(delete(ReportBasis).where(ReportBasis.survey_id == survey.id))
