"""A rule's script as a command: what Snakemake would give it comes from the command line and from the record
of a job.

The options are read from the script itself: `snakemake.input.model` is ``--input-model``.
"""

import argparse
import ast
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from robustag.errors import InputError
from robustag.workflow.records import read_job, record_of

#: The parts of Snakemake's object that hold names, with the word of their options.
PARTS = {
    "input": "input",
    "output": "output",
    "params": "param",
    "wildcards": "wildcard",
    "resources": "resource",
}
#: Where the record of a job has them.
RECORDED = {part: {"input": "inputs", "output": "outputs"}.get(part, part) for part in PARTS}


@dataclass(frozen=True)
class Interface:
    """What a script takes and makes, as its source says.

    Attributes
    ----------
    purpose : str
        Its docstring.
    names : mapping
        For each of `PARTS` the names that it asks for, in their order.
    open : set of str
        Parts from which it takes more, by names that its source does not say.
    """

    purpose: str
    names: Mapping[str, tuple[str, ...]]
    open: frozenset[str]


class Named(list):
    """Values by place and by name, as Snakemake has them.

    Parameters
    ----------
    values : mapping
        By name.
    flat : bool
        Whether a list has as many places as it has values, as in inputs and outputs, or one.
    """

    def __init__(self, values: Mapping[str, Any], flat: bool = False) -> None:
        for value in values.values():
            self.extend(value if flat and isinstance(value, list) else [value])
        vars(self).update(values)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in vars(self):
            raise InputError(f"missing: {key}; give it by an option of that name, as --help says")
        return vars(self)[key]

    def get(self, name: str) -> Any:
        """The value of a name; None without one."""
        return vars(self).get(name)

    def items(self) -> Any:
        """Names and values."""
        return vars(self).items()


class _OneFile(list):
    """A list of one file that may stand for the file itself: nobody said which of the two is asked for."""

    def __fspath__(self) -> str:
        return self[0]

    __str__ = __fspath__


def by_hand(script: str | Path, arguments: Sequence[str]) -> SimpleNamespace:
    """What Snakemake would give a script, from the arguments of a command.

    If a job is named that ran elsewhere, the current folder becomes the one where it ran, from which its
    record names files; the files of the arguments are those of the current folder before.

    Raises
    ------
    InputError
        If something is missing, an input is not there, or an output or the record of a run is there already
        and nobody said ``--force``.
    SystemExit
        After ``--help``, or if an argument is none.
    """
    script, home = Path(script), Path.cwd()
    interface = interface_of(script)
    options = vars(command_line(script, interface, arguments).parse_args(arguments))
    job = _recorded(script, options["job"]) if options["job"] else {}
    given = _given(options, home)
    recorded = {part: dict(job.get(RECORDED[part], {})) for part in PARTS}
    # What the script does not read says nothing of this run, such as the fingerprint of older code.
    for name in recorded["params"].keys() - set(interface.names["params"]):
        del recorded["params"][name]
    into = options["into"] and _from(home, options["into"])
    if into:
        recorded["output"] = {
            name: [_below(into, path) for path in value] if isinstance(value, list) else _below(into, value)
            for name, value in recorded["output"].items()
        }
    for part in ("input", "output"):
        for name, paths in given[part].items():
            given[part][name] = _like(recorded[part].get(name), paths)
    values = {part: recorded[part] | given[part] for part in PARTS}
    _check_names(interface, values)
    inputs, outputs = (Named(values[part], flat=True) for part in ("input", "output"))
    if options["log"]:
        log = _from(home, options["log"])
    elif job and not given["output"]:
        log = _below(into, job["log"]) if into else job["log"]
    else:
        log = f"{[*Named(given['output'], flat=True), script.stem][0]}.log"
    # A log without a record beside it is that of a run that failed.
    _check_files(inputs, [*outputs, str(record_of(Path(log)))], options["force"])
    for path in outputs:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        rule=job.get("rule", script.stem),
        command=shlex.join(["python", str(script), *arguments]),
        input=inputs,
        output=outputs,
        **{part: Named(values[part]) for part in ("params", "wildcards", "resources")},
        threads=options["threads"] or job.get("threads", 1),
        log=[log],
    )


