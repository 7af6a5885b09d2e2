"""The groups of cases that an outage takes down together: a suite, and the runner that ran them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_RUNNERS: Final = 256
"""A runner is stored as one byte per case; a variant with more hosts, such as one per container, has no runners."""
_NAME_LENGTH: Final = 200


def suite(file: str, class_name: str, suite_name: str) -> str:
    """The directory of a case's file; without a file its class, else the innermost suite of the report."""
    return file.rpartition("/")[0] if file else class_name or suite_name


@lru_cache(1024)
def runner(shard: str, host: str) -> str:
    """A runner's name, such as `shard 3` or `shard 3 on fv-az12`; empty if neither is known."""
    return " on ".join(part for part in (f"shard {shard}" if shard else "", host.strip()) if part)[:_NAME_LENGTH]


@dataclass(frozen=True, slots=True, eq=False)
class Runners:
    """The runner of each case of a variant, as positions in `names`, which are two or more, ascending."""

    numbers: NDArray[np.int32]
    names: tuple[str, ...]

    def among(self, ran: NDArray[np.bool_]) -> Runners | None:
        """The runners of some of the cases, renumbered; None if they had one runner."""
        used, numbers = np.unique(self.numbers[ran], return_inverse=True)
        if len(used) < 2:  # noqa: PLR2004  # one runner is the variant
            return None
        return Runners(numbers.astype(np.int32), tuple(self.names[position] for position in used.tolist()))


def number_runners(of_cases: Sequence[str]) -> Runners | None:
    """The runners of the cases of a variant by their names; None if there is one runner, or over `MAX_RUNNERS`."""
    names = tuple(sorted(set(of_cases)))
    if not 2 <= len(names) <= MAX_RUNNERS:  # noqa: PLR2004  # one runner is the variant
        return None
    positions = {name: position for position, name in enumerate(names)}
    return Runners(np.array([positions[name] for name in of_cases], dtype=np.int32), names)
