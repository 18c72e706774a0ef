"""Where a plan runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.sagemaker import SageMaker
from mrlc.schemas.section import Section


class Local(Section):
    """This machine."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """Threads of one process; 1 is fastest for a tiny model. Left out: the library's choice."""


class Target(Section):
    """One of the places a plan can run: this machine, unless another is named."""

    local: Local = Local()
    sagemaker: SageMaker | None = None
    """A training job on SageMaker; such a plan still runs here by `mrlc run`."""
