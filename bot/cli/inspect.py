"""`flakeguard inspect`: what FlakeGuard reads in a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.analysis import archive, junit
from bot.errors import InvalidReportError

_COUNTS = ("cases", "passed", "failed", "errored", "skipped", "flaky")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, a line each.")
def inspect(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what FlakeGuard reads in test reports (xml, gz or zip)."""
    refused = False
    for path in files:
        found = describe(path)
        refused = refused or "error" in found
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else _sentence(found))
    sys.exit(2 if refused else 0)


def describe(path: Path) -> dict[str, object]:  # one branch per way a member can fail
    """The counts of one file, or the reason it is refused."""
    counts = dict.fromkeys(_COUNTS, 0)
    warnings: list[str] = []
    complete = True
    reports = 0
    try:
        with path.open("rb") as stream:
            for member in archive.members(path.name, stream):
                prefix = "" if member.path in {path.name, path.name.removesuffix(".gz")} else f"{member.path}: "
                try:
                    summary = _read(member)
                except junit.NotAReportError as error:
                    if not prefix:
                        raise
                    warnings.append(f"{prefix}{error}")
                    continue
                except InvalidReportError as error:
                    if not prefix:
                        raise
                    complete = False
                    warnings.append(f"{prefix}{error}")
                    continue
                reports += 1
                complete = complete and summary.complete
                warnings += [f"{prefix}{warning}" for warning in summary.warnings]
                for name in _COUNTS:
                    counts[name] += getattr(summary, name)
    except InvalidReportError as error:
        return {"path": str(path), "error": str(error)}
    except OSError as error:
        return {"path": str(path), "error": f"It cannot be opened ({error.strerror})."}
    if reports == 0:
        reason = "; ".join(warnings) or "it holds no file that may be a test report"
        return {"path": str(path), "error": f"No test report was found: {reason}"}
    return {"path": str(path), **counts, "complete": complete, "warnings": warnings}


def _read(member: archive.Member) -> junit.Summary:
    if member.stream is None:
        raise InvalidReportError(member.refused)
    return junit.read(member.stream)


def _sentence(found: dict[str, object]) -> str:
    if "error" in found:
        return f"{found['path']}: refused. {found['error']}"
    numbers = ", ".join(f"{found[name]} {name}" for name in _COUNTS)
    lines = [f"{found['path']}: {numbers}; {'complete' if found['complete'] else 'INCOMPLETE'}"]
    lines += [f"  - {warning}" for warning in found["warnings"]] if isinstance(found["warnings"], list) else []
    return "\n".join(lines)
