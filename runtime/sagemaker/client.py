"""boto3's clients, and the one place where what they raise becomes ours.

Credentials, profiles and endpoints come by boto3's own chain (AWS_PROFILE, AWS_ENDPOINT_URL_S3,
…). The region is the job's. Throttled and failed requests are sent again with jitter, in
botocore's standard mode unless AWS_RETRY_MODE says another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from mrlc.runtime.errors import RemoteFailed
from mrlc.runtime.sagemaker.refusals import Asked, Refused, error_of, refused, unreachable

ATTEMPTS = 8
"""Of one request: about a minute against a service that throttles. AWS_MAX_ATTEMPTS overrules."""


class Aws:
    """The services in one region; a client is made when it is first asked for."""

    def __init__(self, region: str | None) -> None:
        """Take a region; None: boto3's own choice.

        Raises:
            RemoteFailed: there is no region, or no such profile.
        """
        import boto3
        import botocore.session

        core = botocore.session.Session()
        with _translated(None):
            self._session: Any = boto3.Session(botocore_session=core, region_name=region)
            attempts = core.get_config_variable("max_attempts") or ATTEMPTS
            mode = core.get_config_variable("retry_mode") or "standard"
        self._retries = {"mode": mode, "total_max_attempts": attempts}
        self._clients: dict[str, Any] = {}
        self._making = Lock()
        self.region = str(self._session.region_name or "")

    def ask(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """Send a request; `operation` is called as the service calls it.

        Raises:
            Refused: the service says no.
            RemoteFailed: there is no answer, or no way to ask.
        """
        from botocore import xform_name

        asked = Asked(service, operation, self.region)
        with _translated(asked):
            answer: dict[str, Any] = getattr(self._client(service), xform_name(operation))(
                **request
            )
        return answer

    def find(self, service: str, operation: str, *, absent: set[str], **request: Any) -> Any:
        """As `ask`; None where the service says by one of these codes that there is none."""
        try:
            return self.ask(service, operation, **request)
        except Refused as error:
            if error.code in absent:
                return None
            raise

    def download(self, bucket: str, key: str, file: Any) -> None:
        """Write an object into an open file.

        Raises:
            RemoteFailed: it cannot be had.
        """
        with _translated(Asked("s3", "GetObject", self.region)):
            self._client("s3").download_fileobj(bucket, key, file)

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        with self._making:  # a client may be used by several threads, a session may not
            if service not in self._clients:
                config = Config(retries=self._retries, connect_timeout=10, read_timeout=60)
                try:
                    self._clients[service] = self._session.client(service, config=config)
                except ValueError as error:
                    hint = "look at AWS_ENDPOINT_URL and the region"
                    raise RemoteFailed(f"{error}: {hint}") from None
            return self._clients[service]


@contextmanager
def _translated(asked: Asked | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of botocore, s3transfer and boto3: none shares a base with another
        from botocore.exceptions import ClientError

        if isinstance(error, ClientError) and asked is not None:
            raise refused(*error_of(error.response), asked) from None
        known = unreachable(error, asked)
        if known is None:
            raise
        raise known from None
