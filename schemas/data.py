"""The tasks, in three splits."""

from __future__ import annotations

from mrlc.schemas.section import Section, TaskFile


class Data(Section):
    """One task a row, JSONL or CSV. A row's `id` column names the task; else its line number does."""

    train: TaskFile
    """Tasks that rollouts are drawn from."""
    validation: TaskFile
    """Tasks evaluated during training."""
    test: TaskFile
    """Held-out tasks: evaluated before and after training, never during it."""
