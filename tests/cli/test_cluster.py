"""A Dask cluster makes the same bytes as this machine, is told no secret, and one failure stops nothing else."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import ROOT
from app.adapters.storage import Storage
from app.domain.errors import DomainError
from app.domain.units import UnitPath, UnitTree
from app.extensions import session, settings
from app.services import report_workers
from app.services.releases import Release
from app.services.report_building import build_set
from app.services.report_store import find_published
from app.services.report_workers import Job, Printed, Rendered, Workers, cluster_workers, local_workers
from app.services.surveys import get_survey
from tests.cli.test_reports import Desk
from tests.services.published import instrument_of, random_submitted, release_of, setup_of

SIZES: dict[UnitPath, int] = {("A", "A1"): 11, ("A", "A2"): 6, ("B",): 12, ("C",): 7}
TREE = UnitTree.from_rows([(path, None) for path in SIZES])


@pytest.fixture(scope="module")
def release() -> Release:
    instrument = instrument_of(("workload", "conflicts"))
    return release_of(setup_of(TREE, instrument), random_submitted(TREE, SIZES, instrument.themes, 1))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers: processes that have the program, and no setting of ours."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}

    def start(what: str, *options: str) -> subprocess.Popen[bytes]:
        arguments = (sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(file), *options)
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(arguments, cwd=folder, env=environment, stdout=log, stderr=log)

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0")]
    deadline = time.monotonic() + 60
    while not file.exists() or not file.read_bytes().strip():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)
    processes += [start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(2)]
    yield json.loads(file.read_bytes())["address"]
    for process in reversed(processes):
        process.terminate()
        process.wait(60)


def build(release: Release, out: Path, workers: Workers) -> dict[str, bytes]:
    built = build_set(release, ("nb", "en"), out, workers, lambda: None)
    assert not built.failures
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_cluster_makes_the_same_bytes_as_this_machine(release: Release, cluster: str, tmp_path: Path) -> None:
    there = build(release, tmp_path / "there", cluster_workers(cluster))
    assert there == build(release, tmp_path / "here", local_workers(1))


def fail_on_second(printed: Printed, job: report_workers.Job, wanted: str) -> Rendered:
    if job.place == 1:
        raise MemoryError("no room")
    return report_workers._render(printed, job)


def test_one_report_that_fails_there_stops_no_other(
    release: Release, cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_workers, "_render_there", fail_on_second)
    out, made = tmp_path / "set", list[None]()
    workers = cluster_workers(cluster)
    built = build_set(release, ("en",), out, workers, lambda: made.append(None))
    assert built.failures == (("en/1 A (en)", "MemoryError: no room"),)
    assert len(made) == len(release.reports) + 1
    assert not (out / "manifest.json").exists()


def test_worker_with_another_version_of_the_program_makes_nothing(release: Release) -> None:
    printed = release.report_set, release.reports
    rendered = report_workers._render_there(printed, report_workers.Job("x", "nb", 0), "another")
    assert "another version" in rendered.error
    assert not rendered.files


def test_version_follows_texts_and_code(monkeypatch: pytest.MonkeyPatch) -> None:
    version = report_workers.program_version()
    assert version == report_workers.program_version()
    monkeypatch.setattr(report_workers, "_MADE_FROM", ("app/reports",))
    assert version != report_workers.program_version()


def test_workers_get_printed_figures_and_no_pool_sum_or_secret(release: Release) -> None:
    whole, sent = pickle.dumps(release), pickle.dumps((release.report_set, release.reports))
    for hidden in (b"Basis", b"Pools", b"Frozen", b"MeanSum", b"Histogram"):
        assert hidden in whole
        assert hidden not in sent
    modules = set(re.findall(rb"app\.[a-z_.]+", sent))
    assert modules == {b"app.domain." + name for name in (b"disclosure", b"instrument", b"results", b"units")} | {
        b"app.reports.model",
        b"app.services.report_workers",
    }


def test_worker_that_gives_back_something_else_is_not_believed(
    release: Release, cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_workers, "_render_there", _render_elsewhere)
    built = build_set(release, ("en",), tmp_path / "set", cluster_workers(cluster), lambda: None)
    assert {error for _, error in built.failures} == {"the worker gave back something else than was asked for"}
    assert not (tmp_path / "elsewhere").exists()


def _render_elsewhere(printed: Printed, job: Job, wanted: str) -> Rendered:
    return Rendered(job.name, {"../elsewhere": b"!"})


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_without_a_cluster_it_says_so(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(report_workers, "WAIT_SECONDS", 1)
    with pytest.raises(DomainError, match=r"cluster\.unavailable"):
        build(release, tmp_path / "set", cluster_workers(address))


def test_cluster_without_workers_is_not_waited_for(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(report_workers, "WAIT_SECONDS", 1)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0", silence_logs="ERROR") as empty,
        pytest.raises(DomainError, match=r"cluster\.unavailable"),
    ):
        build(replace(release), tmp_path / "set", cluster_workers(empty.scheduler_address))


def test_from_the_cluster_through_s3_to_the_reader_and_gone_on_the_day(
    app: Flask, s3: str, cluster: str, tmp_path: Path
) -> None:
    """The command, the portal and the deletion may each be on another machine: they share databases and storage."""
    desk = Desk(app, tmp_path)
    storage = app.extensions["report_storage"] = Storage(f"{s3}/whole")
    output = desk.run("build-reports", desk.survey, "--lang", "en", "--scheduler", cluster)
    published = find_published(Storage(f"{s3}/whole"), desk.survey)
    assert published is not None
    assert output.splitlines()[-1] == f"6 reports in en: {s3}/whole/{published.place}"
    assert not (settings().building_folder / desk.survey).exists()
    assert "All good." in desk.run("verify-reports", f"{s3}/whole/{published.place}")
    assert "reported" in desk.run("surveys", "show", desk.survey)
    desk.build("--workers", "1")
    assert storage.sizes(published.place).keys() == published.names
    for name in published.names:
        assert storage.read(f"{published.place}/{name}") == (desk.out / name).read_bytes(), name
    get_survey(session(), desk.survey).access_at = datetime.now(UTC) - timedelta(weeks=10, days=1)
    session().commit()
    desk.run("maintenance", "run")
    assert storage.sizes() == {}


def test_storage_that_fails_keeps_what_is_made_and_the_survey_as_it_was(
    app: Flask, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(app, tmp_path)
    app.extensions["report_storage"] = Storage("s3://no-such-bucket/x")
    arguments = ("build-reports", desk.survey, "--lang", "en", "--workers", "1")
    assert "s3://no-such-bucket/x, cannot be used" in desk.run(*arguments, exit_code=2)
    assert "closed" in desk.run("surveys", "show", desk.survey)
    app.extensions["report_storage"] = Storage(f"{s3}/later")
    assert "6 reports are made already." in desk.run(*arguments, "--resume")
    assert find_published(Storage(f"{s3}/later"), desk.survey) is not None
