"""Histories made otherwise than the labelled ones: evidence that the filter was not fitted to one simulator.

Time is continuous here: flakes burst in hours, outages last for a while and hit whatever runs meanwhile, commits and
re-runs interleave, variants run different cases, reports may leave passing cases out. Nothing is tuned on them.
"""

from __future__ import annotations

import bisect
import heapq
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.analysis.runs.recorded_history import Entry, History
from bot.analysis.scoring import Execution

START = datetime(2026, 2, 2, tzinfo=UTC)
ATTEMPTS = 3
FEW = 200
"""Repositories with fewer cases have suites of twelve."""
STICKY = 0.4
"""Chance that an in-run retry fails again whatever the case is."""
FLAKY = ("flaky_iid", "flaky_bursty", "flaky_order", "flaky_new", "flaky_night")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The shape of a repository; rates are per hour, chances 0 to 1."""

    name: str
    cases: int = 400
    days: int = 40
    main_per_day: float = 8
    pulls_per_day: float = 5
    variants: tuple[str, ...] = ("linux",)
    rerun: float = 0.3
    retries: int = 0
    outages_per_day: float = 0.15
    outage_hours: float = 2.0
    outage_kinds: tuple[str, ...] = ("run", "suite", "part")
    base_known: bool = True
    failures_only: bool = False
    skipped: float = 0.0
    subset: float = 1.0
    late: float = 0.02


WORLDS = (
    World(name="plain"),
    World(name="retries", retries=2, rerun=0.1),
    World(name="variants", cases=250, variants=("linux", "mac", "windows"), base_known=False, skipped=0.05),
    World(name="monorepo", cases=1500, days=15, main_per_day=3, pulls_per_day=3, subset=0.4),
    World(name="rough", outages_per_day=0.8, outage_hours=4, rerun=0.5, base_known=False),
    World(name="failures only", failures_only=True, outages_per_day=0.3, rerun=0.4),
    World(name="long", cases=120, days=150, main_per_day=6, pulls_per_day=4, rerun=0.15),
    World(name="seldom", cases=200, days=60, main_per_day=1, pulls_per_day=0.5, rerun=0.6, late=0.1),
)


@dataclass(slots=True)
class Case:
    """One case as it really is; `bad` are the main commits (from, until) at which it is broken."""

    kind: str
    suite: int
    rate: float = 0.0
    start: float = 0.0
    end: float = 1e9
    bursts: list[tuple[float, float]] = field(default_factory=list)
    bad: list[tuple[int, int]] = field(default_factory=list)
    pulls: set[str] = field(default_factory=set)
    failed_for_its_own: bool = False


@dataclass(frozen=True, slots=True)
class Weather:
    """What befalls all cases: outages (from, until, kind, share of the cases, suite), and the order of each day."""

    outages: list[tuple[float, float, str, float, int]]
    order: dict[int, float]


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One attempt of a run, at a time in hours."""

    time: float
    run: int
    branch: str
    sha: str
    base_sha: str | None
    position: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Labelled:
    """A history with the kind of each (case, variant), and whether it ever failed for its own reason."""

    world: World
    history: History
    kinds: list[str]
    detectable: list[bool]


def make(world: World, seed: int) -> Labelled:
    """A history of a world; the same seed makes the same one."""
    draw = random.Random(f"{world.name}/{seed}")  # noqa: S311  # a simulation
    hours = world.days * 24.0
    commits = sorted(draw.uniform(0, hours) for _ in range(round(world.days * world.main_per_day)))
    pulls = sorted(draw.uniform(0, hours) for _ in range(round(world.days * world.pulls_per_day)))
    cases = [_case(world, number, draw, hours, (len(commits), len(pulls))) for number in range(world.cases)]
    weather = Weather(
        _outages(world, draw, hours, max(case.suite for case in cases) + 1),
        {day: draw.random() for day in range(world.days + 30)},
    )
    queue = _schedule(world, draw, commits, pulls)
    entries: list[Entry] = []
    while queue:
        moment = heapq.heappop(queue)
        red = False
        for variant in world.variants:
            entry, failed = _execute(world, cases, moment, variant, weather, draw)
            red = red or failed
            if len(entry.execution.case_ids):
                entries.append(entry)
        if red and moment.attempt < ATTEMPTS and draw.random() < world.rerun:
            later = moment.time + draw.choice([0.2, 0.5, 3, 20])
            heapq.heappush(queue, replace(moment, time=later, attempt=moment.attempt + 1))
    keys = len(cases) * len(world.variants)
    history = History([f"case {number}" for number in range(len(cases))], entries, keys, 0)
    return Labelled(world, history, [case.kind for case in cases], [case.failed_for_its_own for case in cases])


def _schedule(world: World, draw: random.Random, commits: list[float], pulls: list[float]) -> list[Moment]:
    queue: list[Moment] = []
    for position, time in enumerate(commits):
        late = draw.expovariate(1 / 12) if draw.random() < world.late else 0.2
        heapq.heappush(queue, Moment(time + late, len(queue), "main", f"m{position}", None, position))
    for position, time in enumerate(pulls):
        base = max(bisect.bisect(commits, time) - 1, 0)
        for push in range(draw.choice([1, 1, 2, 3])):
            at = time + push * draw.uniform(0.5, 9)
            heapq.heappush(queue, Moment(at, len(queue), f"pr-{position}", f"p{position}-{push}", f"m{base}", base))
    return queue


