"""A training job on SageMaker, field by field what CreateTrainingJob takes.

The service's own limits are not repeated here: the compiler reads them from the service's model,
so that a new instance type is known with a new botocore.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from mrlc.schemas.distribution import Distribution
from mrlc.schemas.section import FileMarker, Section

IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
    r"\.amazonaws\.com(?:\.cn)?/(?P<repository>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""An image in a registry that SageMaker can read."""

PriceFile = Annotated[str, FileMarker((".csv",), is_read_by_runs=False)]


class Vpc(Section):
    """The network that the instances are put into."""

    subnets: Annotated[tuple[str, ...], Field(min_length=1)]
    """Ids, `subnet-…`; in several zones where capacity is scarce."""
    security_groups: Annotated[tuple[str, ...], Field(min_length=1)]
    """Ids, `sg-…`; the instances must reach each other and S3 through them."""


class Kms(Section):
    """Keys of your own; without them AWS's keys encrypt."""

    volume: str | None = None
    """Key of the instances' volumes: id, alias or ARN."""
    output: str | None = None
    """Key of what the job writes to S3: id, alias or ARN."""


class InstanceGroup(Section):
    """Instances of one type in a job that mixes types."""

    name: str
    """Of the group; the container finds its own in resourceconfig.json."""
    instance: str
    """Type, as in `ml.g6e.12xlarge`."""
    count: Annotated[int, Field(ge=1)] = 1
    """Instances."""


class SageMaker(Section):
    """A training job on SageMaker."""

    role: str
    """ARN of the role that the job works as."""
    image: str
    """Address in ECR, best with its digest; it must hold torch, trl, accelerate and transformers."""
    output: str
    """`s3://bucket/prefix`; source, model and records go below it."""
    max_runtime_s: Annotated[int, Field(ge=1)]
    """Longest time, of all attempts together; it bounds the cost, so it has no default."""
    instance: str | None = None
    """Type, as in `ml.g6e.12xlarge`; or `instance_groups`."""
    count: Annotated[int, Field(ge=1)] = 1
    """Instances."""
    instance_groups: tuple[InstanceGroup, ...] = ()
    """Groups of instances, for a job that mixes types."""
    distribution: Distribution = Distribution()
    """What several trainers share; left out: nothing, a copy of the model on every GPU."""
    vllm_gpus: Annotated[int, Field(ge=1)] | None = None
    """Of the one instance, GPUs kept for a `vllm serve`, which splits the model over them."""
    volume_gb: Annotated[int, Field(ge=1)] = 100
    """Disk of each instance, GB; 100 holds a small model's checkpoints. Local NVMe has its own."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """More data for your code: channel → `s3://…`, found at /opt/ml/input/data/<channel>."""
    spot: bool = False
    """Spare capacity at a lower price; the job may be interrupted and goes on from `checkpoints`."""
    max_wait_s: Annotated[int, Field(ge=1)] | None = None
    """With `spot`: longest time for waiting and running together."""
    checkpoints: str | None = None
    """`s3://bucket/prefix`: each job's checkpoints are copied below it as written, and back."""
    vpc: Vpc | None = None
    kms: Kms = Kms()
    network_isolation: bool = False
    """No network for the container: nothing can be fetched, and nothing can leak."""
    encrypt_traffic: bool = False
    """Encrypt what instances tell each other; it slows the training of several down."""
    warm_pool_s: Annotated[int, Field(ge=1)] | None = None
    """Keep the instances, and pay for them, so long after the job for the next one."""
    retries: Annotated[int, Field(ge=1)] | None = None
    """New attempts after a fault of the service; none by default."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables of the container: a value, or `env:NAME` or `secretsmanager:ARN`, read there."""
    tags: dict[str, str] = Field(default_factory=dict)
    """For your bills; `mrlc:name` and `mrlc:semantic` are added."""
    notify: tuple[str, ...] = ()
    """ARNs of SNS topics that hear of alarms and of the job's end."""
    stall_s: Annotated[int, Field(ge=300, le=86_400)] = 3600
    """Longest time without a step before an alarm; an hour is above any usual step and start."""
    max_cost_usd: Annotated[float, Field(gt=0)] | None = None
    """The most that the job may cost by its price and `max_runtime_s`; above it nothing compiles."""
    prices: PriceFile | None = None
    """A price table of your own in place of the one that ships."""
    region: str | None = None
    """As in `us-east-1`; the image's by default, and it must be the same."""

    @property
    def home(self) -> str | None:
        """The region of the job, where it is known."""
        found = IMAGE.fullmatch(self.image)
        return self.region or (found["region"] if found else None)

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Type and count of all its instances."""
        if self.instance_groups:
            return tuple((group.instance, group.count) for group in self.instance_groups)
        return ((self.instance, self.count),) if self.instance else ()
