"""Arrays that go to disk and back: safetensors files with a JSON card and checksums, free of pickle."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from robustag.checksums import seal, unseal, verify
from robustag.errors import InputError
from robustag.failures import refusing_damage
from robustag.files import written_whole

_MEND = "delete it and run again"


def write_arrays(
    path: str | Path,
    arrays: Mapping[str, ArrayLike],
    card: Any = None,
    parts: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write arrays and a JSON-ready card as one file, whole or not at all.

    Parameters
    ----------
    arrays : mapping of str to array
        NumPy's, or tensors on the CPU.
    parts : mapping of str to array, optional
        What gets a checksum each, if not the arrays: parts that will be read alone.
    """
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    metadata = seal(card, ordered if parts is None else parts)
    with written_whole(path) as temporary:
        save_file(ordered, temporary, metadata=metadata)


@contextmanager
def opened(path: str | Path, framework: str, what: str, mend: str = _MEND) -> Iterator[Any]:
    """An open file of arrays, memory-mapped.

    Parameters
    ----------
    framework : str
        Whose arrays it gives, "np" or "pt".
    what, mend : str
        What is wrong with a file that cannot be read, such as "is damaged or no model", and what to do.

    Raises
    ------
    InputError
        If the file cannot be read, or what is done with it raises DamageError.
    """
    with refusing_damage(path, what, mend, SafetensorError), safe_open(path, framework=framework) as file:
        yield file


def read_arrays(path: str | Path, framework: str, what: str, mend: str = _MEND) -> tuple[dict[str, Any], Any]:
    """All arrays of a file, compared with their checksums, and its card; parameters as `opened`.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind.
    """
    with opened(path, framework, what, mend) as file:
        card, sums = unseal(file.metadata())
        arrays = {name: file.get_tensor(name) for name in sums}
        verify(((name, np.asarray(array)) for name, array in arrays.items()), sums)
    return arrays, card


@dataclass(frozen=True)
class StoredArrays:
    """Base of frozen dataclasses of arrays; stored as one file, an array per field.

    A field whose metadata say ``stored=False`` stays out. One whose metadata say ``named=True`` is a mapping
    of names to arrays, each of which is stored.
    """

    called: ClassVar[str]
    """What a message calls such a file."""

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the fields that are stored as one array."""
        return [
            field.name
            for field in fields(cls)
            if field.metadata.get("stored", True) and not field.metadata.get("named", False)
        ]

    @classmethod
    def mappings(cls) -> list[str]:
        """Names of the fields that are stored as an array each of their entries."""
        return [field.name for field in fields(cls) if field.metadata.get("named", False)]

    def save(self, path: str | Path) -> None:
        """Write as safetensors."""
        arrays = {name: getattr(self, name) for name in self.columns()}
        for mapping in self.mappings():
            arrays |= {f"{mapping} {name}": array for name, array in getattr(self, mapping).items()}
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged or something else.
        """
        what = f"is no {cls.called}"
        arrays, _ = read_arrays(path, "np", what)
        found = {name: array for name, array in arrays.items() if " " not in name}
        named: dict[str, dict[str, np.ndarray]] = {mapping: {} for mapping in cls.mappings()}
        for key in arrays.keys() - found.keys():
            mapping, _, name = key.partition(" ")
            named.setdefault(mapping, {})[name] = arrays[key]
        if found.keys() != set(cls.columns()) or named.keys() != set(cls.mappings()):
            raise InputError(f"{path} {what} (it holds {', '.join(sorted(arrays))}): {_MEND}")
        return cls(**found, **named)
