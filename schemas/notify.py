"""Who hears of an alert besides the person at the terminal: named channels, each one address.

    notify:
      ops: {sns: "arn:aws:sns:us-east-1:123456789012:rl-ops"}
      chat: {slack: "env:SLACK_URL"}
      pager: {webhook: "secretsmanager:arn:aws:secretsmanager:…:secret:pager"}

A topic's ARN opens nothing and is written down. The address of a webhook lets whoever has it speak,
so it is named, never written: it is looked up where the run is, when there is something to send.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.section import Section

REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|secretsmanager:arn:aws[a-z-]*:secretsmanager:\S+)$"
"""The form of an address. A rule holds it, not the type: what is no reference may be the secret
itself, and the rule shows it masked."""

Hook = Annotated[str, Field(json_schema_extra={"pattern": REFERENCE})]


class Channel(Section):
    """One address that alerts are sent to."""

    sns: str | None = None
    """ARN of an SNS topic; the run's own credentials must allow sns:Publish on it."""
    webhook: Hook | None = None
    """`env:NAME` or `secretsmanager:ARN` of an https address that takes a POST of JSON."""
    slack: Hook | None = None
    """`env:NAME` or `secretsmanager:ARN` of an incoming webhook of Slack, or of what speaks so."""

    @model_validator(mode="after")
    def _is_one(self) -> Channel:
        if len(self.addresses) != 1:
            raise ValueError("a channel is one of `sns`, `webhook` and `slack`")
        return self

    @property
    def addresses(self) -> dict[str, str]:
        """Kind → address, as written; a channel has one."""
        said = {"sns": self.sns, "webhook": self.webhook, "slack": self.slack}
        return {kind: address for kind, address in said.items() if address is not None}

    @property
    def kind(self) -> str:
        """`sns`, `webhook` or `slack`."""
        return next(iter(self.addresses))

    @property
    def address(self) -> str:
        """An ARN, or a reference."""
        return self.addresses[self.kind]
