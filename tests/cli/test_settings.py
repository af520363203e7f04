"""Settings: options win over the environment, the environment over the file; what is wrong is said with its place."""

import stat
from pathlib import Path
from typing import Any

import pytest

from router.settings import ENVIRONMENT, Settings, SettingsError, load, prepare, unknown_variables


def settings(folder: Path, toml: str = "", options: dict[str, Any] | None = None, **environ: str) -> Settings:
    (folder / "firstline.toml").write_text(toml, encoding="utf-8")
    return load({"data_dir": str(folder), **(options or {})}, environ=environ)


def problems(folder: Path, toml: str = "", options: dict[str, Any] | None = None, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        settings(folder, toml, options, **environ)
    return raised.value.problems


def test_defaults_keep_to_this_machine(tmp_path: Path) -> None:
    found = load({"data_dir": str(tmp_path)}, environ={})
    assert (found.host, found.port, found.redis_url, found.durability) == ("127.0.0.1", 8410, "", "fsync")
    assert found.database_url == f"sqlite:///{tmp_path}/archive.db"
    assert found.blobs_url == f"file://{tmp_path}/blobs"


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    toml = "port = 1\nhost = 'a'\ndomain = 'file'\n"
    found = settings(tmp_path, toml, {"port": 3, "host": None}, FIRSTLINE_PORT="2", FIRSTLINE_HOST="b")
    assert (found.port, found.host, found.domain) == (3, "b", "file")


def test_the_file_is_looked_for_in_the_data_folder_or_where_config_says(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f"port = 7\ndata_dir = '{tmp_path / 'elsewhere'}'\n", encoding="utf-8")
    for found in (load(config=other, environ={}), load(environ={"FIRSTLINE_CONFIG": str(other)})):
        assert (found.port, found.data_dir) == (7, tmp_path / "elsewhere")


def test_sections_and_lists_come_from_the_environment_too(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        "[smtp_intake]\nport = 25\n",
        FIRSTLINE_SMTP_INTAKE_ON="true",
        FIRSTLINE_ORIGINS="https://a.example, https://b.example",
        FIRSTLINE_WEBHOOKS_PRIVATE_TARGETS="10.0.0.0/8",
    )
    assert (found.smtp_intake.on, found.smtp_intake.port) == (True, 25)
    assert found.origins == ("https://a.example", "https://b.example")
    assert found.webhooks.private_targets == ("10.0.0.0/8",)


def test_secrets_may_lie_in_files_and_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "pbx").write_text("whsec_abc\n", encoding="ascii")
    toml = f"[webhooks.secrets]\npbx = 'file:{tmp_path}/pbx'\nform = 'env:FORM'\n"
    toml += "[mailboxes.help.imap]\npassword = 'env:P'\n"
    found = settings(tmp_path, toml, FORM="whsec_def", P="hush")
    assert found.webhooks.secrets == {"pbx": "whsec_abc", "form": "whsec_def"}
    assert found.mailboxes == {"help": {"imap": {"password": "hush"}}}


@pytest.mark.parametrize(
    ("toml", "key", "advice"),
    [
        ("prot = 1", "prot", "did you mean 'port'?"),
        ("[smtp_intake]\nonn = true", "smtp_intake.onn", "did you mean 'smtp_intake.on'?"),
        ("port = 'x'", "port", "Expected `int`"),
        ("port = 99999", "port", "65535"),
        ("durability = 'maybe'", "durability", "Invalid enum value 'maybe'"),
        ("redis_url = 'http://x'", "redis_url", "redis:// or rediss:// or unix://"),
        ("redis_url = 'redis://:word/x@host'", "redis_url", "In a password, write %2F for /"),
        ("redis_url = 'sentinel://host:26379,host:port/one'", "redis_url", "no number from 1 to 65535"),
        ("database_url = 'mysql://x'", "database_url", "sqlite:// or postgresql://"),
        ("trusted_proxies = ['10.0.0.1/8']", "trusted_proxies", "10.0.0.0/8"),
        ("origins = ['desk.example']", "origins", "https://desk.example"),
        ("secret = 'short'", "secret", "at least 32"),
        ("secret = 'env:NOT_SET'", "secret", "NOT_SET that it names is not set"),
        ("domain = 'a b'", "domain", "a-z0-9"),
        ("port = ", "", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_what_to_do(
    tmp_path: Path, toml: str, key: str, advice: str
) -> None:
    (problem,) = problems(tmp_path, toml)
    assert str(tmp_path / "firstline.toml") in problem
    assert key in problem
    assert advice in problem


def test_all_wrong_settings_are_named_at_once_each_with_its_source(tmp_path: Path) -> None:
    found = problems(tmp_path, "prot = 1\ndomain = 'A B'\n", {"port": 70_000}, FIRSTLINE_REPLICAS="many")
    assert len(found) == 4
    assert any("FIRSTLINE_REPLICAS" in problem for problem in found)
    assert any("--port" in problem for problem in found)


def test_a_settings_file_that_is_not_there_is_an_error_only_when_it_was_named(tmp_path: Path) -> None:
    assert load({"data_dir": str(tmp_path / "none")}, environ={}).port == 8410
    with pytest.raises(SettingsError, match="--config"):
        load(config=tmp_path / "none.toml", environ={})


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = prepare(load({"data_dir": str(folder)}, environ={}))
    assert len(first.secret) > 32
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert prepare(load({"data_dir": str(folder)}, environ={})).secret == first.secret


def test_a_folder_that_cannot_be_made_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="--data"):
        prepare(load({"data_dir": str(tmp_path / "file" / "data")}, environ={}))


def test_settings_show_nothing_secret(tmp_path: Path) -> None:
    found = settings(tmp_path, f"secret = '{'s' * 40}'\n[webhooks.secrets]\na = 'whsec_x'\n")
    assert "sss" not in repr(found)
    assert "whsec" not in repr(found)


@pytest.mark.parametrize("url", ["redis://:hush/x@h", "sentinel://me:hush#x@h/one", "rediss://me:hush?x@h"])
def test_a_password_that_breaks_the_url_it_stands_in_is_not_told(tmp_path: Path, url: str) -> None:
    (problem,) = problems(tmp_path, f"redis_url = '{url}'")
    assert "hush" not in problem


def test_variables_that_set_nothing_are_noticed() -> None:
    assert unknown_variables(
        {"FIRSTLINE_PROT": "1", "FIRSTLINE_PORT": "1", "FIRSTLINE_URL": ""}, {"FIRSTLINE_URL"}
    ) == ["FIRSTLINE_PROT sets nothing (did you mean 'FIRSTLINE_PORT'?)"]
    assert "FIRSTLINE_SMTP_INTAKE_PORT" in ENVIRONMENT
