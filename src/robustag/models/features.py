"""What a network makes of its jets before its last layer, from outside."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from robustag.errors import InputError


@contextmanager
def last_features(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the features that the last layer of a model makes logits of, [N, W] for each pass within.

    The last layer is the linear one that was defined last, as in all networks here.

    Raises
    ------
    InputError
        If there is but one, whose features are the inputs.
    """
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    if len(linear) < 2:
        raise InputError("the network has no hidden layer whose features could be shown: use another one")
    shown: list[Tensor] = []
    hook = linear[-1].register_forward_pre_hook(lambda layer, given: shown.append(given[0]))
    try:
        yield shown
    finally:
        hook.remove()
