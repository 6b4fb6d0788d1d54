"""The image and the compose file fit the product: its settings, its files, its commands, its roles."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from app.db.grants import DATABASES
from tests.load.serving import COMMANDS, Server

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "OPERATING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = ("migrate", "web", "jobs")
GIVEN = re.compile(r"\$\{(\w+)(?::[?-][^}]*)?\}")
ONLY_HERE = {"MUST_HOST", "MUST_DATABASE_PASSWORD", "MUST_WEB_PASSWORD", "MUST_COMMANDS_PASSWORD"}
"""What `compose.yaml` makes other settings of."""
KEY = "3rWl0Yz5kQmS8nT2vB6xD9cF1hJ4pL7aE0gR5uI8oZs="
FILLED_IN = {
    "MUST_HOST": "must.example.no",
    "MUST_CONTACT_EMAIL": "must@example.no",
    "MUST_INSTALLATION_KEY": KEY,
    "MUST_SECRET_KEY": "b" + KEY[1:],
    "MUST_RESEARCH_PUBLIC_KEY": "c" + KEY[1:],
    "MUST_ID_PORTEN_ISSUER": "https://idporten.example.no",
    "MUST_ID_PORTEN_CLIENT_ID": "must",
    "MUST_SMTP_HOST": "smtp.example.no",
    "MUST_ALTINN_CLIENT_ID": "must",
}


def settings_of(service: str, given: dict[str, str]) -> dict[str, str]:
    """The environment of a service, with what `.env` gives."""
    return {
        name: GIVEN.sub(lambda found: given.get(found[1], ""), given.get(name, "") if value is None else str(value))
        for name, value in COMPOSE["services"][service]["environment"].items()
        if value is not None or name in given
    }


@pytest.mark.parametrize("service", OURS)
def test_every_setting_of_a_container_is_one_that_the_product_reads(service: str) -> None:
    known = set(re.findall(r"`(MUST_[A-Z_]+[A-Z])`", README))
    assert set(COMPOSE["services"][service]["environment"]) <= known
    assert set(GIVEN.findall(str(COMPOSE["services"][service]["environment"]))) <= known | ONLY_HERE


def test_every_setting_can_be_given_to_the_containers() -> None:
    known = set(re.findall(r"`(MUST_[A-Z_]+[A-Z])`", README))
    chosen_by_the_image = {"MUST_INSTANCE", "MUST_LOGIN", "MUST_RIGHTS", "MUST_RIGHTS_FILE", "MUST_MAIL"}
    assert known - chosen_by_the_image - {"MUST_BACKUP_KEY"} <= set(COMPOSE["services"]["jobs"]["environment"])
    assert "MUST_BACKUP_KEY" in COMPOSE["services"]["backup"]["environment"]


def test_no_container_that_cannot_be_written_to_is_given_a_text_as_a_file() -> None:
    """Compose writes it into the container, and refuses where it cannot."""
    texts = {name for name, config in COMPOSE["configs"].items() if "content" in config}
    for name, service in COMPOSE["services"].items():
        given = {config["source"] for config in service.get("configs", ())}
        assert not (service.get("read_only") and given & texts), name


def test_jobs_run_in_every_minute_of_an_hour(tmp_path: Path) -> None:
    """The container's own script, with commands that write down their names and a minute that passes at once."""
    *_, script = COMPOSE["services"]["jobs"]["command"]
    (tmp_path / "flask").write_text('#!/bin/sh\necho "$*" >> done\n[ "$(wc -l < done)" -lt 13 ] || kill $PPID\n')
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    for name in ("flask", "sleep"):
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    shell = script.replace("$$", "$")
    subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=environ, check=False, timeout=60, capture_output=True)
    ran = (tmp_path / "done").read_text().splitlines()
    assert ran[:7] == ["mail send", "maintenance run", *["mail send"] * 5]
    assert ran[7] == "maintenance run"
    assert len(ran) >= 13


