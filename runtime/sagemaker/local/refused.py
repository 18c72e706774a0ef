"""The service's refusals, as boto3 raises them: a code, a message, an HTTP status."""

from __future__ import annotations


class Refused(Exception):
    """A request that the service does not take."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refused:
    """The service's answer to nearly every mistake."""
    return Refused("ValidationException", message)


def not_found() -> Refused:
    """A job that is not there; the model names ResourceNotFound, the service answers this."""
    return invalid("Requested resource not found.")
