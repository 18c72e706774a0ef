"""GPUs are counted from the driver's files and the variables that hide some."""

from __future__ import annotations

from pathlib import Path

import pytest

from mrlc.runtime.launching.devices import trainers

EIGHT = [f"nvidia{n}" for n in range(8)]


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        ([], {}, 1),
        (["nvidiactl", "nvidia-uvm"], {}, 1),
        ([*EIGHT, "nvidiactl"], {}, 8),
        (EIGHT, {"CUDA_VISIBLE_DEVICES": "0,3"}, 2),
        (EIGHT, {"CUDA_VISIBLE_DEVICES": ""}, 1),
        (EIGHT, {"CUDA_VISIBLE_DEVICES": "-1"}, 1),
        (EIGHT, {"NVIDIA_VISIBLE_DEVICES": "all"}, 8),
        (EIGHT, {"NVIDIA_VISIBLE_DEVICES": "none"}, 1),
        (EIGHT[:1], {"CUDA_VISIBLE_DEVICES": "0,1,2"}, 1),
        (EIGHT, {"MRLC_PROCESSES": "2"}, 2),
        ([], {"MRLC_PROCESSES": "2"}, 2),
    ],
)
def test_trainers_of_a_host(
    tmp_path: Path, files: list[str], environment: dict[str, str], expected: int
) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert trainers(environment, tmp_path) == expected