def test_guide_names_everything_that_the_compose_file_insists_on() -> None:
    asked_for = set(re.findall(r"\$\{(\w+):\?\}", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert asked_for
    assert {name for name in asked_for if f"\n{name}=" not in GUIDE} == set()


@pytest.mark.parametrize("service", OURS)
def test_containers_of_ours_may_do_as_little_as_possible(service: str) -> None:
    container = COMPOSE["services"][service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "ports" not in container
    assert "\nUSER 10001\n" in DOCKERFILE


def test_only_the_proxy_is_seen_from_outside_and_databases_see_nobody() -> None:
    assert {name for name, service in COMPOSE["services"].items() if "ports" in service} == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("database", "keys"):
        assert COMPOSE["services"][name]["networks"] == ["inside"]
    volumes = [
        volume.partition(":")[0] for name in ("database", "keys") for volume in COMPOSE["services"][name]["volumes"]
    ]
    assert len(set(volumes)) == 2


def test_image_holds_what_the_product_needs_and_no_more() -> None:
    left_out = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {".git", ".venv", "instance", "tests", ".env*", "*.backup"} <= left_out
    assert not left_out & {"app", "templates", "translations", "static", "wsgi.py", "pyproject.toml"}
    assert "--require-hashes" in DOCKERFILE


def test_web_server_is_started_as_the_guide_and_the_measurements_start_it() -> None:
    (image,) = re.findall(r'^CMD \["granian".*?\]$', DOCKERFILE, re.MULTILINE | re.DOTALL)
    words = re.findall(r'"([^"]+)"', image)
    unit = GUIDE.partition("ExecStart=")[2].partition("\nRestart")[0].replace("\\\n", " ").split()
    measured = set(COMMANDS["granian"].format(port=8000, workers=1, threads=4, target="wsgi:app").split()[1:])
    assert measured <= set(unit)
    where = unit[unit.index("--host") + 1]
    assert [where if word == words[words.index("--host") + 1] else word for word in words[1:]] == unit[1:]


@pytest.fixture
def urls(postgres: sa.Engine) -> Iterator[dict[str, str]]:
    """Three databases, made with the roles that the compose file makes."""
    script = COMPOSE["configs"]["roles"]["content"] + "".join(f"CREATE DATABASE must_{name};" for name in DATABASES)
    for line in re.findall(r"^CREATE .*?;$", script.replace(";", ";\n"), re.MULTILINE):
        statement = re.sub(r":'(\w+)'", r"'\1'", line)
        with postgres.connect() as connection:
            known = connection.exec_driver_sql("SELECT rolname FROM pg_roles").scalars().all()
            if not any(f"ROLE {name} " in statement for name in known):
                connection.exec_driver_sql(statement)
    base = postgres.url.render_as_string(hide_password=False)
    yield {name: base.replace("/postgres?", f"/must_{name}?") for name in DATABASES}
    with postgres.connect() as connection:
        for name in DATABASES:
            connection.exec_driver_sql(f"DROP DATABASE must_{name} WITH (FORCE)")


def test_containers_in_their_order_make_a_service_that_is_ready(urls: dict[str, str], tmp_path: Path) -> None:
    """`migrate` as the owner, then `web` in production with its own role; the databases are ours."""
    given = {**FILLED_IN, **_clients()}
    owner = {**os.environ, **settings_of("migrate", given), **_addresses(urls, ""), "MUST_INSTANCE": str(tmp_path)}
    *_, script = COMPOSE["services"]["migrate"]["command"]
    flask = f"{sys.executable} -m flask --app wsgi "
    done = subprocess.run(
        ["sh", "-c", script.replace("flask ", flask)], cwd=ROOT, env=owner, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    server = Server(tmp_path, {**settings_of("web", given), **_addresses(urls, "must_web")}, ready="/health/ready")
    server.start()
    server.stop()


def _addresses(urls: dict[str, str], role: str) -> dict[str, str]:
    addresses = {name: sa.make_url(url) for name, url in urls.items()}
    return {
        f"MUST_{name.upper()}_URL": (url.set(username=role) if role else url).render_as_string(hide_password=False)
        for name, url in addresses.items()
    }


def _clients() -> dict[str, str]:
    from joserfc.jwk import RSAKey

    key = json.dumps(RSAKey.generate_key(2048, {"kid": "1"}).as_dict(private=True))
    return {"MUST_ID_PORTEN_PRIVATE_JWK": key, "MUST_ALTINN_PRIVATE_JWK": key}
