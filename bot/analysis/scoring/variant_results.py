"""The results of one variant of a run: what the filter takes, and the incidents in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from bot.analysis.identity import outage_group
from bot.analysis.identity.outage_group import Runners
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import CaseId, Outcome, VariantReport
from bot.analysis.run import StoredRun
from bot.analysis.scoring.execution import Execution, Observation


@dataclass(frozen=True, slots=True, eq=False)
class VariantResults:
    """Aligned arrays over the cases that ran, ascending by case.

    `suite_names` are the names behind the numbers of `suites`; `runners` is None if one ran all. `whole` says that
    the variant was read completely: otherwise only its failures count.
    """

    variant: str
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]]
    suite_names: tuple[str, ...] = ()
    whole: bool = True
    runners: Runners | None = None

    @property
    def evidence(self) -> NDArray[np.int32]:
        """The cases whose results count."""
        return self.case_ids if self.whole else self.case_ids[self.failed]

    def execution(self, run: StoredRun) -> Execution:
        """The variant as the filter takes it, as part of a run."""
        return Execution(
            variant=self.variant,
            branch=run.head_branch,
            on_default_branch=run.on_default_branch,
            sha=run.head_sha,
            base_sha=run.base_sha,
            event_kind=run.event_kind,
            started_at=run.started_at,
            case_ids=self.case_ids,
            suites=self.suites,
            failed=self.failed,
            retries=self.retries,
            runners=None if self.runners is None else self.runners.numbers,
            counted=None if self.whole else self.failed,
        )

    def incidents(self, run: StoredRun, observation: Observation) -> list[Incident]:
        """The incidents in the variant, as part of a run, by what the filter observed."""
        groups: list[tuple[Kind, str, NDArray[np.bool_]]] = []
        if observation.is_incident:
            groups.append((Kind.RUN, "", self.failed))
        groups += [
            (Kind.SUITE, self.suite_names[number], self.failed[self.suites == number])
            for number in sorted(observation.outage.suites)
        ]
        if self.runners is not None:
            groups += [
                (Kind.RUNNER, self.runners.names[number], self.failed[self.runners.numbers == number])
                for number in sorted(observation.outage.runners)
            ]
        return [
            Incident(
                repository_id=run.repository_id,
                kind=kind,
                started_at=run.started_at,
                run_id=run.id,
                variant=self.variant,
                suite=name,
                failed=int(failed.sum()),
                ran=len(failed),
            )
            for kind, name, failed in groups
        ]


def of_report(
    variant: VariantReport, ids: Mapping[bytes, CaseId], suites: Mapping[CaseId, str] | None = None
) -> VariantResults:
    """The results in a report; `ids` has the number of every case by the key of its identity.

    `suites` has those of cases that the report may list under a former name.
    """
    former = suites or {}
    cases = sorted(((ids[case.identity.key], case) for case in variant.cases), key=lambda pair: pair[0])
    has_run = np.array([case.results[0].outcome is not Outcome.SKIPPED for _, case in cases], dtype=np.bool_)
    ran = list(compress(cases, has_run))
    runners = outage_group.number_runners([case.runner for _, case in cases])
    suite_of = [
        former.get(case_id) or outage_group.suite(case.identity.file, case.identity.class_name, case.identity.suite)
        for case_id, case in ran
    ]
    numbers = {name: number for number, name in enumerate(sorted(set(suite_of)))}
    return VariantResults(
        variant=variant.variant,
        case_ids=np.array([case_id for case_id, _ in ran], dtype=np.int32),
        suites=np.array([numbers[name] for name in suite_of], dtype=np.int32),
        failed=np.array([case.results[0].outcome.is_failure for _, case in ran], dtype=np.bool_),
        retries={
            case_id: tuple(
                result.outcome.is_failure for result in case.results[1:] if result.outcome is not Outcome.SKIPPED
            )
            for case_id, case in ran
            if len(case.results) > 1
        },
        suite_names=tuple(numbers),
        whole=variant.complete,
        runners=None if runners is None else runners.among(has_run),
    )
