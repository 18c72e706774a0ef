"""The opening messages, rendered for each task by templates that are compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mrlc.runtime.code import describe
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.task import Task


class Templates(ImmutableSandboxedEnvironment):
    """Jinja with the data alone in sight: no globals, and an unknown name is an error."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False)
        self.globals.clear()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A column first, so that `task.items` is the column and not a method of dict."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class TaskTemplate:
    """A text of the spec that is rendered for each task; it knows the task's row as `task`."""

    def __init__(self, source: str, path: str) -> None:
        """`path` is where the spec has it.

        Raises:
            PlanFault: it is no template.
        """
        self._path = path
        try:
            self._template = Templates().from_string(source)
        except TemplateError as error:
            raise PlanFault(path, f"the template is broken: {describe(error)}") from error

    def render(self, task: Task, **also: str) -> str:
        """The text for a task, with the texts that it may use besides.

        Raises:
            PlanFault: an expression in it has no value.
        """
        try:
            return self._template.render(task=task.row, **also)
        except Exception as error:  # a template evaluates any expression of its author
            raise PlanFault(self._path, f"task `{task.id}`: {describe(error)}") from error


class Prompts:
    """The system and the user message."""

    def __init__(self, system: str, prompt: str) -> None:
        self._templates = [
            ("system", TaskTemplate(system, "environment.system")),
            ("user", TaskTemplate(prompt, "environment.prompt")),
        ]

    def messages(self, task: Task) -> list[Mapping[str, Any]]:
        """The messages, in order; a system message that renders to nothing is left out."""
        messages: list[Mapping[str, Any]] = []
        for role, template in self._templates:
            content = template.render(task)
            if content or role != "system":
                messages.append({"role": role, "content": content})
        return messages
