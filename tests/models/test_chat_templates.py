"""A model's chat template renders the prompt, or one line gives its own reason and a way out."""

import json

import pytest
from tiny_models import byte_level_tokenizer, save_model

from itlim.errors import InputError, ModelLoadError
from itlim.models.loading import load_tokenizer
from itlim.records import ModelSource
from itlim.text.prompts import CHAT, render_prompt

CONTENT = "{% for m in messages %}[{{ m.content }}]{% endfor %}"
INSTEAD = "choose one of plain, alpaca"


def saved(folder, template, *, file="tokenizer_config.json"):
    """A tokenizer's folder whose `file` states this chat template."""
    byte_level_tokenizer().save_pretrained(folder)
    path = folder / file
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | {"chat_template": template}))
    return folder


def rendered(folder):
    tokenizer = load_tokenizer(ModelSource(path=str(folder)))
    return render_prompt(tokenizer, CHAT, "Name a river.").text


def named(**templates):
    return [{"name": name, "template": text} for name, text in templates.items()]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('Only tools may speak') }}", "cannot be used: Only tools may speak."),
        ("{% for m in messages %}{{ m.content }}", "cannot be used: line 1: "),
        ("{{ messages[0].content | shout }}", "No filter named 'shout'"),
        ("{{ messages[0].content + 1 }}", "cannot be used: TypeError: "),
        ("{{ messages[7].content.text }}", "has no element 7"),
        ("Hello!", "it leaves out the instruction."),
        (named(tool_use=CONTENT, rag=CONTENT), "are named tool_use, rag, and none is named"),
    ],
)
def test_a_template_that_cannot_be_used_gives_its_reason_in_one_line(template, reason, tmp_path):
    with pytest.raises(InputError) as caught:
        rendered(saved(tmp_path, template))
    message = str(caught.value)
    assert reason in message
    assert INSTEAD in message
    assert len(message.splitlines()) == 1


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A model whose chat template raises an error."""
    model = save_model(tmp_path_factory.mktemp("model"), "qwen2")
    return saved(model, "{{ raise_exception('Only tools may speak') }}")


def test_the_command_line_prints_the_reason_of_a_template_as_one_line(failing, itlim):
    code, out, err = itlim(
        *("inspect", "--base", failing, "--tuned", failing, "--template", "chat"),
        *("--instruction", "Hi"),
    )
    assert (code, out) == (2, "")
    assert "Only tools may speak" in err
    assert len(err.strip().splitlines()) == 1


def test_of_several_templates_the_one_named_default_is_used(tmp_path):
    assert rendered(saved(tmp_path, named(rag="no", default=CONTENT))) == "[Name a river.]"


def test_a_template_that_only_processors_read_is_used(tmp_path):
    assert rendered(saved(tmp_path, CONTENT, file="chat_template.json")) == "[Name a river.]"


def test_a_template_that_takes_only_parts_is_given_parts(tmp_path):
    parts = "{% for m in messages %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endfor %}"
    assert rendered(saved(tmp_path, parts)) == "<Name a river.>"


@pytest.mark.parametrize("template", [[{"template": CONTENT}], [CONTENT], [{"name": "default"}]])
def test_entries_without_name_or_template_are_reported(template, tmp_path):
    with pytest.raises(ModelLoadError, match="not all objects with a name and a template"):
        rendered(saved(tmp_path, template))


def test_a_damaged_template_file_is_named(tmp_path):
    byte_level_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "chat_template.json").write_text("{")
    with pytest.raises(ModelLoadError, match=r"chat_template\.json is not valid JSON"):
        rendered(tmp_path)
