"""A model behind an address: a judge, a simulated user, a reference. Never the policy in training.

Secrets are named, never written: `env:NAME` is looked up where the run is, on the day it runs.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.section import Section

_NAMED = r"env:[A-Za-z_][A-Za-z0-9_]*"
Address = Annotated[
    str,
    Field(pattern=rf"^({_NAMED}|https://\S+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/\S*)?)$"),
]
"""`env:NAME`, or an https address; plain http only to this machine."""

KEY = rf"^{_NAMED}$"
"""The form of a key. A rule holds it, not the type: what is no reference may be the secret itself,
and the rule shows it masked."""


class CallBudget(Section):
    """What one run may spend on an endpoint; answers from the cache are free."""

    calls: Annotated[int, Field(ge=1)] | None = None
    """Requests sent, repeated ones included; left out: no limit."""
    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens read and written, as the endpoint counts them; left out: no limit."""

    @model_validator(mode="after")
    def _says_something(self) -> CallBudget:
        if self.calls is None and self.tokens is None:
            raise ValueError("a budget needs `calls`, `tokens`, or both")
        return self


class Endpoint(Section):
    """A server of OpenAI's chat completions: a hosted model, vLLM, a gateway."""

    url: Address
    """`env:NAME` or an https address, up to and without `/chat/completions`."""
    model: Annotated[str, Field(min_length=1)]
    """What the endpoint calls the model; a dated name, so that it stays the same."""
    key: Annotated[str, Field(json_schema_extra={"pattern": KEY})] | None = None
    """`env:NAME` of the variable that holds the API key; left out where the server wants none."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Left out: 0; for a reference, what the evaluation samples with."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens of one answer; left out: 512 for a judge, else `turns.max_tokens`."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds of one attempt, from its start to the last byte."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests under way at once; hosted models answer more with 429."""
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    """Further attempts after a 429, a 5xx, a time-out or a broken connection."""
    budget: CallBudget | None = None
    """What one run may spend; it ends when that is spent, and can be resumed with more."""
