from __future__ import annotations

from pathlib import Path

from tests import loc

SOURCE = '''"""What the module is for."""

# A comment.
LIMIT = 3  # with a remark


class Counter:
    """What it is.

    In several lines.
    """

    text = """a string

    of three lines"""

    def add(self) -> int:
        """Add one."""
        return (
            1

            + LIMIT
        )
'''


def test_code_counts_without_blank_lines_comments_and_docstrings() -> None:
    code = ["LIMIT", "class", 'text = """', "", 'of three lines"""', "def add", "return (", "1", "+ LIMIT", ")"]
    assert loc.count(SOURCE) == len(code)


def test_a_module_of_comments_has_no_code() -> None:
    assert loc.count("# nothing\n\n") == 0


def test_packages_are_counted_without_the_sandbox(tmp_path: Path) -> None:
    for name in ("app.py", "store/run.py", "store/scores/score.py", "sandbox/server.py"):
        path = tmp_path / "bot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("LIMIT = 3\n", encoding="utf-8")
    assert loc.count_packages(tmp_path) == {"bot": (1, 1), "store": (2, 2)}
