"""The example project with a training job, and edits of the job."""

from __future__ import annotations

from mrlc.compiler.example import Edit

BEFORE = "algorithm: {steps: 2"
ROLE = "arn:aws:iam::123456789012:role/Trainer"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1"
FIELDS = {
    "role": ROLE,
    "image": IMAGE,
    "output": "s3://my-team/mrlc",
    "instance": "ml.g6e.12xlarge",
    "max_runtime_s": "86400",
}


def job(**changed: str | None) -> Edit:
    """Give the project a job; `None` takes a field out."""
    fields = {**FIELDS, **changed}
    lines = [f"    {name}: {value}" for name, value in fields.items() if value is not None]
    text = "\n".join(["target:", "  sagemaker:", *lines])
    return Edit(BEFORE, f"{text}\n{BEFORE}")
