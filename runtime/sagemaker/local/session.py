"""Both servers together: SageMaker from here, and S3, SNS, CloudWatch, Events, Logs from moto."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mrlc.runtime.sagemaker.local.cloud import CREDENTIALS, Cloud
from mrlc.runtime.sagemaker.local.guardian import guarded_folder
from mrlc.runtime.sagemaker.local.operations import Walker
from mrlc.runtime.sagemaker.local.server import DEFAULT_REGION, Door, serve
from mrlc.runtime.sagemaker.local.service import GRACE_S, Service


@dataclass(frozen=True)
class Local:
    """Running servers."""

    door: Door
    service: Service
    cloud: Cloud

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead boto3, in any process, to the servers and nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.door.url,
            **_credentials(),
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
        }


def _credentials() -> dict[str, str]:
    return {**CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def open_local(
    walker: Walker, *, port: int = 0, side_port: int = 0, grace_s: float = GRACE_S
) -> Iterator[Local]:
    """Start both servers; afterwards nothing of them, or of their jobs, is left."""
    with guarded_folder() as folder, _moto(side_port) as endpoint:
        cloud = Cloud(endpoint)
        # What a container has from its role and its network.
        container = {"AWS_ENDPOINT_URL": endpoint, **_credentials()}
        service = Service(cloud, folder, grace_s=grace_s, environment=container)
        try:
            with serve(service, walker, port=port) as door:
                yield Local(door, service, cloud)
        finally:
            service.close()


@contextmanager
def _moto(port: int) -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        host, bound = server.get_host_and_port()
        yield f"http://{host}:{bound}"
    finally:
        server.stop()
