"""What a person fills into a modal, read and checked."""

from __future__ import annotations

import pytest

from bot.analysis.quarantine.lifecycle import RejectReason, Scope
from bot.errors import InvalidInputError
from bot.slack import form as forms
from bot.slack.form_metadata import CaseMetadata
from tests.unit.slack_examples import FLAKY


def _values(**given_answers: str | None) -> dict[str, object]:
    def element(block: str, text: str | None) -> dict[str, object]:
        if block in {"until", "scope"}:
            return {"type": "static_select", "selected_option": {"value": text}}
        return {"type": "x", "selected_user" if block == "owner" else "value": text}

    return {block: {"v": element(block, text)} for block, text in given_answers.items()}


def test_a_filled_in_proposal_is_read() -> None:
    form = forms.QuarantineForm.decode(_values(until="30", scope="variant", owner="U0BEN", why=" slow network "))
    assert form == forms.QuarantineForm(30, Scope.VARIANT, "U0BEN", "slow network")


def test_a_proposal_without_an_owner_is_read() -> None:
    assert forms.QuarantineForm.decode(_values(until="7", scope="case", owner=None, why="x")).owner is None


def test_the_faults_of_a_proposal_are_named_by_input() -> None:
    with pytest.raises(forms.FormError) as caught:
        forms.QuarantineForm.decode(_values(until="91", scope="all", why="   "))
    assert set(caught.value.errors) == {"until", "scope", "why"}


def test_a_reason_that_is_too_long_is_refused() -> None:
    with pytest.raises(forms.FormError, match="500"):
        forms.decode_reason(_values(why="x" * 501))


def test_a_rejection_keeps_its_reason_and_comment() -> None:
    values = {"why": {"v": {"selected_option": {"value": "infra"}}}, "comment": {"v": {"value": "DNS"}}}
    form = forms.RejectForm.decode(values)
    assert (form.reason, form.text) == (RejectReason.INFRA, "infra: DNS")


def test_a_rejection_needs_a_reason() -> None:
    with pytest.raises(forms.FormError):
        forms.RejectForm.decode({"why": {"v": {"selected_option": None}}})


def test_a_target_survives_the_way_through_slack() -> None:
    target = CaseMetadata.of(FLAKY, channel="C1")
    assert CaseMetadata.decode(target.encode()) == target
    assert (target.variant, target.fingerprint_id) == ("ci.yml linux", 31)


def test_a_target_that_is_not_ours_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        CaseMetadata.decode("{}")


@pytest.mark.parametrize(
    ("typed", "owner"),
    [
        ("<!subteam^S0PAY|@pay>", "S0PAY"),
        ("S0PAY", "S0PAY"),
        ("@acme/payments", "@acme/payments"),
        ("<!here>", "<!here>"),
    ],
)
def test_a_user_group_is_written_by_its_id_or_as_slack_mentions_it(typed: str, owner: str) -> None:
    assert forms.decode_owner(_values(team=typed)) == owner
