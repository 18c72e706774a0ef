"""What the service asks of a training job and its model of shapes does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mrlc.runtime.sagemaker.local.cloud import Bucket, Cloud, Place

LONGEST_S = 28 * 86_400


def broken_laws(request: Mapping[str, Any], cloud: Cloud, region: str) -> Iterator[str]:
    """Each one that a request of the right shape breaks, as a sentence."""
    yield from _time(request)
    yield from _resources(request["ResourceConfig"])
    algorithm = request["AlgorithmSpecification"]
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "Exactly one of TrainingImage and AlgorithmName must be given."
    if "ContainerEntrypoint" not in algorithm and "AlgorithmName" in algorithm:
        yield "This local service runs a ContainerEntrypoint, and no algorithm by its name."
    for definition in algorithm.get("MetricDefinitions", ()):
        if (fault := _regex_fault(definition["Regex"])) is not None:
            yield f"The regex of the metric {definition['Name']} {fault}."
    yield from _channels(request, Bucket(cloud, region))


def _time(request: Mapping[str, Any]) -> Iterator[str]:
    condition = request["StoppingCondition"]
    run_s, wait_s = condition.get("MaxRuntimeInSeconds"), condition.get("MaxWaitTimeInSeconds")
    if run_s is not None and run_s > LONGEST_S:
        yield f"MaxRuntimeInSeconds must be at most {LONGEST_S}."
    if request.get("EnableManagedSpotTraining"):
        if wait_s is None or wait_s < (run_s or 86_400):
            yield (
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                "MaxRuntimeInSeconds."
            )
    elif wait_s is not None:
        yield "MaxWaitTimeInSeconds is only for jobs with EnableManagedSpotTraining."


def _resources(resources: Mapping[str, Any]) -> Iterator[str]:
    is_single = "InstanceType" in resources and "InstanceCount" in resources
    has_any = "InstanceType" in resources or "InstanceCount" in resources
    if bool(resources.get("InstanceGroups")) == has_any or has_any != is_single:
        yield "ResourceConfig needs InstanceType and InstanceCount, or InstanceGroups."


def _regex_fault(regex: str) -> str | None:
    try:
        return None if re.compile(regex).groups else "has no group"
    except re.error as error:
        return f"is none: {error}"


def _channels(request: Mapping[str, Any], bucket: Bucket) -> Iterator[str]:
    channels = request.get("InputDataConfig", ())
    names = [channel["ChannelName"] for channel in channels]
    yield from (f"The channel {name} is given twice." for name in {*names} if names.count(name) > 1)
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            yield f"This local service fills {channel['ChannelName']} from an S3Prefix alone."
        elif channel.get("CompressionType", "None") != "None":
            yield f"This local service does not decompress {channel['ChannelName']}."
        elif not _has_objects(bucket, source["S3Uri"]):
            yield (
                f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source. '
                "Please ensure that the bucket exists in the selected region, and that objects "
                "exist under that S3 prefix."
            )


def _has_objects(bucket: Bucket, uri: str) -> bool:
    try:
        return bool(bucket.keys(Place.of(uri)))
    except bucket.s3.exceptions.ClientError:  # no such bucket
        return False
