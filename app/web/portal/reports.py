"""The published reports, one by one and as a whole, until they are deleted (spec 7.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import Response, abort, request
from flask_babel import format_decimal, lazy_gettext
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from app.db.base import begin_writing
from app.db.orders import AuditLine
from app.domain.survey import Audience
from app.extensions import report_storage, session
from app.services.audit import Event, record
from app.services.public_audit import ARCHIVE, AUDIT, MANIFEST
from app.services.report_store import PublishedReport, PublishedSet
from app.web import access, visitors
from app.web.fragments import go_to
from app.web.language import current, own_name
from app.web.portal.blueprint import OwnSurvey, bp, own_survey, show

STEP = 100
"""Units shown at first, and more with each press of the button."""
SEARCH_FROM = 10
LONGEST_SEARCH = 100
TYPES = {
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".json": "application/json",
}
LABELS = {".pdf": lazy_gettext("PDF"), ".html": lazy_gettext("Web page"), ".xlsx": lazy_gettext("Excel workbook")}


@dataclass(frozen=True, slots=True)
class File:
    """One file to download."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Version:
    """A report, or another document, in one language."""

    language: str
    language_name: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    path: Sequence[str]
    n_answers: str
    versions: tuple[Version, ...]
    """That in the language of the page first."""


@bp.route("/orders/<order_id>/reports", methods=["GET", "POST"])
def reports(order_id: str) -> Response:
    """POST searches or shows more: names of units are kept out of addresses, which proxies log."""
    own = own_survey(order_id)
    published = own.published()
    if published is None:
        return go_to(".show", order_id=order_id)
    words = request.form.get("search", "")[:LONGEST_SEARCH]
    organisation = own.survey.setup.organisation
    units = [report for report in published.reports if report.unit]
    found = [report for report in units if _matches(report, words)]
    n = _n_shown()
    return show(
        own,
        "reports",
        "_reports",
        whole=[_listed(report, organisation, published) for report in published.reports if not report.unit],
        n_units=len(units),
        found=[_listed(report, organisation, published) for report in found[:n]],
        n_found=len(found),
        n_more=n + STEP if len(found) > n else 0,
        words=words,
        longest=LONGEST_SEARCH,
        has_search=len(units) >= SEARCH_FROM,
        guides=_guides(published),
        archive=ARCHIVE,
        for_checking=[name for name in (AUDIT, MANIFEST) if name in published.names],
        k_means=own.survey.setup.limits.k_means,
    )


@bp.get("/orders/<order_id>/reports/<path:name>")
def download(order_id: str, name: str) -> Response:
    """One file of the set, also in parts; nothing that the manifest does not name."""
    own = own_survey(order_id)
    published = own.published()
    if published is None or name not in published.names:
        abort(404)
    answer = _handed_on(published, name)
    if _begins_download(answer):
        _record_download(own, PurePosixPath(name).suffix.removeprefix("."))
    return answer


def _handed_on(published: PublishedSet, name: str) -> Response:
    """The file, or the part of it that was asked for, as it comes from the storage."""
    path = PurePosixPath(name)
    try:
        file = report_storage().open(f"{published.place}/{name}")
    except FileNotFoundError:
        abort(404)
    answer = Response(FileWrapper(file.stream), mimetype=TYPES.get(path.suffix), direct_passthrough=True)
    answer.content_length = file.n_bytes
    answer.headers.set("Content-Disposition", "attachment", filename=path.name)
    answer.set_etag(published.sha256.get(name, PurePosixPath(published.place).name))
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=file.n_bytes)
    except RequestedRangeNotSatisfiable:
        answer.close()
        raise
    return answer


def _begins_download(answer: Response) -> bool:
    """A file that is fetched in parts counts once, with its first part."""
    is_first_part = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith("bytes 0-")
    return request.method == "GET" and (answer.status_code == 200 or is_first_part)


def _record_download(own: OwnSurvey, kind: str) -> None:
    actor = visitors.visitor().as_(Audience.CONTACT)
    survey_id = own.survey.setup.id
    session().rollback()
    begin_writing(session(), AuditLine)
    record(session(), survey_id, actor, Event.DOWNLOADED, access.now(), file=kind)
    session().commit()


def _n_shown() -> int:
    n = request.form.get("n", STEP, type=int)
    return n if n > 0 else STEP


def _matches(report: PublishedReport, words: str) -> bool:
    """Every word is somewhere in the path."""
    path = " ".join(report.unit).casefold()
    return all(word in path for word in words.casefold().split())


def _listed(report: PublishedReport, organisation: str, published: PublishedSet) -> Listed:
    files = sorted(report.files.items(), key=lambda pair: (pair[0] != current(), pair[0]))
    versions = (_version(language, stem, published) for language, stem in files)
    return Listed(report.unit or (organisation,), format_decimal(report.n_answers), tuple(versions))


def _version(language: str, stem: str, published: PublishedSet) -> Version:
    files = (File(f"{stem}{ending}", str(label)) for ending, label in LABELS.items())
    there = tuple(file for file in files if file.name in published.names)
    return Version(language, own_name(language), there)


def _guides(published: PublishedSet) -> list[tuple[str, Version]]:
    """What lies in the folders of the languages beside the reports: title and files."""
    of_reports = {stem for report in published.reports for stem in report.files.values()}
    stems = sorted({stem for stem in _stems_in_folders(published) if stem not in of_reports})
    found = []
    for stem in stems:
        language, _, title = stem.partition("/")
        found.append((title.removesuffix(f" ({language})"), _version(language, stem, published)))
    return found


def _stems_in_folders(published: PublishedSet) -> Iterator[str]:
    for name in published.names:
        path = PurePosixPath(name)
        if len(path.parts) == 2 and path.suffix in LABELS:
            yield name.removesuffix(path.suffix)
