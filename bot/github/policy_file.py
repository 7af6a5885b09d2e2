"""`.flakeguard.yml`: from its YAML to the policy, and to the JSON that is stored."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from bot.analysis.quarantine import policy
from bot.analysis.quarantine.policy import Policy
from bot.errors import InvalidInputError

FILE: Final = ".flakeguard.yml"
BYTES: Final = 64 * 1024
DEPTH: Final = 20


def parse(data: bytes) -> Policy:
    """The policy of a file.

    Raises:
        InvalidInputError: not UTF-8, not YAML, too large, too deep, with aliases or a key twice, or not a policy.
    """
    return policy.decode(_load(data))


def to_json(data: bytes) -> str:
    """A file as the JSON document that `analysis.quarantine.policy.decode` reads.

    Raises:
        InvalidInputError: as for `parse`.
    """
    document = _load(data)
    policy.decode(document)
    return json.dumps(document)


def _load(data: bytes) -> object:
    if len(data) > BYTES:
        message = f"The policy may have at most {BYTES // 1024} kB."
        raise InvalidInputError(message)
    try:
        # A loader of ours, derived from the safe one.
        document: object = yaml.load(data.decode("utf-8-sig"), _Loader)  # noqa: S506
    except UnicodeDecodeError:
        message = "The policy is not UTF-8 text."
        raise InvalidInputError(message) from None
    except yaml.MarkedYAMLError as error:
        position = f"Line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        message = f"{position}{error.problem or 'this is not YAML'}."
        raise InvalidInputError(message) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        message = f"The policy is not YAML: {str(error).splitlines()[0][:200]}."
        raise InvalidInputError(message) from None
    return document


class _Loader(yaml.SafeLoader):
    """Safe loading, without aliases, deep nesting and keys given twice."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401  # PyYAML's own type
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            message = f"Line {line}: aliases are not allowed."
            raise InvalidInputError(message)
        if self.depth >= DEPTH:
            message = f"Line {line}: nested too deep."
            raise InvalidInputError(message)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value[:100]!r} is there twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)