def _case(world: World, number: int, draw: random.Random, hours: float, sizes: tuple[int, int]) -> Case:
    commits, pulls = sizes
    case = Case("healthy", number * 20 // world.cases if world.cases > FEW else number // 12)
    chance = draw.random()
    if chance < 0.07:
        _make_flaky(case, draw, hours)
    elif chance < 0.085:
        case.kind, case.rate, case.end = "flaky_fixed", 10 ** draw.uniform(-1.7, -0.4), draw.uniform(0.3, 0.6) * hours
    elif chance < 0.12:
        case.kind = "broken_fixed"
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            first = draw.randrange(max(1, commits - 20))
            case.bad.append((first, first + draw.choice([1, 2, 4, 9])))
    elif chance < 0.135:
        first = commits - draw.choice([2, 4, 8, 15])
        case.kind, case.bad = "broken_now", [(max(first, 0), commits + 1)]
    elif chance < 0.17 and pulls:
        case.kind = "pr_only"
        case.pulls = {f"pr-{draw.randrange(pulls)}" for _ in range(draw.choice([1, 1, 2]))}
    return case


def _make_flaky(case: Case, draw: random.Random, hours: float) -> None:
    case.kind = draw.choice(FLAKY)
    case.rate = 10 ** draw.uniform(-2.7, -0.4)
    if case.kind == "flaky_new":
        case.start = draw.uniform(0.2, 0.8) * hours
    if case.kind in {"flaky_bursty", "flaky_order"}:
        case.rate = draw.uniform(0.2, 0.6) if case.kind == "flaky_bursty" else draw.uniform(0.1, 0.4)
        time = draw.expovariate(6 / hours)
        while time < hours:
            length = draw.uniform(3, 36)
            case.bursts.append((time, time + length))
            time += length + draw.expovariate(6 / hours)


def _outages(
    world: World, draw: random.Random, hours: float, suites: int
) -> list[tuple[float, float, str, float, int]]:
    found = []
    time = draw.expovariate(world.outages_per_day / 24)
    while time < hours:
        kind = draw.choice(world.outage_kinds)
        share = {"run": draw.uniform(0.5, 1), "suite": draw.uniform(0.7, 1), "part": draw.uniform(0.05, 0.4)}[kind]
        found.append((time, time + draw.expovariate(1 / world.outage_hours), kind, share, draw.randrange(suites)))
        time += draw.expovariate(world.outages_per_day / 24)
    return found


def _execute(
    world: World, cases: list[Case], moment: Moment, variant: str, weather: Weather, draw: random.Random
) -> tuple[Entry, bool]:
    ids = [case for case in range(len(cases)) if draw.random() < world.subset and draw.random() >= world.skipped]
    seen = {case: _fails(cases[case], moment, weather, draw) for case in ids}
    retries: dict[int, tuple[bool, ...]] = {}
    for case in (case for case in ids if seen[case] and world.retries):
        tries: list[bool] = []
        while len(tries) < world.retries and (not tries or tries[-1]):
            tries.append(_fails(cases[case], moment, weather, draw) or draw.random() < STICKY)
        retries[case] = tuple(tries)
    if world.failures_only:
        ids = [case for case in ids if seen[case]]
    execution = Execution(
        variant=variant,
        branch=moment.branch,
        on_default_branch=moment.branch == "main",
        sha=moment.sha,
        base_sha=moment.base_sha if world.base_known else None,
        event_kind="push" if moment.branch == "main" else "pull_request",
        started_at=START + timedelta(hours=moment.time),
        case_ids=np.array(ids, dtype=np.int32),
        suites=np.array([cases[case].suite for case in ids], dtype=np.int32),
        failed=np.array([seen[case] for case in ids], dtype=np.bool_),
        retries=retries,
    )
    return Entry(str(moment.run), str(moment.attempt), "test", execution), any(seen.values())


def _fails(case: Case, moment: Moment, weather: Weather, draw: random.Random) -> bool:
    own = _fails_by_itself(case, moment, weather, draw)
    case.failed_for_its_own = case.failed_for_its_own or own
    return own or any(
        start <= moment.time <= end and (kind != "suite" or suite == case.suite) and draw.random() < share
        for start, end, kind, share, suite in weather.outages
    )


def _fails_by_itself(case: Case, moment: Moment, weather: Weather, draw: random.Random) -> bool:
    time = moment.time
    found = False
    match case.kind:
        case "flaky_iid" | "flaky_new" | "flaky_fixed":
            found = case.start <= time <= case.end and draw.random() < case.rate
        case "flaky_bursty":
            found = any(start <= time <= end for start, end in case.bursts) and draw.random() < case.rate
        case "flaky_order":
            # The order of the cases is drawn again each day; in a bad one it fails all day.
            found = weather.order[int(time // 24)] * (997 + case.suite) % 1 < case.rate * 0.6
        case "flaky_night":
            found = time % 24 < 4 and draw.random() < min(1.0, case.rate * 5)
        case "broken_fixed" | "broken_now":
            found = any(first <= moment.position < until for first, until in case.bad)
        case "pr_only":
            found = moment.branch in case.pulls
        case _:
            pass
    return found
