"""The files of the repository, as the contents API gives them."""

from __future__ import annotations

import base64
import hashlib

from bot.sandbox.github.model import JsonObject, RefusalError
from bot.sandbox.github.server import GitHubServer


def content(github: GitHubServer, path: str, ref: str) -> JsonObject:
    """A file of the repository; refused with 404 where there is none."""
    data = github.files.get(path)
    if data is None:
        message = "Not Found"
        raise RefusalError(404, message)
    api = f"{github.represent.repository()['url']}/contents/{path}?ref={ref}"
    blob = hashlib.sha1(b"blob %d\x00" % len(data) + data, usedforsecurity=False).hexdigest()
    return {
        "type": "file",
        "encoding": "base64",
        "size": len(data),
        "name": path.rpartition("/")[2],
        "path": path,
        "content": base64.encodebytes(data).decode(),
        "sha": blob,
        "url": api,
        "git_url": None,
        "html_url": f"{github.base_url}/{github.repository.full_name}/blob/{ref}/{path}",
        "download_url": None,
    }
