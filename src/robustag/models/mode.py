"""Training or evaluation mode of a model, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put a model into training or evaluation mode; afterwards every submodule has the mode that it had.

    `nn.Module.train` gives one mode to all submodules, so it cannot put back a model of which a part, such as
    a frozen batch normalisation, is in another mode than the rest.
    """
    modes = {module: module.training for module in model.modules()}
    if set(modes.values()) == {training}:
        yield
        return
    try:
        model.train(training)
        yield
    finally:
        # What a model does when it is told its mode, beyond keeping it, is undone by telling it again.
        model.train(modes[model])
        for module, mode in modes.items():
            module.training = mode
