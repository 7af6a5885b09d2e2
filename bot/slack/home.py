"""App Home: what waits, what is quarantined, whether everything is connected."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.lifecycle import Quarantine
from bot.analysis.model import CaseProfile
from bot.slack import blockkit as kit
from bot.slack.messages import rate, short

_ROWS = 20


def view(
    waiting: Sequence[tuple[CaseProfile, Quarantine]],
    quarantined: Sequence[tuple[CaseProfile, Quarantine]],
    missing: Sequence[str],
) -> kit.Block:
    """The home of a person."""
    blocks: list[kit.Block] = [kit.header("FlakeGuard")]
    blocks.append(kit.section(f"*{len(waiting)} proposals wait for a decision*" if waiting else "*Nothing waits*"))
    blocks += [_row(profile, f"for {held.days} days") for profile, held in waiting[:_ROWS]]
    blocks += [kit.divider(), kit.section(f"*Quarantined* ({len(quarantined)})")]
    blocks += [
        _row(profile, f"until {held.expires_at:%d %b}" if held.expires_at else "")
        for profile, held in quarantined[:_ROWS]
    ]
    state = f"Not connected: {', '.join(missing)}" if missing else "Slack and GitHub are connected"
    blocks += [kit.divider(), kit.context(state)]
    return {"type": "home", "blocks": blocks}


def _row(profile: CaseProfile, when: str) -> kit.Block:
    return kit.section(
        f"*{kit.escape(short(profile.title))}* {when}\n{rate(profile)} · {kit.code(profile.repository)}",
        accessory=kit.button(
            "fg_details", "Details", str(profile.case_id), label=f"Details of {kit.plain(short(profile.title), 50)}"
        ),
    )
