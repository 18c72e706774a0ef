"""Models that are asked and never trained: judges, simulated users, references.

    Endpoints        the clients of one run, with one cache
      ChatClient     asks one endpoint: cache, budget, attempts
        Completion   what it said, read strictly: a server's reply is data
        Access       address and key, looked up in the environment, never shown

What a client raises: `PlanFault` while it is made (a variable is not set), `NoReply` for one
request without a usable answer, `RemoteFailed` where no request can succeed.
"""

from mrlc.runtime.endpoint.client import ChatClient
from mrlc.runtime.endpoint.completion import Completion, ToolRequest
from mrlc.runtime.endpoint.endpoints import Endpoints

__all__ = ["ChatClient", "Completion", "Endpoints", "ToolRequest"]
