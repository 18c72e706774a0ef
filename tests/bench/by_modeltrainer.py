"""Which jobs the SageMaker SDK refuses before it asks anybody: run by a Python that has the SDK.

On stdin a JSON list of files as `mrlc compile --emit modeltrainer` writes them; on stdout a list of
what became of each: true where `ModelTrainer` or the client below it raised first, false where it
went on to the network, which is cut off. Nothing of mrlc is imported.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn


class Sent(BaseException):
    """Something would have been sent; not an `Exception`, so that nothing tries again."""


sent: list[Sent] = []
"""The SDK swallows whatever is no `Exception` (its telemetry returns in a `finally`); so it is kept."""


def cut(*_: Any, **__: Any) -> NoReturn:
    """In place of a connection."""
    sent.append(Sent())
    raise sent[-1]


def caught(text: str, session: Any) -> bool:
    """Whether a job is refused offline."""
    sent.clear()
    found: dict[str, Any] = {"__name__": "emitted", "__file__": "modeltrainer.py"}
    try:
        exec(compile(text, "modeltrainer.py", "exec"), found)  # noqa: S102 -- the file to judge
        found["trainer"](session).train(wait=False)
    except Sent:
        pass
    except Exception:  # noqa: BLE001 -- whatever it is, the mistake was caught
        return not sent
    assert sent, "a job went out"
    return False


def main() -> None:
    """Judge what stands on stdin."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "config.yaml"
        opt_out = {"SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
        settings.write_text(json.dumps({"SchemaVersion": "1.0", **opt_out}))
        os.environ |= {
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            os.environ.pop(name, None)
        logging.disable(logging.CRITICAL)
        out, texts = sys.stdout, json.load(sys.stdin)
        socket.socket.connect = cut  # type: ignore[method-assign]
        socket.getaddrinfo = cut
        with contextlib.redirect_stdout(sys.stderr):
            import boto3
            from sagemaker.core.helper.session_helper import Session

            boto = boto3.Session(region_name="us-east-1")
            session = Session(boto_session=boto, default_bucket="my-team")  # clients cost a second
            verdicts = [caught(text, session) for text in texts]
        json.dump(verdicts, out)


if __name__ == "__main__":
    main()
