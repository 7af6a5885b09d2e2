"""Measure every subject, or those that are named: `python -m tests.bench [SUBJECT…]`."""

from __future__ import annotations

import sys

from tests.bench import conversation, identity, judging, reader, scoring, webhook

SUBJECTS = {
    "conversation": conversation.main,
    "identity": identity.main,
    "judging": judging.main,
    "reader": reader.main,
    "scoring": scoring.main,
    "webhook": webhook.main,
}

if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(SUBJECTS)
    if unknown:
        sys.exit(f"No such subject: {', '.join(sorted(unknown))}. There are: {', '.join(SUBJECTS)}.")
    for subject in sys.argv[1:] or SUBJECTS:
        SUBJECTS[subject]()
