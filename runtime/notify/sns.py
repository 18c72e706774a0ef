"""`{sns: ARN}`: plain text to an SNS topic, in the topic's own region, by boto3's own credentials.

A subject is at most 100 ASCII characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html);
e-mail shows it, other subscribers do not, so the text says all.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from mrlc.runtime.endpoint.attempts import Transient, is_transient
from mrlc.runtime.notify.message import Message
from mrlc.runtime.notify.sender import ATTEMPT_S, Refused, senders

SUBJECT = 100
_THROTTLED = ("Throttl", "TooManyRequests", "RequestLimit", "SlowDown")
"""SNS throttles with status 400."""


@senders.register("sns")
def send(address: str, message: Message) -> None:
    """Publish it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _client(address.split(":")[3]).publish(
            TopicArn=address, Subject=subject(message), Message=message.text()
        )
    except ClientError as error:
        raise _judged(error.response) from None
    except BotoCoreError as error:
        what = type(error).__name__
        if what in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
            raise Refused("there are no AWS credentials") from None
        raise Transient(f"the connection failed ({what})") from None


def subject(message: Message) -> str:
    """The title as SNS takes it."""
    ascii = "".join(letter if " " <= letter <= "~" else "?" for letter in message.title).strip()
    return ascii if len(ascii) <= SUBJECT else f"{ascii[: SUBJECT - 3]}..."


@cache
def _client(region: str) -> Any:
    """One a region; a client may be shared by threads."""
    import boto3
    from botocore.config import Config

    once = {"mode": "standard", "total_max_attempts": 1}  # repeating is the courier's affair
    config = Config(retries=once, connect_timeout=ATTEMPT_S / 2, read_timeout=ATTEMPT_S)
    return boto3.Session(region_name=region).client("sns", config=config)


def _judged(response: dict[str, Any]) -> Exception:
    code = str(response.get("Error", {}).get("Code", "no code"))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if is_transient(status) or code.startswith(_THROTTLED):
        return Transient(f"status {status}, {code}")
    if code in ("AuthorizationError", "AuthorizationErrorException", "AccessDenied"):
        return Refused(f"{code}: allow sns:Publish on the topic to whom the run works as")
    if code.startswith("KMSAccessDenied"):
        return Refused(
            f"{code}: the topic is encrypted; allow kms:GenerateDataKey and kms:Decrypt on its key "
            "to whom the run works as, in the key's policy too"
        )
    return Refused(code)
