from __future__ import annotations

import importlib.util
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.learning import feature, learned_model, training
from bot.analysis.learning.feature import CaseFigures
from bot.analysis.learning.label import Label, LabelSource, LabelVerdict
from bot.analysis.learning.training import Example
from bot.analysis.model import Actor, ActorKind, CaseId, RepositoryId, Status

START = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = ("ana", "ben", "cem", "dia")
needs_scikit_learn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn is an optional extra: pip install '.[learn]'"
)


def _facts(dice: random.Random, *, flaky: bool) -> CaseFigures:
    """Cases of a team whose flakes time out and pass on a retry; the filter is not sure about them."""
    return CaseFigures(
        p_flaky=min(0.97, max(0.3, dice.gauss(0.75 if flaky else 0.65, 0.15))),
        p_broken=0.05,
        rate=0.05,
        runs=200,
        failures=6,
        mixed_commits=dice.randint(0, 3),
        categories={"async wait": 4, "assertion": 1} if dice.random() < (0.85 if flaky else 0.15) else {"assertion": 5},
        kinds=1,
        recent_failures=5,
        on_default_branch=2,
        branches=3,
        retried=4,
        retries_passed=4 if dice.random() < (0.9 if flaky else 0.3) else 0,
        failed_duration=30.0 if flaky else 1.0,
        usual_duration=1.0,
        age=40.0,
        since_failure=1.0,
    )


def _examples(number: int, seed: int, *, actors: tuple[str, ...] = PEOPLE, informative: bool = True) -> list[Example]:
    dice = random.Random(seed)  # noqa: S311  # a simulation
    examples = []
    for index in range(number):
        truth = dice.random() < 0.5
        facts = _facts(dice, flaky=truth if informative else dice.random() < 0.5)
        examples.append(
            Example(
                feature.extract(facts),
                truth,
                facts.p_flaky,
                actors[index % len(actors)],
                START + timedelta(hours=index),
            )
        )
    return examples


def _label(number: int, case: int, actor: str, verdict: LabelVerdict, **changes: object) -> Label:
    label = Label(
        id=number,
        repository_id=RepositoryId(1),
        case_id=CaseId(case),
        verdict=verdict,
        source=LabelSource.CARD,
        actor=Actor(ActorKind.SLACK, actor, actor),
        status=Status.FLAKY,
        p_flaky=0.9,
        head_sha=None,
        features=(0.0,) * len(feature.NAMES),
        features_version=feature.VERSION,
        created_at=START + timedelta(minutes=number),
    )
    return replace(label, **changes)  # type: ignore[arg-type]  # what a test changes is its own business


@given(
    st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6), st.integers(0, 10**6),
    st.none() | st.floats(0, 10**6), st.floats(-10, 10**5),
)  # fmt: skip
def test_features_are_finite_whatever_is_known(
    p_flaky: float, p_broken: float, rate: float, runs: int, failures: int, duration: float | None, age: float
) -> None:
    facts = CaseFigures(
        p_flaky=p_flaky, p_broken=p_broken, rate=rate, runs=runs, failures=failures, mixed_commits=0,
        failed_duration=duration, usual_duration=0.0, age=age,
    )  # fmt: skip
    vector = feature.extract(facts)
    assert len(vector) == len(feature.NAMES)
    assert all(isfinite(value) for value in vector)


@needs_scikit_learn
def test_a_model_that_knows_more_than_the_filter_is_used_and_says_by_how_much() -> None:
    model, report = training.train(_examples(200, 1))
    assert model is not None
    assert report.is_used
    assert (report.labels, report.actors, report.held_back) == (200, 4, 60)
    assert report.model_loss is not None
    assert report.filter_loss is not None
    assert report.model_loss < report.filter_loss
    assert report.model_precision is not None
    assert report.model_precision > 0.8
    dice = random.Random(9)  # noqa: S311  # a simulation
    right = [
        (model.predict(feature.extract(_facts(dice, flaky=truth))) > 0.5) is truth for truth in (True, False) * 100
    ]
    assert sum(right) > 180


