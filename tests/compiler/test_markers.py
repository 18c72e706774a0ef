"""The schema's own markers say where prompts, files and code are."""

from mrlc.compiler.markers import marked, prompts
from mrlc.schemas.section import CodeMarker, FileMarker


def test_prompts():
    found = {".".join(path): (*one.names, *one.fenced) for path, one in prompts().items()}
    walk = "gates.golden.walk.*"
    texts = (f"{walk}.call.*.*", f"{walk}.answer", f"{walk}.answer.*", f"{walk}.say")
    assert found == {
        "environment.system": ("task",),
        "environment.prompt": ("task",),
        "environment.user.script.*": ("task",),
        "environment.user.persona": ("task",),
        "reward.components.*.rubric": ("task", "answer", "transcript"),
        **dict.fromkeys(texts, ("task", "results")),
    }


def test_files_and_code_inside_options_lists_and_unions():
    found = {".".join(path): type(marker) for path, marker in marked()}
    assert found["data.train"] is FileMarker
    assert found["environment.state.*.sqlite"] is FileMarker
    assert found["environment.tools.*.replay.table"] is FileMarker
    assert found["environment.tools.*.python"] is CodeMarker
    assert found["reward.components.*.python"] is CodeMarker
    assert found["evaluation.scorer.python"] is CodeMarker
