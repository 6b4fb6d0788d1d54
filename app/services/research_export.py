"""What was consented to, handed over to research (spec 8): answers here, sealed identities there.

Needs the research private key, which is on no machine that serves the web: research runs it where its key is.
The key only tells which responses belong to somebody who consents at this moment; no identity is opened into a file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from app.adapters.sealing import open_for_research
from app.domain.instrument import Instrument, Theme
from app.domain.responses import DECLINED, UNANSWERED, Response
from app.domain.scoring import columns_of
from app.services.register import Entry, list_entries, read_for_research
from app.services.report_basis import load_responses
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import Setup

RESPONSES, SEALED, CODEBOOK, COUNTS = "responses", "identities.sealed.csv", "codebook", "counts.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """How many were handed over; the two numbers agree unless somebody consented and never submitted."""

    n_responses: int
    n_consents: int


def export_research(
    session: Session, keys: KeyRing, setup: Setup, private_key: bytes, languages: tuple[str, ...], out: Path
) -> Exported:
    """Write responses (CSV and Parquet), codebook, and apart from them the sealed identities, into the new folder."""
    register_key = keys.get(session, setup.id, Purpose.CLOSED_REGISTER)
    entries = list(list_entries(session, register_key, setup.id))
    links = {_link_of(setup, private_key, entry) for entry in entries}
    # Sorted by link, which is random to everybody without the key: the order says nothing.
    chosen = sorted(
        (response for response in load_responses(session, keys, setup) if response.link in links),
        key=lambda response: response.link,
    )
    out.mkdir(mode=0o700, parents=True)
    table = _table(setup, chosen)
    _write_csv(out / f"{RESPONSES}.csv", table)
    pq.write_table(pa.table({name: pa.array(column) for name, column in table.items()}), out / f"{RESPONSES}.parquet")
    for language in languages:
        _write_codebook(out / f"{CODEBOOK}-{language}.csv", setup, language)
    _write_identities(out / SEALED, entries)
    exported = Exported(len(chosen), len(entries))
    counts = {"n_responses": exported.n_responses, "n_consents": exported.n_consents}
    (out / COUNTS).write_text(json.dumps(counts) + "\n", encoding="utf-8")
    return exported


def _link_of(setup: Setup, private_key: bytes, entry: Entry) -> bytes:
    return read_for_research(open_for_research(private_key, entry.for_research, setup.id.encode()))[0]


Table = dict[str, list[str] | list[int | None]]


def _table(setup: Setup, responses: list[Response]) -> Table:
    """Columns: link (joins the sealed identities), Nivå1…, then one per item asked; None is not answered."""
    paths = [setup.tree.units[response.unit or 0].path for response in responses]
    table: Table = {"link": [response.link.hex() for response in responses]}
    for level in range(setup.tree.n_levels):
        table[f"Nivå{level + 1}"] = [path[level] if len(path) > level else "" for path in paths]
    for item_id, column in _asked(setup.instrument, setup.themes):
        values = (response.answers[column] for response in responses)
        table[item_id] = [None if value == UNANSWERED else int(value) for value in values]
    return table


def _asked(instrument: Instrument, themes: tuple[Theme, ...]) -> Iterator[tuple[str, int]]:
    columns = columns_of(instrument)
    return ((item.id, columns[theme.id].start + i) for theme in themes for i, item in enumerate(theme.items))


def _write_csv(file: Path, table: Table) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(table)
        columns = [["" if value is None else value for value in column] for column in table.values()]
        writer.writerows(np.array(columns, dtype=object).T.tolist() if columns[0] else [])


def _write_codebook(file: Path, setup: Setup, language: str) -> None:
    """One row per item and value: what was asked, what the value means, and whether it is turned when scored."""
    instrument = setup.instrument
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("item", "theme", "text", "is_reversed", "value", "label", "instrument"))
        for theme in setup.themes:
            labels = [(DECLINED, instrument.no_answer), *enumerate(theme.scale.categories, 1)]
            for item in theme.items:
                writer.writerows(
                    (
                        item.id,
                        theme.name[language],
                        item.text[language],
                        int(item.is_reversed),
                        value,
                        label[language],
                        instrument.version,
                    )
                    for value, label in labels
                )


def _write_identities(file: Path, entries: list[Entry]) -> None:
    """Sealed as they were at login; the version of the consent text beside each."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("sealed", "consent_text_version"))
        writer.writerows((entry.for_research.hex(), entry.consent.text_version) for entry in entries)
