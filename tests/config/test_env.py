"""What the environment says, and what holds where it says nothing."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import env

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and no server or key named in the environment."""
    monkeypatch.setenv("CAUSEBOOK_DATA_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_data_is_stored_in_var_unless_the_environment_names_another_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAUSEBOOK_DATA_DIR", "/srv/causebook")
    assert env.data_dir() == Path("/srv/causebook")
    monkeypatch.setenv("CAUSEBOOK_DATA_DIR", "")
    assert env.data_dir() == ROOT / "var"
    monkeypatch.delenv("CAUSEBOOK_DATA_DIR")
    assert env.data_dir() == ROOT / "var"


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", True), (" Yes ", True), ("on", True), ("TRUE", True),
     ("0", False), ("false", False), ("off", False), ("maybe", False)],
)  # fmt: skip
def test_a_flag_is_on_for_the_usual_words_only(
    value: str, meaning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS", value)
    assert env.flag("HTTPS", not meaning) is meaning


def test_a_flag_that_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMAIL_USE_TLS", raising=False)
    assert env.flag("EMAIL_USE_TLS", True) is True
    # What docker-compose passes on for a variable that is not set there.
    monkeypatch.setenv("EMAIL_USE_TLS", "")
    assert env.flag("EMAIL_USE_TLS", True) is True


def test_a_list_has_no_empty_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " kb.example.com, ,localhost,")
    assert env.words("ALLOWED_HOSTS") == ["kb.example.com", "localhost"]
    monkeypatch.setenv("ALLOWED_HOSTS", "")
    assert env.words("ALLOWED_HOSTS", "localhost") == []


def test_a_number_that_is_none_stops_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMAIL_PORT", "2525")
    assert env.number("EMAIL_PORT", 587) == 2525
    monkeypatch.setenv("EMAIL_PORT", "")
    assert env.number("EMAIL_PORT", 587) == 587
    monkeypatch.setenv("EMAIL_PORT", "smtp")
    with pytest.raises(SystemExit, match="EMAIL_PORT must be a whole number, not 'smtp'"):
        env.number("EMAIL_PORT", 587)


def test_a_server_is_the_environments_else_the_one_that_runs_here_else_the_usual(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = "redis://localhost:6379/0"
    assert env.server_url("REDIS_URL", usual) == usual
    servers = folder / "servers.json"
    servers.write_text("{half a fi")
    assert env.server_url("REDIS_URL", usual) == usual
    servers.write_text(json.dumps({"REDIS_URL": "unix:///var/redis.sock"}))
    assert env.server_url("REDIS_URL", usual) == "unix:///var/redis.sock"
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/1")
    assert env.server_url("REDIS_URL", usual) == "redis://elsewhere/1"


def test_the_key_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    key = env.secret_key()
    assert len(key) >= 50
    assert env.secret_key() == key
    mode = (folder / "secret-key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_environments_key_comes_before_the_one_made_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.secret_key()
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    assert env.secret_key() == "from the environment"


def test_where_nothing_can_be_written_there_is_still_a_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("CAUSEBOOK_DATA_DIR", str(folder / "file" / "data"))
    assert len(env.secret_key()) >= 50


def test_every_variable_that_the_settings_read_is_documented() -> None:
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/settings.md").read_text()))
    read = {
        name
        for file in ("config/settings.py", "config/servers.py", "config/env.py")
        for name in re.findall(
            r"""(?:flag|words|text|secret|number|server_url|environ\.get|environ)[\[(]"([A-Z_]+)""",
            (ROOT / file).read_text(),
        )
    }
    assert len(read) > 15
    assert read - documented == set()


SECRETS = [
    "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_HOST_PASSWORD", "AUDIT_WEBHOOK_SECRET",
    "DATABASE_PASSWORD", "REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD",
]  # fmt: skip


def read(name: str) -> str:
    if name == "SECRET_KEY":
        return env.secret_key()
    return env.server_url(name, "") if name.endswith("_URL") else env.secret(name)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_be_in_a_file(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "from-the-orchestrator"
    file.write_text("  postgresql://db/x\n")
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{name}_FILE", str(file))
    assert read(name) == "postgresql://db/x"
    monkeypatch.setenv(name, "too")
    with pytest.raises(SystemExit, match=f"Set {name} or {name}_FILE, not both"):
        read(name)
    monkeypatch.delenv(name)
    for content, reason in (("\n", "is empty"), (None, "cannot be read")):
        file.unlink()
        if content is not None:
            file.write_text(content)
        with pytest.raises(SystemExit, match=f"{name}_FILE: .* {reason}"):
            read(name)
        file.touch()


def test_former_keys_may_be_in_a_file_of_several_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "former").write_text("one\ntwo, three\n")
    monkeypatch.setenv("SECRET_KEY_FALLBACKS_FILE", str(folder / "former"))
    assert env.secret_words("SECRET_KEY_FALLBACKS") == ["one", "two", "three"]


def test_every_secret_of_the_settings_is_read_so_that_a_file_works() -> None:
    text = "".join((ROOT / "config" / f"{n}.py").read_text() for n in ("settings", "sign_in"))
    secret = r"\w*(?:PASSWORD|SECRET|TOKEN|_KEY)\w*"
    plain = re.findall(rf'env\.(?:text|words)\("({secret})"', text)
    assert plain == []
    documented = (ROOT / "docs" / "settings.md").read_text()
    for name in [*SECRETS, "SECRET_KEY_FALLBACKS"]:
        assert f"`{name}_FILE`" in documented


def test_what_is_no_network_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/8, ::1")
    assert env.networks("ALLOWED_PRIVATE_NETWORKS") == ["10.0.0.0/8", "::1"]
    monkeypatch.setenv("ALLOWED_PRIVATE_NETWORKS", "prometheus")
    with pytest.raises(SystemExit, match="'prometheus' is no network"):
        env.networks("ALLOWED_PRIVATE_NETWORKS")
    monkeypatch.delenv("ALLOWED_PRIVATE_NETWORKS")
    (folder / "servers.json").write_text('{"ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}')
    assert env.networks("ALLOWED_PRIVATE_NETWORKS") == ["127.0.0.0/8"]


@pytest.mark.parametrize(
    "url",
    ["postgresql://kb@db:5432/causebook", "postgresql://kb:old@db:5432/causebook",
     "postgresql://kb@db:5432/causebook?sslmode=require", "redis://redis:6379/0",
     "rediss://kb@redis:6379/0"],
)  # fmt: skip
@given(password=st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1))
def test_any_password_is_put_into_an_address(url: str, password: str) -> None:
    """Nobody has to know which signs mean something in an address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOME_URL", url)
        patch.setenv("SOME_PASSWORD", password)
        before, after = urlsplit(url), urlsplit(env.server_url("SOME_URL", "", "SOME_PASSWORD"))
    assert unquote(after.password or "") == password
    for name in ("scheme", "hostname", "port", "path", "query"):
        assert getattr(after, name) == getattr(before, name)
    assert (after.username or "") == (before.username or "")


def test_a_password_is_for_servers_that_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "x")
    assert env.server_url("REDIS_URL", "unix:///s", "REDIS_PASSWORD") == "unix:///s"
