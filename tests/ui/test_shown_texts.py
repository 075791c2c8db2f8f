"""Text beside other text cannot reorder it, and a public server does not name its folders."""

from dataclasses import replace

import pytest
from example_runs import example_run

from itlim.errors import InputError
from itlim.settings import PROJECT_FOLDER
from itlim.ui.shared import plain_text
from itlim.ui.shared.hidden_folders import without_folders
from itlim.ui.shared.public import Action, public_run, refusal

HOSTILE = "\u202edetrever\u2066 \x1b[31m"


@pytest.fixture
def sent(monkeypatch):
    """What the functions of the module give to Streamlit."""
    found = []
    for name in ("text", "html", "info", "warning", "error", "table"):
        monkeypatch.setattr(plain_text.st, name, lambda body, **_: found.append(str(body)))
    return found


def test_a_name_in_a_line_or_caption_cannot_reorder_the_words_beside_it(sent):
    plain_text.plain_line(f"{HOSTILE}: a comment")
    plain_text.plain_caption(f"By {HOSTILE}, today")
    assert len(sent) == 2
    for text in sent:
        assert "⟨U+202E⟩detrever⟨U+2066⟩ ␛[31m" in text
        assert not {"\u202e", "\u2066", "\x1b"} & set(text)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The folders of a public server, each elsewhere."""
    places = {
        "ITLIM_HOME": tmp_path / "home",
        "ITLIM_DB": tmp_path / "database" / "itlim.duckdb",
        "ITLIM_LIBRARY": tmp_path / "library" / "library.toml",
        "ITLIM_DATA_FOLDERS": tmp_path / "data",
    }
    for name, path in places.items():
        monkeypatch.setenv(name, str(path))
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    return [*places.values(), PROJECT_FOLDER / "data" / "library.toml"]


def test_no_message_of_a_public_server_names_its_folders(folders, sent, tmp_path):
    shows = (
        plain_text.show_error,
        plain_text.show_warning,
        plain_text.show_note,
        plain_text.plain_caption,
        plain_text.plain_line,
    )
    for path in folders:
        said = f"Cannot read {path}: it is not a file. See `{path}/x`, {path}."
        for show in shows:
            show(said)
        plain_text.show_error(InputError(said))
        plain_text.plain_table({"path": said})
    assert len(sent) == 7 * len(folders)
    shown = " ".join(sent).replace("\\", "")
    for name in ("home", "database", "library", "data"):
        assert str(tmp_path / name) not in shown
    assert str(PROJECT_FOLDER) not in shown
    assert "…/library.toml" in shown


def test_a_folder_whose_name_only_begins_like_one_of_the_servers_is_not_cut(folders):
    path = f"{folders[3]}-of-another/rows.jsonl"
    assert without_folders(path) == path


def test_a_server_that_is_not_public_names_its_folders(folders, monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "0")
    assert without_folders(f"in {folders[0]}") == f"in {folders[0]}"


def test_a_run_of_a_public_server_is_shown_without_the_folders_of_its_models(folders):
    run = replace(example_run(), base_model="/srv/models/base", tuned_model="org/tuned")
    assert public_run(run).base_model == "…/base"
    assert public_run(run).tuned_model == "org/tuned"


def test_the_sentence_about_several_refused_things_is_in_the_plural():
    assert " are not available" in refusal(Action.JUDGE)
    assert " are not available" in refusal(Action.BACKUPS)
    assert " is not available" in refusal(Action.RETRAINING)
