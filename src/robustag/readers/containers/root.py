"""Columns of ROOT files: the branches of a TTree, the fields of an RNTuple."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import uproot

from robustag import ntuples
from robustag.errors import InputError

#: What experiments call their trees, the most usual first.
_USUAL = ("Events", "deepntuplizer/tree", "bTag_AntiKt4EMPFlowJets", "tree")


class Tree:
    """A `Container` of a TTree or an RNTuple."""

    def __init__(self, tree: Any, name: str, path: str | Path) -> None:
        self._tree, self._path = tree, path
        self.names: Sequence[str] = list(tree.keys(recursive=False))
        self.entries = int(tree.num_entries)
        self.kind = f"ROOT file, {'TTree' if isinstance(tree, uproot.TTree) else 'RNTuple'} {name}"

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Some branches of a range of entries."""
        with ntuples.reading(self._path):
            arrays = self._tree.arrays(
                list(names), entry_start=start, entry_stop=stop, ak_add_doc=False, how=dict
            )
        return {name: arrays[name] for name in names}


@contextmanager
def opened(path: str | Path, tree: str | None) -> Iterator[Tree]:
    """The tree of that name; without a name the only one, or the first that has a usual name."""
    with ntuples.opened(path) as file:
        with ntuples.reading(path):
            kinds = file.classnames(cycle=False)
        there = [name for name, kind in kinds.items() if kind in ("TTree", "ROOT::RNTuple")]
        usual = [name for name in _USUAL if name in there]
        name = tree or (there[0] if len(there) == 1 else next(iter(usual), None))
        if name is None or name not in there:
            which = f"has no tree '{name}'" if name else "has several trees"
            raise InputError(f"{path} {which}: say tree: {' or '.join(there) or '(there is none)'}")
        with ntuples.reading(path):
            found = Tree(file[name], name, path)
        yield found
