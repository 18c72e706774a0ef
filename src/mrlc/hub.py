"""The Hugging Face Hub, asked for the commit of a model. `mrlc lock` alone asks."""

from __future__ import annotations

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic
from mrlc.compiler.lock import HubModel
from mrlc.error_handler import RemoteFault

TIMEOUT_S = 20.0


def commit(model: HubModel) -> str:
    """The commit that a model's revision, or its main branch, is at now.

    Raises:
        CompileFailed: the Hub has no such model or revision, or does not show it to us.
        RemoteFault: the Hub does not answer.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        found = HfApi().model_info(model.base, revision=model.revision, timeout=TIMEOUT_S)
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError):
        message = f"the Hub shows no model `{model.key}`"
        help = "check the name; for a private or gated model, log in with `hf auth login`"
        fault = Diagnostic("MRLC603", message, model.span, help=help, path="model.base")
        raise CompileFailed([fault]) from None
    except Exception as error:  # noqa: BLE001 -- of whichever HTTP library this version is built on
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise RemoteFault(
            f"cannot ask the Hub for the commit of `{model.key}`: {reason}; go online and unset "
            "HF_HUB_OFFLINE, or give `revision` a commit in the spec"
        ) from None
    return str(found.sha)
