"""What a configuration may say of a network, read from the network's source: no torch before a job starts."""

import ast
from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "models" / "networks"


def network_source(name: str) -> Path:
    """The module in which a network is defined."""
    return _FOLDER / f"{name}.py"


def network_faults(network: dict) -> Iterator[str]:
    """What is wrong with the network of a model: it does not exist, or its builder takes other options.

    Parameters
    ----------
    network : dict
        ``name`` of a module of `robustag.models.networks`, and the options of its builder.
    """
    name = network["name"]
    source = f"src/robustag/models/networks/{name}.py"
    known = sorted(file.stem for file in _FOLDER.glob("[a-z]*.py"))
    if name not in known:
        yield f"there is no network '{name}': use {', '.join(known)}, or add {source}"
        return
    tree = ast.parse(network_source(name).read_text(encoding="utf-8"))
    builders = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not builders:
        yield f"{source} defines no function '{name}': give its builder the module's name"
        return
    arguments = builders[0].args
    options = [argument.arg for argument in arguments.kwonlyargs]
    for key in network.keys() - {"name", *options}:
        yield f"network '{name}' takes no '{key}': its options are {', '.join(options) or 'none'}"
    for option, default in zip(options, arguments.kw_defaults, strict=True):
        if default is None and option not in network:
            yield f"network '{name}' lacks its option '{option}': add it"
