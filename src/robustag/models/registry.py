"""From the definition of a network to the network."""

from importlib import import_module
from pkgutil import iter_modules

import torch
from torch import nn

from robustag.models.inputs import Inputs
from robustag.registry import choose, options_in, with_options

# By its name: what a training needs of it is one module, whose fingerprint the rule carries.
_NETWORKS = "robustag.models.networks"


def build_model(network: dict, inputs: Inputs | int, classes: int = 3, *, seed: int) -> nn.Module:
    """Freshly initialised network on the CPU, which maps scaled inputs float32 [N, F] to logits [N, classes].

    Parameters
    ----------
    network : dict
        ``name`` of a module of `robustag.models.networks`, and the options of its builder.
    inputs : Inputs or int
        What the network is told of its inputs; their number is enough for those that treat all alike.
    classes : int
        Number of flavours.
    seed : int
        Of the initial weights; torch's own random state is left as it was.

    Raises
    ------
    InputError
        If the network or one of its options is unknown, or if it must know more of its inputs.
    """
    there = {module.name: module.name for module in iter_modules(import_module(_NETWORKS).__path__)}
    name = choose(there, network.get("name", ""), "network")
    builder = getattr(import_module(f"{_NETWORKS}.{name}"), name)
    build = with_options(builder, options_in(network), "network", "inputs", "classes")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build(Inputs(inputs) if isinstance(inputs, int) else inputs, classes)
