"""What whoever runs the server allows: settings files, right and wrong, and the switches."""

import re

import pytest

from bert_explain import models
from bert_explain.models import allowed, registry

SHA = "0123456789abcdef0123456789abcdef01234567"
HUB = f"""
[[models]]
name = "small"
hub = "some-one/small.bert"
revision = "{SHA}"
bytes = 1_000
"""


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setattr("sys.argv", ["app.py"])
    for name in ("SETTINGS", "ANY_MODEL", "DOWNLOADS", "MODEL", "MODELS"):
        monkeypatch.delenv(f"BERT_EXPLAIN_{name}", raising=False)
    monkeypatch.setattr(allowed, "listening", "127.0.0.1")


@pytest.fixture
def write(tmp_path, monkeypatch):
    def settings(text):
        file = tmp_path / f"settings-{len(list(tmp_path.iterdir()))}.toml"
        file.write_text(text)
        monkeypatch.setenv("BERT_EXPLAIN_SETTINGS", str(file))
        return file

    return settings


def test_every_listed_model_of_the_hub_is_pinned_and_has_a_size():
    entries = [entry for entry in models.entries().values() if entry.source == "hub"]
    assert len(entries) == 4
    for entry in entries:
        assert re.fullmatch("[0-9a-f]{40}", entry.revision)
        assert entry.size > 400_000_000


def test_a_settings_file_is_the_list(write, tmp_path):
    write(f"{HUB}\n[[models]]\nname = 'ours'\ntitle = 'Our own'\nfolder = '{tmp_path}'\n")
    assert list(models.entries()) == ["mini-bert", "small", "ours"]
    small, ours = models.entries()["small"], models.entries()["ours"]
    assert (small.where, small.revision, small.size) == ("some-one/small.bert", SHA, 1000)
    assert (ours.source, ours.title, ours.where) == ("local", "Our own", str(tmp_path))
    assert models.entry("bert-base-uncased") is None


def test_a_file_without_models_keeps_the_apps_own(write):
    write("downloads = false")
    assert len(models.entries()) == 5
    assert not models.may_download()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models = 3", "each model is a table"),
        ("model = []", "no setting 'model'"),
        ("downloads = 'yes'", "downloads is true or false"),
        ("any-model = 1", "any-model is true or false"),
        ("x =", "is not TOML"),
        (HUB + HUB, "two models are called 'small'"),
        (HUB.replace(SHA, "main"), "revision is the commit"),
        (HUB.replace("1_000", "'1 GB'"), "bytes is the size"),
        (HUB.replace("1_000", "0"), "bytes is the size"),
        (HUB.replace("bytes = 1_000", ""), "bytes is the size"),
        (HUB.replace("some-one/", "../"), "hub is the repository's name"),
        (HUB.replace("some-one/", ""), "hub is the repository's name"),
        (HUB.replace('"small"', '""'), "its name is missing"),
        (HUB.replace('"small"', "3"), "name is a text"),
        (HUB.replace('"small"', '"a/b"'), "no model can be called 'a/b'"),
        (HUB + "folder = 'x'", "either hub or folder"),
        (HUB + "code = 'x'", "there is no 'code'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_fetched(write, text, said):
    file = write(text)
    with pytest.raises(allowed.BadSettings, match=re.escape(said)) as error:
        allowed.given()
    assert str(error.value).startswith(f"{file}") or str(file) in str(error.value)
    assert not models.may_download()
    assert len(models.entries()) == 5


def test_a_file_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("BERT_EXPLAIN_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(allowed.BadSettings, match="cannot be read"):
        allowed.given()


@pytest.mark.parametrize(
    ("listening", "may"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.7", False), (None, False)]
)
def test_readers_fetch_only_where_nobody_else_is_served(listening, may, monkeypatch):
    monkeypatch.setattr(allowed, "listening", listening)
    assert models.may_download() is may
    monkeypatch.setenv("BERT_EXPLAIN_DOWNLOADS", "1")
    assert models.may_download()


def test_any_model_only_where_it_is_allowed(monkeypatch):
    assert models.entry("some-one/small") is None
    for how in ("argument", "environment"):
        with monkeypatch.context() as context:
            if how == "argument":
                context.setattr("sys.argv", ["app.py", "--allow-any-model"])
            else:
                context.setenv("BERT_EXPLAIN_ANY_MODEL", "1")
            entry = models.entry("some-one/small")
            assert (entry.source, entry.where, entry.size) == ("hub", "some-one/small", None)
            for name in ("small", "../small", "a/b/c", "a/..", "/etc/passwd", "a//b", "https://x/y", "a/b c", "a/--b", "é/b"):
                assert models.entry(name) is None, name


def test_the_command_line_names_a_file(write, monkeypatch):
    file = write(HUB)
    monkeypatch.delenv("BERT_EXPLAIN_SETTINGS")
    for arguments in (["--settings", str(file)], [f"--settings={file}"]):
        monkeypatch.setattr("sys.argv", ["app.py", *arguments])
        assert list(models.entries()) == ["mini-bert", "small"]


def test_what_a_list_says_is_the_most_that_is_fetched(write, monkeypatch):
    write(HUB)
    asked = []
    monkeypatch.setattr(registry.hub, "fetch", lambda *args: asked.append(args))
    models.fetch(models.entries()["small"], print, 10**12)
    assert asked == [("some-one/small.bert", "small", print, SHA, 1000)]
