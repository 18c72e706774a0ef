"""The test project with room for more turns than it has."""

from __future__ import annotations

import pytest

from tests.conftest import Project


@pytest.fixture
def project(project: Project) -> Project:
    project.edit("specs/desk.yaml", "{base: tiny}", "{base: tiny, tiny: {context: 8192}}")
    return project