@needs_scikit_learn
@pytest.mark.parametrize("seed", range(6))
def test_a_model_of_nothing_but_noise_is_not_used_where_the_filter_was_right(seed: int) -> None:
    noise = [
        replace(example, p_flaky=0.95 if example.is_flaky else 0.1)
        for example in _examples(200, seed, informative=False)
    ]
    model, report = training.train(noise)
    assert model is None
    assert "not better" in report.reason
    assert report.filter_precision == 1.0


@needs_scikit_learn
def test_the_order_in_which_labels_are_given_and_a_second_run_change_nothing() -> None:
    labels = [
        _label(number, number, PEOPLE[number % 4], LabelVerdict.FLAKY if example.is_flaky else LabelVerdict.BUG,
               features=example.vector, p_flaky=example.p_flaky)
        for number, example in enumerate(_examples(120, 3))
    ]  # fmt: skip
    first = training.train(training.examples(labels))
    assert first == training.train(training.examples(reversed(labels)))
    assert first[1].labels == 120


@needs_scikit_learn
def test_one_person_who_lies_a_hundred_times_does_not_turn_the_model() -> None:
    honest = _examples(90, 4)
    lies = [replace(one, is_flaky=not one.is_flaky, actor="eve") for one in _examples(300, 5)]
    given = sorted([*honest, *lies], key=lambda one: one.given_at)
    # A filter that calls everything flaky is one that the model of such a crowd is still better than.
    model, _ = training.train([replace(one, p_flaky=0.97) for one in given])
    assert model is not None
    right = [(model.predict(one.vector) > 0.5) is one.is_flaky for one in _examples(100, 6)]
    assert sum(right) > 75


@needs_scikit_learn
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (_examples(40, 1), "40 of the 60 verdicts"),
        (_examples(200, 1, actors=("ana", "ben")), "2 people"),
        ([replace(one, is_flaky=True) for one in _examples(100, 1)], "100 verdicts say flaky and 0 say not"),
    ],
)
def test_too_few_verdicts_people_or_kinds_of_verdict_leave_the_filter_alone(given: list[Example], reason: str) -> None:
    model, report = training.train(given)
    assert model is None
    assert not report.is_used
    assert reason in report.reason


def test_the_last_word_of_a_person_on_a_case_is_learned_and_wishes_are_not() -> None:
    labels = [
        _label(1, 7, "ana", LabelVerdict.FLAKY),
        _label(2, 7, "ana", LabelVerdict.BUG),
        _label(3, 7, "ben", LabelVerdict.FLAKY),
        _label(4, 8, "ben", LabelVerdict.NEVER),
        _label(5, 9, "ben", LabelVerdict.FLAKY, features=None),
        _label(6, 9, "cem", LabelVerdict.FLAKY, features_version=feature.VERSION - 1),
    ]
    examples = training.examples(labels)
    assert [(one.actor, one.is_flaky) for one in examples] == [("slack:ana", False), ("slack:ben", True)]


@given(st.lists(st.integers(1, 1000), min_size=3, max_size=12))
def test_nobody_weighs_more_than_their_share(counts: list[int]) -> None:
    most = training.cap(counts, training.MAX_SHARE)
    capped = [min(count, most) for count in counts]
    assert max(capped) <= training.MAX_SHARE * sum(capped) * (1 + 1e-9)
    if max(counts) <= training.MAX_SHARE * sum(counts):
        assert capped == counts


@needs_scikit_learn
def test_a_model_survives_its_storage_as_json_and_one_of_other_features_is_not_read() -> None:
    model, report = training.train(_examples(200, 1))
    document = json.loads(json.dumps(learned_model.to_document(model, report)))
    assert learned_model.read_model(document) == model
    assert learned_model.read_report(document, START) == replace(report, trained_at=START)
    document["model"]["features_version"] = feature.VERSION + 1
    assert learned_model.read_model(document) is None
