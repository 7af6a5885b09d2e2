"""Check runs as the API takes them, with GitHub's limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NoReturn, cast

from bot.sandbox.github import server
from bot.sandbox.github.model import (
    APP_ID,
    MAX_ACTIONS,
    MAX_ANNOTATIONS,
    MAX_DESCRIPTION,
    MAX_IDENTIFIER,
    MAX_LABEL,
    MAX_TEXT,
    CheckAction,
    CheckRun,
    JsonObject,
    RefusalError,
    RunStatus,
)
from bot.sandbox.github.server import GitHubServer

_STATUSES = ("queued", "in_progress", "completed")
_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")
_INVALID = 422


def listed(github: GitHubServer, sha: str, query: Mapping[str, str]) -> list[CheckRun]:
    """The check runs of a commit under GitHub's filters; by default the latest of each name."""
    if query.get("app_id") not in {None, str(APP_ID)}:
        return []
    found = github.check_runs(sha, query.get("check_name"))
    if query.get("status"):
        found = [check for check in found if check.status == query["status"]]
    if query.get("filter", "latest") == "all":
        return found
    latest: dict[str, CheckRun] = {}
    for check in found:
        latest.setdefault(check.name, check)
    return list(latest.values())


def create(github: GitHubServer, body: JsonObject) -> CheckRun:
    """Add a check run to a commit that exists."""
    name, sha = body.get("name"), body.get("head_sha")
    if not isinstance(name, str) or not name or not isinstance(sha, str) or not sha:
        _refuse('"name" and "head_sha" weren\'t supplied.')
    commits = {commit.sha for commit in github.commits()}
    if sha not in commits:
        _refuse(f"No commit found for SHA: {sha}")
    fresh = CheckRun(
        id=0,
        name=str(name),
        head_sha=str(sha),
        status="queued",
        conclusion=None,
        title="",
        summary="",
        text="",
        actions=(),
        external_id="",
        details_url="",
        started_at=server.now(),
        completed_at=None,
    )
    wanted = _changed(fresh, body)
    return github.put_check_run(replace(wanted, id=github.number("check")))


def edit(github: GitHubServer, check_id: int, body: JsonObject) -> CheckRun:
    """Change a check run; what the body does not name stays."""
    return github.put_check_run(_changed(github.check_run(check_id), body))


def _changed(check: CheckRun, body: JsonObject) -> CheckRun:
    status = _one_of("status", body.get("status", check.status), _STATUSES)
    conclusion = body.get("conclusion", check.conclusion)
    completed_at = check.completed_at
    if conclusion is not None and ("conclusion" in body or status == "completed"):
        conclusion = _one_of("conclusion", conclusion, _CONCLUSIONS)
        status = "completed"
        completed_at = _time(body, "completed_at") or check.completed_at or server.now()
    elif status == "completed":
        _refuse('"conclusion" is required when status is "completed".')
    if status != "completed":
        conclusion, completed_at = None, None
    output = _output(body)
    return replace(
        check,
        name=_text(body, "name", check.name, 255),
        status=cast("RunStatus", status),
        conclusion=None if conclusion is None else str(conclusion),
        completed_at=completed_at,
        started_at=_time(body, "started_at") or check.started_at,
        external_id=_text(body, "external_id", check.external_id, 255),
        details_url=_text(body, "details_url", check.details_url, 2048),
        title=_text(output, "title", check.title, 255),
        summary=_text(output, "summary", check.summary, MAX_TEXT),
        text=_text(output, "text", check.text, MAX_TEXT),
        annotations=check.annotations + _annotations(output),
        actions=_actions(body["actions"]) if "actions" in body else check.actions,
    )


def _output(body: JsonObject) -> JsonObject:
    output = body.get("output", {})
    if not isinstance(output, dict):
        _refuse('"output" is not an object.')
    given = cast("JsonObject", output)
    if given and not ("title" in given and "summary" in given):
        _refuse('"title", "summary" weren\'t supplied.')
    return given


def _annotations(output: JsonObject) -> int:
    annotations = output.get("annotations", [])
    if not isinstance(annotations, list):
        _refuse('"annotations" is not an array.')
    given = cast("list[object]", annotations)
    if len(given) > MAX_ANNOTATIONS:
        _refuse(f"No more than {MAX_ANNOTATIONS} items are allowed; {len(given)} were supplied.")
    return len(given)


def _actions(value: object) -> tuple[CheckAction, ...]:
    if not isinstance(value, list):
        _refuse('"actions" is not an array.')
    given = cast("list[object]", value)
    if len(given) > MAX_ACTIONS:
        _refuse(f"No more than {MAX_ACTIONS} items are allowed; {len(given)} were supplied.")
    actions = []
    for item in given:
        if not isinstance(item, dict):
            _refuse("An action is not an object.")
        fields = cast("JsonObject", item)
        actions.append(
            CheckAction(
                _required(fields, "label", MAX_LABEL),
                _required(fields, "description", MAX_DESCRIPTION),
                _required(fields, "identifier", MAX_IDENTIFIER),
            )
        )
    return tuple(actions)


def _required(fields: JsonObject, name: str, longest: int) -> str:
    text = _text(fields, name, "", longest)
    if not text:
        _refuse(f'"{name}" wasn\'t supplied.')
    return text


def _text(fields: JsonObject, name: str, default: str, longest: int) -> str:
    value = fields.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        _refuse(f'For "{name}", {value!r} is not a string.')
    text = str(value)
    if len(text) > longest:
        _refuse(f'For "{name}", only {longest} characters are allowed; {len(text)} were supplied.')
    return text


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        _refuse(f'For "{name}", {value!r} is not one of: {", ".join(allowed)}.')
    return str(value)


def _time(body: JsonObject, name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        _refuse(f'For "{name}", {value!r} is not a date-time.')


def _refuse(detail: str) -> NoReturn:
    message = f"Invalid request.\n\n{detail}"
    raise RefusalError(_INVALID, message)
