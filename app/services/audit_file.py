"""What the gate checked, as a file for a checker that shares no code with us (disclosure.md 4)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from app.domain.disclosure import INCOMPLETE
from app.domain.errors import DomainError
from app.domain.responses import DECLINED, UNANSWERED
from app.domain.scoring import columns_of
from app.services.release_gate import figures_of
from app.services.releases import Release
from app.services.report_basis import Pools, Submitted, load_submitted
from app.services.survey_keys import KeyRing
from app.services.surveys import Setup


def write_audit_file(session: Session, keys: KeyRing, setup: Setup, release: Release, file: Path) -> None:
    """Figures with who is behind them, and who answered which items; pseudonyms are drawn anew for each file.

    Of a response that is gone the frozen pools still know which themes it answered whole, and that is what is told of
    it; DomainError ``gate.no_members`` once the answers are deleted.
    """
    pools = release.basis.pools
    if pools is None:
        raise DomainError("gate.no_members")
    pseudonyms = [secrets.token_hex(8) for _ in pools.ids]
    asked = {theme.id: [item.id for item in theme.items] for theme in setup.themes}
    whole = pools.first != INCOMPLETE
    answered = {
        pseudonym: [
            item for theme, is_whole in zip(pools.theme_ids, own, strict=True) if is_whole for item in asked[theme]
        ]
        for pseudonym, own in zip(pseudonyms, whole.tolist(), strict=True)
    }
    answered |= _answered(setup, load_submitted(session, keys, setup), dict(zip(pools.ids, pseudonyms, strict=True)))
    file.touch(mode=0o600)  # it tells small groups apart
    with file.open("w", encoding="utf-8") as stream:
        head = {"k_mean": setup.limits.k_means, "k_dist": setup.limits.k_distributions}
        stream.write(json.dumps(head)[:-1] + ', "figures": [')
        stream.writelines(_lines(release, pools, pseudonyms))
        # Sorted by pseudonym: the order of the file says no more than the pseudonyms do.
        rest = json.dumps(dict(sorted(answered.items())), ensure_ascii=False)
        stream.write(f'\n], "answered": {rest}, "scoring": "person"}}\n')


def _answered(setup: Setup, submitted: Submitted, name_of: dict[bytes, str]) -> dict[str, list[str]]:
    """Per pseudonym the items with an answer, of the responses that are still there and count."""
    columns = columns_of(setup.instrument)
    asked = [(item.id, columns[theme.id].start + i) for theme in setup.themes for i, item in enumerate(theme.items)]
    is_answered = (submitted.answers != DECLINED) & (submitted.answers != UNANSWERED)
    return {
        name_of[own]: [item for item, column in asked if is_answered[number, column]]
        for number, own in enumerate(submitted.ids)
        if own in name_of
    }


def _lines(release: Release, pools: Pools, pseudonyms: list[str]) -> Iterator[str]:
    """One figure a line; a large survey's file does not fit in memory."""
    separator = "\n"
    for figure in figures_of(release.reports, pools):
        respondents = sorted(pseudonyms[number] for number in figure.respondents)
        for items in [figure.items] if figure.kind == "mean" else [(item,) for item in figure.items]:
            content = {
                "id": f"{figure.report}|{items[0] if figure.kind == 'dist' else figure.theme}|{figure.kind}",
                "report": figure.report,
                "kind": figure.kind,
                "theme": figure.theme,
                "items": list(items),
                "respondents": respondents,
            }
            yield separator + json.dumps(content, ensure_ascii=False)
            separator = ",\n"
