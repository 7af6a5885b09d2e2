"""The runner of a case, as outages of a runner are told: the shard of its artifact, and the host its suite names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST: Final = 256
"""One byte a case is kept; a variant that names more hosts than that, as one per container, tells no runners apart."""
_LENGTH: Final = 200


@lru_cache(1024)
def runner_name(shard: str, host: str) -> str:
    """What a runner is called, such as `shard 3`, `shard 3 on fv-az12`, or empty where nothing is said of it."""
    return " on ".join(part for part in (f"shard {shard}" if shard else "", host.strip()) if part)[:_LENGTH]


@dataclass(frozen=True, slots=True, eq=False)
class Runners:
    """The runner of each case of a variant, as places in `names`, which are two or more, ascending."""

    numbers: NDArray[np.int32]
    names: tuple[str, ...]

    def among(self, ran: NDArray[np.bool_]) -> Runners | None:
        """The runners of some of the cases, numbered anew; None where these had one runner."""
        used, numbers = np.unique(self.numbers[ran], return_inverse=True)
        if len(used) < 2:  # noqa: PLR2004  # one runner is the variant
            return None
        return Runners(numbers.astype(np.int32), tuple(self.names[position] for position in used.tolist()))


def number(named: Sequence[str]) -> Runners | None:
    """The runners of the cases of a variant by their names; None where there is one runner, or too many to tell."""
    names = tuple(sorted(set(named)))
    if not 2 <= len(names) <= MOST:  # noqa: PLR2004  # one runner is the variant
        return None
    positions = {name: position for position, name in enumerate(names)}
    return Runners(np.array([positions[name] for name in named], dtype=np.int32), names)
