"""The answer is told from everything else."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule

MARKUP = frozenset(
    {"tool_call", "tool_calls", "tool_response", "tool_result", "tools", "think", "function"}
)
"""Tags of the chat templates that models ship with."""
ANSWER = "  answer:\n"


@rule(
    "MRLC216",
    "tag-of-the-template",
    bad=(Edit(ANSWER, f"{ANSWER}    tag: tool_call\n"),),
    good=(Edit(ANSWER, f"{ANSWER}    tag: final_answer\n"),),
)
def answer_has_its_own_tag(subject: Subject) -> Iterator[Finding]:
    """The answer's tag is one that chat templates use for something else.

    A call would be read as an answer, or the answer as a call, and the episode ends on the
    wrong one.

    Take a tag of your own, such as `final_output`.
    """
    tag = subject.experiment.environment.answer.tag
    if tag.lower() in MARKUP:
        message = f"chat templates use `<{tag}>` themselves"
        yield Finding("environment.answer.tag", message, help="take another, as `final_output`")
