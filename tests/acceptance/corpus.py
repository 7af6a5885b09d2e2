"""Read a folder of reports and hold every count against its manifest.

    python -m tests.acceptance.corpus FOLDER

FOLDER has manifest.json. Exit status 1 where a file is read otherwise than the manifest says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bot.cli.inspect import describe

NATIVE = {
    **dict.fromkeys(("Passed", "Pass", "Success", "Warning"), "passed"),
    **dict.fromkeys(("Failed", "Fail", "Failure"), "failed"),
}
FIGURES = ("cases", "passed", "failed", "errored", "skipped", "flaky")


def fault(entry: dict[str, object], found: dict[str, object]) -> str | None:
    """What is wrong with how a file was read; None where it is right."""
    expected, expect = entry.get("expected"), entry["expect"]
    native = entry.get("native")
    if isinstance(native, dict) and (native["format"] != "nunit2" or "error" not in found):
        return native_fault(native, found)
    if "error" in found:
        return f"refused: {found['error']}" if expect == "accept" else None
    if expect == "reject":
        return "accepted as complete" if found["complete"] else None
    assert isinstance(expected, dict)
    apart = {name: (found[name], expected[name]) for name in FIGURES if found[name] != expected[name]}
    if apart and (expect == "accept" or found["complete"]):
        return f"read (found, expected): {apart}"
    if expect == "accept" and not expected["cases"] and found["complete"]:
        return "no case, and yet complete"
    return None


def native_fault(native: dict[str, Any], found: dict[str, object]) -> str | None:
    """What is wrong with how a file of .NET's own formats was read: its words summed up as the four outcomes."""
    if "error" in found:
        return f"refused: {found['error']}"
    expected = {"format": native["format"], "cases": native["counts"]["cases"], "passed": 0, "failed": 0}
    for word, number in native["counts"].items():
        if word in NATIVE:
            expected[NATIVE[word]] += number
    if "?" in native["counts"]:
        del expected["passed"], expected["failed"]
    apart = {name: (found[name], value) for name, value in expected.items() if found[name] != value}
    if apart:
        return f"read (found, expected): {apart}"
    return "no case, and yet complete" if not found["cases"] and found["complete"] else None


def main(folder: Path) -> int:
    """Check every file; returns the exit status."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    right = wrong = 0
    for entry in manifest["files"]:
        if entry.get("stored") is False:
            continue
        problem = fault(entry, describe(folder / entry["path"]))
        if problem:
            wrong += 1
            print(f"{entry['path']} ({entry['expect']}): {problem}")  # noqa: T201
        else:
            right += 1
    print(f"{right} passed, {wrong} failed")  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
