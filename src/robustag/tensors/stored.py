"""Dataclasses of arrays that go to disk and back."""

from dataclasses import fields
from pathlib import Path
from typing import ClassVar, Self

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from robustag.checksums import seal, unseal, verify
from robustag.errors import DamageError
from robustag.failures import refusing_damage
from robustag.files import written_whole


class StoredArrays:
    """Base of frozen dataclasses whose fields are all arrays; stored as safetensors, a tensor a field."""

    called: ClassVar[str]
    """What a message calls such a file."""

    def save(self, path: str | Path) -> None:
        """Write as safetensors."""
        with written_whole(path) as temporary:
            save_file(vars(self), temporary, metadata=seal(None, vars(self)))

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
            if arrays.keys() != {field.name for field in fields(cls)}:
                raise DamageError(f"it holds {', '.join(sorted(arrays))}")
        return cls(**arrays)
