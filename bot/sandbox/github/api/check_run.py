"""Check runs and GitHub's limits on them, see https://docs.github.com/rest/checks/runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NoReturn, cast

from starlette.responses import JSONResponse, Response

from bot.sandbox.github import errors, model
from bot.sandbox.github.api.request import ApiRequest, page
from bot.sandbox.github.model import APP_ID, CheckAction, CheckRun, RunStatus
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.json_object import JsonObject

_ACTIONS = 3
_LABEL_LENGTH = 20
_DESCRIPTION_LENGTH = 40
_IDENTIFIER_LENGTH = 20
_OUTPUT_LENGTH = 65_535
_ANNOTATIONS = 50
_STATUSES = ("queued", "in_progress", "completed")
_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")


def list_check_runs(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the check runs of a commit under GitHub's filters; by default the latest of each name."""
    sha, query = github.commit(request.path["sha"]).sha, request.query
    checks = github.check_runs(sha, query.get("check_name"))
    if query.get("app_id") not in {None, str(APP_ID)}:
        checks = []
    if query.get("status"):
        checks = [check for check in checks if check.status == query["status"]]
    if query.get("filter", "latest") != "all":
        latest: dict[str, CheckRun] = {}
        for check in checks:
            latest.setdefault(check.name, check)
        checks = list(latest.values())
    return page(request, [github.representation.check_run(check) for check in checks], key="check_runs")


def get_check_run(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a check run."""
    return JSONResponse(github.representation.check_run(github.check_run(request.number("id"))))


def create_check_run(github: GitHubServer, request: ApiRequest) -> Response:
    """Add a check run to a commit."""
    name, sha = request.body.get("name"), request.body.get("head_sha")
    if not isinstance(name, str) or not name or not isinstance(sha, str) or not sha:
        _fail('"name" and "head_sha" weren\'t supplied.')
    if sha not in {commit.sha for commit in github.commits()}:
        _fail(f"No commit found for SHA: {sha}")
    queued = CheckRun(
        id=0,
        name=name,
        head_sha=sha,
        status="queued",
        conclusion=None,
        title="",
        summary="",
        text="",
        actions=(),
        external_id="",
        details_url="",
        started_at=model.now(),
        completed_at=None,
    )
    check = replace(_updated(queued, request.body), id=github.number("check"))
    return JSONResponse(github.representation.check_run(github.put_check_run(check)), 201)


def update_check_run(github: GitHubServer, request: ApiRequest) -> Response:
    """Change the parts of a check run that the body names."""
    check = _updated(github.check_run(request.number("id")), request.body)
    return JSONResponse(github.representation.check_run(github.put_check_run(check)))


def _updated(check: CheckRun, body: JsonObject) -> CheckRun:
    status = _choice("status", body.get("status", check.status), _STATUSES)
    conclusion = body.get("conclusion", check.conclusion)
    completed_at = check.completed_at
    if conclusion is not None and ("conclusion" in body or status == "completed"):
        conclusion = _choice("conclusion", conclusion, _CONCLUSIONS)
        status = "completed"
        completed_at = _time(body, "completed_at") or check.completed_at or model.now()
    elif status == "completed":
        _fail('"conclusion" is required when status is "completed".')
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
        summary=_text(output, "summary", check.summary, _OUTPUT_LENGTH),
        text=_text(output, "text", check.text, _OUTPUT_LENGTH),
        annotations=check.annotations + _annotations(output),
        actions=_actions(body["actions"]) if "actions" in body else check.actions,
    )


def _output(body: JsonObject) -> JsonObject:
    output = body.get("output", {})
    if not isinstance(output, dict):
        _fail('"output" is not an object.')
    if output and not ("title" in output and "summary" in output):
        _fail('"title", "summary" weren\'t supplied.')
    return output


def _annotations(output: JsonObject) -> int:
    annotations = output.get("annotations", [])
    if not isinstance(annotations, list):
        _fail('"annotations" is not an array.')
    _check_count(annotations, _ANNOTATIONS)
    return len(annotations)


def _actions(value: object) -> tuple[CheckAction, ...]:
    if not isinstance(value, list):
        _fail('"actions" is not an array.')
    _check_count(value, _ACTIONS)
    return tuple(_action(item) for item in value)


def _action(value: object) -> CheckAction:
    if not isinstance(value, dict):
        _fail("An action is not an object.")
    return CheckAction(
        label=_required(value, "label", _LABEL_LENGTH),
        description=_required(value, "description", _DESCRIPTION_LENGTH),
        identifier=_required(value, "identifier", _IDENTIFIER_LENGTH),
    )


def _check_count(items: list[object], most: int) -> None:
    if len(items) > most:
        _fail(f"No more than {most} items are allowed; {len(items)} were supplied.")


def _required(fields: JsonObject, name: str, longest: int) -> str:
    text = _text(fields, name, "", longest)
    if not text:
        _fail(f'"{name}" wasn\'t supplied.')
    return text


def _text(fields: JsonObject, name: str, default: str, longest: int) -> str:
    value = fields.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        _fail(f'For "{name}", {value!r} is not a string.')
    if len(value) > longest:
        _fail(f'For "{name}", only {longest} characters are allowed; {len(value)} were supplied.')
    return value


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        _fail(f'For "{name}", {value!r} is not one of: {", ".join(allowed)}.')
    return str(value)


def _time(body: JsonObject, name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        _fail(f'For "{name}", {value!r} is not a date-time.')


def _fail(detail: str) -> NoReturn:
    errors.fail(422, f"Invalid request.\n\n{detail}")
