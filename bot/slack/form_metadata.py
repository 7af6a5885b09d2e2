"""What a form carries in its `private_metadata`, encoded and decoded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import CaseId, QuarantineId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.errors import InvalidInputError
from bot.slack.ids import OUTDATED, CaseAction

_TOO_LARGE: Final = 2**63  # for a number of the database
_MAX_VARIANT: Final = 400  # what surely fits into private_metadata


@dataclass(frozen=True, slots=True)
class _FormMetadata:
    """What a form carries in its `private_metadata`."""

    @classmethod
    def decode(cls, private_metadata: str) -> Self:
        """Read `private_metadata`; raises InvalidInputError where it is not one of ours."""
        try:
            metadata = TypeAdapter(cls).validate_json(private_metadata, strict=True)
        except ValidationError:
            raise InvalidInputError(OUTDATED) from None
        if any(isinstance(value, int) and not 0 <= value < _TOO_LARGE for value in asdict(metadata).values()):
            raise InvalidInputError(OUTDATED)
        return metadata

    def encode(self) -> str:
        """The `private_metadata` of the form."""
        values = {name: value for name, value in asdict(self).items() if value not in {None, ""}}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMetadata(_FormMetadata):
    """The case or the quarantine a form is about: what the person saw, not what is true by now.

    `version` is the quarantine's at that moment; `channel` is where the form was asked for.
    """

    case_id: CaseId
    quarantine_id: QuarantineId | None = None
    version: int | None = None
    variant: str | None = None
    fingerprint_id: int | None = None
    channel: str = ""

    @classmethod
    def of(cls, profile: CaseProfile, *, channel: str = "") -> Self:
        """The target of a proposal, with the variant and the failure that may be its scope."""
        failure, worst = profile.last_failure, profile.worst
        variant = failure.variant if failure else worst.variant if worst else None
        if len(profile.variants) < 2 or (variant is not None and len(variant) > _MAX_VARIANT):  # noqa: PLR2004 - a choice needs two
            variant = None
        fingerprint_id = failure.fingerprint_id if failure else None
        return cls(case_id=profile.case_id, variant=variant, fingerprint_id=fingerprint_id, channel=channel)

    @classmethod
    def at(cls, quarantine: Quarantine) -> Self:
        """The target of a move of a quarantine, with the version that the person saw."""
        return cls(case_id=quarantine.case_id, quarantine_id=quarantine.id, version=quarantine.version)


@dataclass(frozen=True, slots=True)
class ChannelMetadata(_FormMetadata):
    """The channel a form is about; empty where it is about none."""

    channel: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceMetadata(_FormMetadata):
    """What is to be done with the test that is chosen in a form."""

    action: CaseAction
