"""The schema's own markers say where prompts, files and code are."""

from mrlc.compiler.markers import marked, prompts
from mrlc.schemas.section import CodeMarker, FileMarker


def test_prompts():
    assert {".".join(path): also for path, also in prompts().items()} == {
        "environment.system": (),
        "environment.prompt": (),
        "environment.user.script.*": (),
        "environment.user.persona": (),
        "reward.components.*.rubric": ("answer", "transcript"),
    }


def test_files_and_code_inside_options_lists_and_unions():
    found = {".".join(path): type(marker) for path, marker in marked()}
    assert found["data.train"] is FileMarker
    assert found["environment.state.*.sqlite"] is FileMarker
    assert found["environment.tools.*.replay.table"] is FileMarker
    assert found["environment.tools.*.python"] is CodeMarker
    assert found["reward.components.*.python"] is CodeMarker
    assert found["evaluation.scorer.python"] is CodeMarker
