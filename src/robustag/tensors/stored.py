"""Dataclasses of arrays that go to disk and back."""

from pathlib import Path
from typing import ClassVar, Self

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from robustag.errors import InputError
from robustag.files import written_whole


class StoredArrays:
    """Base of frozen dataclasses whose fields are all arrays; stored as safetensors, a tensor a field."""

    called: ClassVar[str]
    """What a message calls such a file."""

    def save(self, path: str | Path) -> None:
        """Write as safetensors."""
        with written_whole(path) as temporary:
            save_file(vars(self), temporary)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged or something else.
        """
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise InputError(f"{path} is no {cls.called} ({error}): delete it and run again") from error
