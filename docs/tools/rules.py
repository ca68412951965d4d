"""The reference of the rules, from the docstrings and the directives of workflow/rules/*.smk."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

_RULE = re.compile(
    r"^( *)(?:use )?rule (?:\w+ as )?(?P<name>\w+)(?: with)?:\n(?P<body>(?:\1    .*\n|\n)+)", re.MULTILINE
)
_DIRECTIVE = re.compile(r"^(\w+):((?: .*)?\n(?:    .*\n|\n)*)", re.MULTILINE)
_INCLUDE = re.compile(r'^ *include: "rules/(\w+\.smk)"$', re.MULTILINE)
_FUNCTION = re.compile(r"^def .*?:\n    \"\"\".*?\"\"\"\n", re.MULTILINE | re.DOTALL)

_INTRODUCTION = """\
# The rules

Snakemake makes every file of a study by one of these rules, which stand in `workflow/rules/` in the order the
data flow. Each says what it takes and makes; `<results>` is `results/{study}`, names in braces are filled in
for every job. Functions are explained [at the end](#functions-of-the-rules). `snakemake -n -p` shows all that
a job would get.
"""


class Rule(NamedTuple):
    """What a rules file says of one rule."""

    name: str
    docstring: str
    directives: dict[str, str]


def page(workflow: Path) -> str:
    """The page as Markdown, with the rules files in the order in which the Snakefile includes them."""
    files = [
        workflow / "rules" / name for name in _INCLUDE.findall((workflow / "Snakefile").read_text("utf-8"))
    ]
    texts = {file.name: file.read_text("utf-8") for file in files}
    lines = [_INTRODUCTION]
    for name, text in texts.items():
        described = [*rules(text)]
        if described:
            lines += [f"## {name}\n", _head(text, name) + "\n"]
        for rule in described:
            lines += [f"### {rule.name}\n", rule.docstring + "\n", *_directives(rule)]
    lines.append("## Functions of the rules\n")
    for text in texts.values():
        lines += [_function(source) for source in _FUNCTION.findall(text)]
    return "\n".join(lines)


def rules(text: str) -> Iterator[Rule]:
    """The rules of one file; a rule without a docstring is an error."""
    for found in _RULE.finditer(text):
        name, body = found["name"], dedent(found["body"])
        docstring = re.match(r'"""(.*?)"""\n', body, re.DOTALL)
        if docstring is None:
            raise ValueError(f"rule {name} has no docstring")
        directives = {
            key: dedent(block).strip() for key, block in _DIRECTIVE.findall(body[docstring.end() :])
        }
        yield Rule(name, _prose(docstring[1]), directives)


def _head(text: str, name: str) -> str:
    head = ast.get_docstring(ast.parse(text[: text.index('"""', 3) + 3]))
    if head is None:
        raise ValueError(f"{name} does not begin with a docstring")
    return _prose(head)


def _directives(rule: Rule) -> Iterator[str]:
    """What a rule takes and makes, as it is written, and its script."""
    for key, title in (("input", "Takes"), ("output", "Makes")):
        if key in rule.directives:
            yield f"{title}\n\n```python\n{rule.directives[key]}\n```\n"
    if "script" in rule.directives:
        yield f"Runs `{rule.directives['script'].strip(chr(34)).removeprefix('../../')}`.\n"


def _function(source: str) -> str:
    """A function that rules call, as a definition with its docstring."""
    node = ast.parse(source).body[0]
    call = f"{node.name}({ast.unparse(node.args)})"
    return f"### `{call}`\n\n{_prose(ast.get_docstring(node))}\n"


def _prose(docstring: str) -> str:
    """A docstring as Markdown in which `<` and `*` mean themselves."""
    meant = {"<": "&lt;", "*": r"\*"}
    return re.sub(r"`[^`]*`|[<*]", lambda text: meant.get(text[0], text[0]), inspect.cleandoc(docstring))
