"""`file`: reads, writes, lists and deletes text files in the episode's folder.

`read` gives the text as it is, `list` the paths in order, `write` `{"bytes": n}` and `delete`
`{"deleted": path}`. The paths are the model's own, and lead nowhere but into the folder.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.folder import Folder
from mrlc.runtime.environment.scope import Scope
from mrlc.schemas.tools import Tool


@BACK_ENDS.register("file")
class FileTool:
    """One action on a folder; it runs in the event loop, as the files are few and small."""

    is_instant = True
    uses_episode = True

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.file is not None
        self._file = tool.file

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Do it."""
        folder, file = Folder(scope.folders[self._file.state]), self._file
        if file.action == "list":
            return list(folder.files())
        path = arguments[file.path]
        if file.action == "read":
            return folder.read(path)
        if file.action == "write":
            return {"bytes": folder.write(path, arguments[file.content])}
        folder.delete(path)
        return {"deleted": path}
