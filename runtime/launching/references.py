"""Variables that name a secret instead of holding it, looked up by the trainer that needs them.

    HF_TOKEN: env:TEAM_TOKEN                                  another variable of the container
    API_KEY: secretsmanager:arn:aws:secretsmanager:…:name     a secret, read as the job's role

Process 1 never holds a value, so it is in no log of its own and in no child that is not a trainer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mrlc.runtime.errors import PlanFault

ENV, MANAGER = "env:", "secretsmanager:"
AT = "target.sagemaker.environment"


def references(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are references."""
    return {k: v for k, v in environment.items() if v.startswith((ENV, MANAGER))}


def resolve(
    environment: Mapping[str, str], fetch: Callable[[str], str] | None = None
) -> dict[str, str]:
    """The values of the references in an environment.

    Raises:
        PlanFault: one cannot be had; the message has its name, never a value.
    """
    return {
        name: value_of(said, f"{AT}.{name}", environment, fetch, where=" in the container")
        for name, said in references(environment).items()
    }


def value_of(
    said: str,
    path: str,
    environment: Mapping[str, str],
    fetch: Callable[[str], str] | None = None,
    *,
    where: str = "",
) -> str:
    """What the reference at `path` of the spec stands for.

    Raises:
        PlanFault: it cannot be had; the message has its name, never a value.
    """
    if said.startswith(MANAGER):
        arn = said.removeprefix(MANAGER)
        try:
            return (fetch or fetch_secret)(arn)
        except Exception as error:  # of botocore, which makes its classes at run time
            message = f"the secret {arn} cannot be read: {type(error).__name__}"
            help = "allow the job's role secretsmanager:GetSecretValue on it"
            raise PlanFault(path, message, help=help) from error
    other = said.removeprefix(ENV)
    value = environment.get(other, "")
    if not value or value.startswith((ENV, MANAGER)):
        message = f"the environment variable {other} is not set{where}"
        raise PlanFault(path, message, help="set it in the image, or use secretsmanager:")
    return value


def fetch_secret(arn: str) -> str:
    """A secret's text."""
    import boto3

    region = arn.split(":")[3] if arn.startswith("arn:") else None
    client: Any = boto3.client("secretsmanager", region_name=region)
    return str(client.get_secret_value(SecretId=arn)["SecretString"])
