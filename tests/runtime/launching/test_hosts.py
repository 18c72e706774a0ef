"""Hosts by number, and what is made of a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.launching.hosts import read_cluster


def resources(tmp_path: Path, current: str, *hosts: str) -> Path:
    file = tmp_path / "resourceconfig.json"
    given = {"current_host": current, "hosts": hosts, "network_interface_name": "eth0"}
    file.write_text(json.dumps(given))
    return file


def test_hosts_are_ranked_by_number(tmp_path: Path) -> None:
    file = resources(tmp_path, "algo-10", "algo-10", "algo-2", "algo-1", "algo-11")
    cluster = read_cluster(file, {})
    assert cluster.hosts == ("algo-1", "algo-2", "algo-10", "algo-11")
    assert (cluster.rank, cluster.leads) == (2, False)
    assert (cluster.address, cluster.port, cluster.interface) == ("algo-1", 7777, "eth0")


def test_the_address_may_be_another_than_the_name(tmp_path: Path) -> None:
    file = resources(tmp_path, "algo-1", "algo-1", "algo-2")
    given = {"MRLC_MAIN_ADDRESS": "127.0.0.1", "MRLC_MAIN_PORT": "4000"}
    cluster = read_cluster(file, given)
    assert (cluster.address, cluster.port, cluster.leads) == ("127.0.0.1", 4000, True)


def test_without_a_file_a_host_is_alone(tmp_path: Path) -> None:
    cluster = read_cluster(tmp_path / "none.json", {})
    assert (cluster.hosts, cluster.address, cluster.interface) == (("algo-1",), "127.0.0.1", "lo")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"hosts": ["algo-1"], "current_host": "b"}'])
def test_what_the_service_would_not_write(tmp_path: Path, text: str) -> None:
    file = tmp_path / "resourceconfig.json"
    file.write_text(text)
    with pytest.raises(PlanBroken, match="not the hosts of a job"):
        read_cluster(file, {})
