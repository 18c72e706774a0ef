"""The container's folders, all below one root: /opt/ml, or MRLC_ML_ROOT elsewhere.

input/config/resourceconfig.json   the hosts
checkpoints/<run>/                 the run; kept while the job is interrupted
run/<run>/                         the same on a host that does not lead; never kept
model/                             the trained model and evaluation.json
output/data/                       logs and results to read
output/failure                     why it failed
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "MRLC_ML_ROOT"
DEFAULT = "/opt/ml"


@dataclass(frozen=True)
class Root:
    """One container's folders."""

    path: Path

    @property
    def resources(self) -> Path:
        """What the service says of the hosts."""
        return self.path / "input" / "config" / "resourceconfig.json"

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz."""
        return self.path / "model"

    @property
    def output(self) -> Path:
        """Holds the failure and `data`."""
        return self.path / "output"

    @property
    def reports(self) -> Path:
        """Becomes output.tar.gz."""
        return self.output / "data"

    def runs(self, *, leads: bool) -> Path:
        """Where the run's folder lies.

        The service copies checkpoints/ of *every* host to one place in S3, where they would
        overwrite each other; so only the host that leads writes there.
        """
        return self.path / ("checkpoints" if leads else "run")


def root_of(environment: Mapping[str, str] = os.environ) -> Root:
    """The root that the environment names."""
    return Root(Path(environment.get(VARIABLE) or DEFAULT).absolute())
