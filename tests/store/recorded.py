"""A history that is recorded once: any number of tests go on from it, each in its own copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.store import embedded
from bot.store.database import Database
from tests.conftest import clone, database_name
from tests.store.run_recorder import RunRecorder


@dataclass(frozen=True)
class Recorded:
    """What was recorded, by the name of the database to clone."""

    server: embedded.Server
    template: str
    recorder: RunRecorder

    @contextmanager
    def copy(self) -> Iterator[RunRecorder]:
        """A copy of it to go on from."""
        with clone(self.server, self.template) as url:
            db = Database(url, pool_size=4)
            yield self.recorder.in_database(db)
            db.close()


@contextmanager
def recording(server: embedded.Server, template: str, tell: Callable[[RunRecorder], None]) -> Iterator[Recorded]:
    """Record what is told of a repository."""
    with clone(server, template) as url:
        db = Database(url, pool_size=4)
        recorder = RunRecorder(db)
        tell(recorder)
        db.close()
        yield Recorded(server, database_name(url), recorder)