def interface_of(script: str | Path) -> Interface:
    """Read from a script's source what it takes from `snakemake`, also under other names for its parts."""
    tree = ast.parse(Path(script).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    aliases = {
        target.id: (part, value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target, value in _assigned(node)
        if isinstance(target, ast.Name) and (part := _part(value))
    }

    def part_of(node: ast.expr) -> str | None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in aliases:
            return aliases[node.id][0]
        return _part(node)

    uses = {id(node): part for node in nodes if (part := part_of(node))}
    understood = {id(value) for _, value in aliases.values()}
    names: dict[str, dict[str, None]] = {part: {} for part in PARTS}
    for node in nodes:
        inner = id(getattr(node, "value", None))
        name = _name(node)
        if inner in uses and name is not None:
            names[uses[inner]][name] = None
            understood.add(inner)
    return Interface(
        purpose=ast.get_docstring(tree) or "",
        names={part: tuple(found) for part, found in names.items()},
        open=frozenset(part for node, part in uses.items() if node not in understood),
    )


def command_line(
    script: Path, interface: Interface, arguments: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """The parser of a script's arguments: an option for each name that it asks for, and some for all.

    Of an open part, options are also those that the arguments give.
    """
    parser = argparse.ArgumentParser(
        prog=f"python scripts/{script.name}",
        usage=f"python scripts/{script.name} [--job FILE] [OPTION VALUE]...",
        description=interface.purpose,
        epilog=f"Without --job, an option is needed for each name.{_more(interface)}",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--job", metavar="FILE", help="take everything from the job that made this file of a finished study"
    )
    parser.add_argument(
        "--into", metavar="FOLDER", help="write that job's outputs and log below this folder instead"
    )
    parser.add_argument("--force", action="store_true", help="replace outputs and records that exist")
    parser.add_argument("--threads", type=int, metavar="N", help="(default: as the job, or 1)")
    parser.add_argument(
        "--log",
        metavar="PATH",
        help="with the record of the run beside it (default: by the first output)",
    )
    for part, word in PARTS.items():
        more = (re.match(rf"--{word}-(\w+)", text) for text in arguments) if part in interface.open else ()
        for name in dict.fromkeys([*interface.names[part], *(found[1] for found in more if found)]):
            _add(parser, part, name)
    return parser


def _more(interface: Interface) -> str:
    more = " or ".join(f"--{PARTS[part]}-NAME" for part in PARTS if part in interface.open)
    return f" The settings may ask for further names, given as {more}." if more else ""


def _add(parser: argparse.ArgumentParser, part: str, name: str) -> None:
    option = f"{PARTS[part]}-{name}"
    if part in ("input", "output"):
        parser.add_argument(f"--{option}", dest=option, nargs="*", metavar="PATH")
    elif part == "wildcards":
        parser.add_argument(f"--{option}", dest=option, metavar="VALUE")
    else:
        parser.add_argument(f"--{option}", dest=option, type=_yaml, metavar="YAML")


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no YAML: {' '.join(str(error).split())}") from None


def _recorded(script: Path, made: str) -> dict:
    """The record of the job of a script that made a file; the current folder becomes the one where it ran."""
    root, job = read_job(made)
    if job["script"] != script.name:
        raise InputError(f"scripts/{job['script']} made {made}: run that one, or name a file of this one")
    if root != Path.cwd():
        os.chdir(root)
    return job


def _given(options: Mapping[str, Any], home: Path) -> dict[str, dict[str, Any]]:
    """Values of the options of a name, by part and name."""
    part_of = {word: part for part, word in PARTS.items()}
    given: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for option, value in options.items():
        word, _, name = option.partition("-")
        if name and value is not None:
            part = part_of[word]
            files = part in ("input", "output")
            given[part][name] = [_from(home, path) for path in value] if files else value
    return given


def _from(home: Path, path: str) -> str:
    """A path that was given in a folder, from the current one; as it was given where that is the same."""
    return path if Path.cwd() == home else str(home / path)


def _part(node: ast.expr) -> str | None:
    """The part of Snakemake's object that an expression is."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "snakemake":
        return node.attr if node.attr in PARTS else None
    return None


def _name(node: ast.expr) -> str | None:
    """The name that an expression asks something for, if its source says it."""
    if isinstance(node, ast.Attribute):
        return None if node.attr in ("get", "items", "keys", "values") else node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else None
    return None


def _assigned(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Single targets of an assignment and what they are set to, as far as it is written out."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        elif isinstance(target, ast.Name):
            yield target, node.value


def _like(recorded: str | list[str] | None, paths: list[str]) -> str | list[str]:
    """Files of an option, in the form that the script expects: a single one may be a list."""
    if len(paths) != 1 or isinstance(recorded, list):
        return paths
    return _OneFile(paths) if recorded is None else paths[0]


def _below(folder: str, path: str) -> str:
    """The same path in another folder."""
    return str(Path(folder) / Path(path).relative_to(Path(path).anchor))


def _check_names(interface: Interface, values: Mapping[str, Mapping]) -> None:
    missing = [
        f"--{PARTS[part]}-{name}"
        for part, names in interface.names.items()
        for name in names
        if name not in values[part]
    ]
    if not values["output"] and not interface.names["output"]:
        missing.append("--output-NAME for each output")
    if missing:
        raise InputError(f"missing: {', '.join(missing)}; give them, or --job FILE with a file of such a job")


def _check_files(inputs: Sequence[str], made: Sequence[str], force: bool) -> None:
    absent = [path for path in inputs if not Path(path).exists()]
    if absent:
        raise InputError(f"no such input: {_some(absent)}; make it again, or name another with --input-NAME")
    there = [path for path in made if Path(path).exists()]
    if there and not force:
        raise InputError(
            f"already there: {_some(there)}; write elsewhere with --into FOLDER or --output-NAME, "
            "or replace with --force"
        )


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(map(str, paths[:3])) + more
