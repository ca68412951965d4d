"""Dataclasses of arrays that go to disk and back."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from robustag.checksums import seal, unseal, verify
from robustag.errors import DamageError
from robustag.failures import refusing_damage
from robustag.files import written_whole


@dataclass(frozen=True)
class StoredArrays:
    """Base of frozen dataclasses of arrays; stored as safetensors, a tensor per field.

    A field whose metadata say ``stored=False`` stays out.
    """

    called: ClassVar[str]
    """What a message calls such a file."""

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the fields that are stored."""
        return [field.name for field in fields(cls) if field.metadata.get("stored", True)]

    def save(self, path: str | Path) -> None:
        """Write as safetensors."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in self.columns()}
        with written_whole(path) as temporary:
            save_file(arrays, temporary, metadata=seal(None, arrays))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged or something else.
        """
        with refusing_damage(path, f"is no {cls.called}", "delete it and run again", SafetensorError):
            with safe_open(path, framework="np") as file:
                _, sums = unseal(file.metadata())
                arrays = {name: file.get_tensor(name) for name in sums}
            verify(arrays.items(), sums)
            if arrays.keys() != set(cls.columns()):
                raise DamageError(f"it holds {', '.join(sorted(arrays))}")
        return cls(**arrays)
