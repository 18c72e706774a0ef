"""The schema's own markers say where prompts, files and code are."""

from mrlc.compiler.markers import marked, prompts
from mrlc.schemas.section import CodeMarker, FileMarker


def test_prompts():
    opening = {("environment", "system"), ("environment", "prompt")}
    walk = ("gates", "golden", "walk", "*")
    texts = {(*walk, "call", "*", "*"), (*walk, "answer"), (*walk, "answer", "*"), (*walk, "say")}
    assert set(prompts()) == opening | texts


def test_files_and_code_inside_options_lists_and_unions():
    found = {".".join(path): type(marker) for path, marker in marked()}
    assert found["data.train"] is FileMarker
    assert found["environment.state.*.sqlite"] is FileMarker
    assert found["environment.tools.*.replay.table"] is FileMarker
    assert found["environment.tools.*.python"] is CodeMarker
    assert found["reward.components.*.python"] is CodeMarker
    assert found["evaluation.scorer.python"] is CodeMarker
