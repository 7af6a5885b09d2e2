"""Count the product's lines of code, per package: `python -m tests.loc [FOLDER]`.

A line counts if it holds a token other than a comment and is not part of a docstring. The sandbox is not counted: it
serves the demo and the tests.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

_SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def count(source: str) -> int:
    """The lines of code of a module, without blank lines, comments and docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - _docstring_lines(ast.parse(source)))


def count_packages(root: Path) -> dict[str, tuple[int, int]]:
    """Modules and lines of code of every package directly below `bot`; modules of `bot` itself are under "bot"."""
    modules: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in sorted((root / "bot").rglob("*.py")):
        package = path.relative_to(root / "bot").parts[0] if path.parent != root / "bot" else "bot"
        if package != "sandbox":
            modules[package] += 1
            lines[package] += count(path.read_text(encoding="utf-8"))
    return {package: (modules[package], lines[package]) for package in sorted(modules)}


def main() -> None:
    """Print modules and lines per package, and in total."""
    packages = count_packages(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    total = (sum(modules for modules, _ in packages.values()), sum(lines for _, lines in packages.values()))
    for package, (modules, lines) in [*packages.items(), ("total", total)]:
        sys.stdout.write(f"{package:<12}{modules:>5} modules{lines:>8,} lines\n")


def _docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            lines.update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return lines


if __name__ == "__main__":
    main()
