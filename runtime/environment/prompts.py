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


class Prompts:
    """The system and the user message; templates know the task's row as `task`."""

    def __init__(self, system: str, prompt: str) -> None:
        templates = Templates()
        sources = {"system": ("system", system), "prompt": ("user", prompt)}
        self._templates = []
        for field, (role, source) in sources.items():
            path = f"environment.{field}"
            try:
                self._templates.append((path, role, templates.from_string(source)))
            except TemplateError as error:
                raise PlanFault(path, f"the template is broken: {describe(error)}") from error

    def messages(self, task: Task) -> list[Mapping[str, Any]]:
        """The messages, in order; a system message that renders to nothing is left out."""
        messages: list[Mapping[str, Any]] = []
        for path, role, template in self._templates:
            try:
                content = template.render(task=task.row)
            except Exception as error:  # a template evaluates any expression of its author
                raise PlanFault(path, f"task `{task.id}`: {describe(error)}") from error
            if content or role != "system":
                messages.append({"role": role, "content": content})
        return messages
