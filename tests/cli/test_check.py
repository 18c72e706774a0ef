"""`mrlc check` finds what `compile` finds and writes nothing."""

import shutil


def test_good_spec(mrlc, project):
    before = sorted(project.root.rglob("*"))
    done = mrlc("check", cwd=project.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("2 train, 1 validation, 1 test\n")
    assert sorted(project.root.rglob("*")) == before


def test_bad_spec(mrlc, project):
    done = mrlc("check", "--set", "algorithm.steps=-1", cwd=project.root)
    assert done.returncode == 1
    assert "MRLC207" in done.stderr


def test_spec_deep_below_its_root(mrlc, project):
    shutil.copytree(project.root / "specs", project.root / "a/b/specs")
    done = mrlc("check", cwd=project.root / "a/b")
    assert done.returncode == 0
