"""What a sweep costs: our compiler against two other ways to the same experiments.

    mrlc          parsed once, overlaid; every variant validated, checked, digested
    text          a Jinja2 text template rendered, parsed with ruamel and validated per variant
    Hydra         `compose` with overrides per variant, resolved to a container; no validation

The spec has 200 lines. Each runs in a process of its own; CPU time and peak memory are the
process's. The slower ways run a tenth of the variants and are scaled up. Hydra is used where it
is installed: `HYDRA_PYTHON=…/bin/python` names another environment for it.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mrlc.compiler import Swept

SPECS = Path(__file__).parents[2] / "specs"
SHARE = 10
"""The slower ways run one variant in so many."""


def axes(count: int) -> dict[str, list[float]]:
    """Three axes with `count` combinations, a multiple of 100."""
    return {
        "lr": [round(1e-6 * (step + 1), 9) for step in range(count // 100)],
        "group_size": [2 * step for step in range(1, 11)],
        "max_tokens": [16 + 8 * step for step in range(10)],
    }


def spec_text() -> str:
    """The quickstart with more tools, about 200 lines, and the three values as `@name@`."""
    text = (SPECS / "quickstart.yaml").read_text(encoding="utf-8")
    head, answer, tail = text.partition("  answer:\n")
    first = head[head.index("    - name: find_bike") : head.index("    - name: job_status")]
    more = "".join(first.replace("find_bike", f"find_bike_{copy}") for copy in range(14))
    text = head + more + answer + tail
    for old, name in (
        ("  learning_rate: 1.0e-3", "lr"),
        ("  group_size: 8", "group_size"),
        ("  max_tokens: 32", "max_tokens"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, f"{old.partition(':')[0]}: @{name}@")
    return text


def ours(count: int, folder: Path) -> Swept:
    """Compile every variant."""
    from mrlc.compiler import Swept, compile_variants

    names = {
        "lr": "vars.lr",
        "group_size": "algorithm.group_size",
        "max_tokens": "turns.max_tokens",
    }
    over = {names[name]: values for name, values in axes(count).items()}
    text = spec_text().replace("@lr@", '"{{ vars.lr }}"')
    text = text.replace("@group_size@", "8").replace("@max_tokens@", "32")
    spec = folder / "sweep.yaml"
    spec.write_text(f"{text}\nvars: {{lr: 1.0e-3}}\nsweep:\n  over: {json.dumps(over)}\n")
    (folder / "pyproject.toml").touch()
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    swept = compile_variants(spec)
    assert isinstance(swept, Swept)
    return swept


def compiled(count: int, folder: Path) -> int:
    """Every plan in memory, none written."""
    return len(ours(count, folder).variants)


def written(count: int, folder: Path) -> int:
    """Every plan, provenance and input on disk."""
    from mrlc.compiler import write_sweep

    swept = ours(count, folder)
    write_sweep(swept, folder / "build")
    return len(swept.variants)


def text_way(count: int, folder: Path) -> int:
    """Render, parse and validate the text of each variant."""
    from jinja2 import Template
    from ruamel.yaml import YAML

    from mrlc.schemas import Experiment

    escaped = re.sub(r"(\{\{.*?\}\})", r"{% raw %}\1{% endraw %}", spec_text())
    template = Template(re.sub(r"@(\w+)@", r"{{ \1 }}", escaped))
    done = 0
    for values in _some(count):
        parsed = YAML(typ="safe").load(template.render(**values))
        Experiment.model_validate_json(json.dumps(parsed))
        done += 1
    return done


def hydra_way(count: int, folder: Path) -> int:
    """Compose each variant with overrides."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    text = spec_text().replace("@lr@", "1.0e-3").replace("@group_size@", "8")
    (folder / "config.yaml").write_text(text.replace("@max_tokens@", "32"))
    done = 0
    with initialize_config_dir(version_base=None, config_dir=str(folder)):
        for values in _some(count):
            overrides = [
                f"algorithm.learning_rate={values['lr']}",
                f"algorithm.group_size={values['group_size']}",
                f"turns.max_tokens={values['max_tokens']}",
            ]
            OmegaConf.to_container(compose("config", overrides=overrides), resolve=True)
            done += 1
    return done


def _some(count: int) -> list[dict[str, float]]:
    """One combination in SHARE."""
    every = axes(count)
    found = [dict(zip(every, values, strict=True)) for values in product(*every.values())]
    return found[::SHARE]


WAYS = {"compiled": compiled, "written": written, "text": text_way, "hydra": hydra_way}
LOADED = {
    "compiled": ["mrlc.compiler"],
    "written": ["mrlc.compiler"],
    "text": ["jinja2", "ruamel.yaml", "mrlc.schemas"],
    "hydra": ["hydra", "omegaconf"],
}
"""Modules that each way imports; importing is not measured."""


def measure(way: str, count: int) -> None:
    """Run one way and print CPU seconds for all variants, and peak memory."""
    for module in LOADED[way]:
        import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        done = WAYS[way](count, Path(folder).resolve())
        cost = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cost * count / done, "peak_mb": peak}))


def apart(way: str, count: int) -> dict[str, float] | None:
    """One way in a process of its own; None where it cannot run."""
    python = os.environ.get("HYDRA_PYTHON", sys.executable) if way == "hydra" else sys.executable
    command = [python, __file__, way, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if "No module named 'hydra'" in done.stderr:
            return None
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure and print."""
    one, ten = apart("compiled", 1000), apart("compiled", 10_000)
    assert one is not None
    assert ten is not None
    for count, found in ((1000, one), (10_000, ten)):
        cost, peak = found["cpu_s"], found["peak_mb"]
        print(f"{count:>6,} variants of {len(spec_text().splitlines())} lines      "
              f"{cost:5.2f} s CPU, {peak:.0f} MB at the peak")  # fmt: skip
    disk = apart("written", 1000)
    assert disk is not None
    print(f" 1,000 variants, plans on disk      {disk['cpu_s']:5.2f} s CPU")
    print(f"10,000 variants / 1,000 variants {ten['cpu_s'] / one['cpu_s']:5.1f}x")
    for way, name in (("text", "text per variant"), ("hydra", "Hydra's compose")):
        found = apart(way, 1000)
        if found is None:
            print(f"{name} / mrlc      skipped: hydra-core is not installed")
        else:
            ratio = found["cpu_s"] / one["cpu_s"]
            print(f"{name + ' / mrlc':<32} {ratio:5.1f}x   ({found['cpu_s']:.1f} s CPU)")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main()
