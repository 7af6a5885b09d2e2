"""The living card of a case, and its parts where they are shown elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.analysis.case_profile import CaseProfile
from bot.analysis.failures import fingerprint
from bot.analysis.impact import Impact
from bot.analysis.model import Status
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import block_kit, ids, mrkdwn
from bot.slack.block_kit import Block, Element, Json, Message, Metadata
from bot.slack.ids import Action, InRepository
from bot.slack.views import card_state, case_list, impact, phrase


def card(
    profile: CaseProfile,
    quarantine: Quarantine | None,
    now: datetime,
    owners: Sequence[str] = (),
    week: Impact | None = None,
) -> Message:
    """Render the living card: always the latest state of the case and of its quarantine.

    `owners` own it, `week` is what it cost in the last seven days.
    """
    story = card_state.describe(profile, quarantine, now)
    title = f"{story.dot} {phrase.case(profile)} {story.title} in {phrase.repository(profile.repository)}"
    blocks: list[Block] = [block_kit.section(title, block_id=ids.card_block(profile.case_id, "title"))]
    if story.decision:
        blocks.append(block_kit.section(story.decision, block_id=ids.card_block(profile.case_id, "decision")))
    if quarantine is not None and quarantine.state is State.PROPOSED:
        blocks.append(_proposal_fields(profile, quarantine, owners))
        blocks.append(block_kit.section(mrkdwn.quote(quarantine.reason)))
    if quarantine is None or quarantine.state is State.SUSPENDED:
        blocks += evidence(profile, owners, week)
    blocks.append(
        block_kit.actions(*buttons(profile, quarantine), block_id=ids.card_block(profile.case_id, ids.CARD_ACTIONS))
    )
    blocks.append(_footer(profile, quarantine))
    payload: dict[str, Json] = {
        "case_id": int(profile.case_id),
        "repository_id": int(profile.repository_id),
        "state": (quarantine.state if quarantine else profile.status).value,
    }
    return Message(story.sentence, tuple(blocks), Metadata(ids.CARD_EVENT, payload))


def buttons(profile: CaseProfile, quarantine: Quarantine | None) -> tuple[Element, ...]:
    """Return the buttons for the state a case and its quarantine are in, and the menu of everything else."""
    case, spoken = str(profile.case_id), profile.title
    details = block_kit.button("Details", Action.DETAILS, case, says=f"Details of {spoken}")
    rest = (*_rerun(profile), details, case_list.menu(profile, quarantine))
    if quarantine is not None and quarantine.state.is_open:
        return (*_open_buttons(quarantine, spoken), *rest)
    if profile.status is not Status.FLAKY:
        return rest
    ended = quarantine is not None
    again = "Quarantine again…" if ended else "Quarantine…"
    propose = block_kit.button(
        again, Action.QUARANTINE_OPEN, case, says=f"Quarantine {spoken}", style=None if ended else "primary"
    )
    not_flaky = block_kit.button("Not flaky…", Action.LABEL_OPEN, case, says=f"Say that this is not flaky: {spoken}")
    return (propose, not_flaky, *rest)


def _rerun(profile: CaseProfile) -> tuple[Element, ...]:
    failure = profile.last_failure
    if failure is None or failure.red_run is None or profile.status is not Status.FLAKY:
        return ()
    ask = block_kit.confirm("Run the failed jobs again?", "It costs their minutes once more.", yes="Re-run")
    value, says = (
        InRepository(failure.red_run, profile.repository_id).encode(),
        f"Run the failed jobs of run {failure.run_number} again",
    )
    return (block_kit.button("Re-run failed", Action.RERUN_FAILED, value, says=says, ask=ask),)


def lift_question(profile: CaseProfile, quarantine: Quarantine) -> Message:
    """Show how a case is quarantined or proposed, and the buttons that end that."""
    until = f" until {phrase.day(quarantine.expires_at)}" if quarantine.expires_at else ""
    state = f"{phrase.case(profile)} is {quarantine.state} in {phrase.repository(profile.repository)}{until}."
    buttons = block_kit.actions(*_open_buttons(quarantine, profile.title))
    return block_kit.message(f"{state}\nDo you want to end that?", buttons)


def unfurl(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> tuple[Block, ...]:
    """Render a case in short, as it is shown under a shared link; nothing of it can be pressed."""
    story = card_state.describe(profile, quarantine, now)
    title = f"{story.dot} {phrase.case(profile)} {story.title} in {phrase.repository(profile.repository)}"
    return (block_kit.section(f"{title}\n{story.sentence}"), block_kit.context(mrkdwn.code(profile.uid, 60)))


def _open_buttons(quarantine: Quarantine, spoken: str) -> tuple[Element, ...]:
    value = str(quarantine.id)
    counts = "The test fails builds again from now on."
    if quarantine.state is State.PROPOSED:
        ask = block_kit.confirm("Withdraw the proposal?", "Only who proposed it can take it back.", yes="Withdraw")
        return (
            block_kit.button(
                "Approve", Action.APPROVE, value, says=f"Approve the quarantine of {spoken}", style="primary"
            ),
            block_kit.button("Reject…", Action.REJECT_OPEN, value, says=f"Reject the quarantine of {spoken}"),
            block_kit.button("Withdraw", Action.WITHDRAW, value, says=f"Withdraw the proposal for {spoken}", ask=ask),
        )
    if quarantine.state is State.SUSPENDED:
        ask = block_kit.confirm("Lift the quarantine?", counts, yes="Lift")
        return (
            block_kit.button(
                "Lift", Action.LIFT, value, says=f"Lift the quarantine of {spoken}", style="primary", ask=ask
            ),
            block_kit.button("Resume…", Action.RESUME_OPEN, value, says=f"Resume the quarantine of {spoken}"),
        )
    ask = block_kit.confirm("Undo the quarantine?", counts, yes="Undo")
    return (
        block_kit.button("Undo", Action.LIFT, value, says=f"Undo the quarantine of {spoken}", ask=ask),
        block_kit.button("Extend…", Action.EXTEND_OPEN, value, says=f"Extend the quarantine of {spoken}"),
    )


def evidence(profile: CaseProfile, owners: Sequence[str] = (), week: Impact | None = None) -> list[Block]:
    """Return the numbers of the worst variant, its cost and owners if it has any, and what the last failure said."""
    blocks: list[Block] = []
    if (worst := profile.worst) is not None and worst.failures:
        blocks.append(
            block_kit.fields(
                ("Failure rate", phrase.rate(worst)),
                ("Likely between", phrase.interval(worst)),
                ("Confidence", phrase.confidence(worst)),
                ("Variants", phrase.variants(profile)),
                *((("Cost in 7 days", impact.in_short(week)),) if week else ()),
                *((("Owner", phrase.owner_list(owners)),) if owners else ()),
            )
        )
    if (failure := profile.last_failure) is not None and profile.status is not Status.HEALTHY:
        blocks.append(block_kit.section(mrkdwn.code_block(fingerprint.excerpt(failure.message, failure.text))))
        if cause := phrase.cause(failure):
            blocks.append(block_kit.context(cause))
    return blocks


def _proposal_fields(profile: CaseProfile, quarantine: Quarantine, owners: Sequence[str]) -> Block:
    return block_kit.fields(
        ("For", phrase.count(quarantine.days, "day")),
        ("Scope", phrase.scope(quarantine)),
        ("Evidence", phrase.rate(profile.worst) if profile.worst else "none yet"),
        ("Owner", phrase.owner_list(owners) if owners else phrase.owner(quarantine.owner)),
    )


def _footer(profile: CaseProfile, quarantine: Quarantine | None) -> Block:
    parts = []
    if (failure := profile.last_failure) is not None:
        run = mrkdwn.link(failure.run_url, f"run #{failure.run_number}")
        parts.append(f"last failed in {run} at {mrkdwn.code(failure.sha[:7], 20)}")
    if quarantine is not None and profile.worst is not None:
        parts.append(f"fails {phrase.rate(profile.worst)}")
    parts.append(f"first seen {phrase.when(profile.first_seen_at)}")
    if profile.muted_until is not None:
        parts.append(f"\N{SPEAKER WITH CANCELLATION STROKE} muted until {phrase.when(profile.muted_until)}")
    return block_kit.context(" · ".join(parts), mrkdwn.code(profile.uid, 60))
