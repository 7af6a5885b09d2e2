from __future__ import annotations

from bot.analysis.learning.learned_model import TrainingReport
from bot.slack.views import settings

TAUGHT = TrainingReport(
    labels=200, actors=4, held_back=60, filter_loss=0.6, model_loss=0.3, filter_precision=0.81, model_precision=0.92,
    is_used=True, reason="On the 60 latest verdicts the model was better than the judging alone.",
)  # fmt: skip
UNTAUGHT = TrainingReport(
    labels=1,
    actors=1,
    reason="1 of the 60 verdicts that are needed were given.",
)


def test_a_model_in_use_says_of_whom_it_learned_and_how_often_it_is_right() -> None:
    assert settings.learned(TAUGHT) == (
        "A model of 200 verdicts by 4 people orders what to fix first. "
        "On the 60 latest verdicts the model was better than the judging alone. "
        "Of what it called flaky then 92 % was; of what the judging called so, 81 %."
    )


def test_without_a_model_it_says_what_is_missing() -> None:
    assert settings.learned(UNTAUGHT) == (
        "The judging alone orders what to fix first. 1 of the 60 verdicts that are needed were given."
    )
