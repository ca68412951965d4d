"""Another mixture of jets: flavours and transverse momenta in other proportions, every jet as it is."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from robustag.classes import CLASSES
from robustag.draws import Draws

if TYPE_CHECKING:
    from robustag.tensors.loading import JetTensors

# Beyond this range [GeV] the spectrum keeps its shape: single hard jets would decide about all others.
_PT_RANGE = (20.0, 200.0)


def compose(definition: dict, jets: "JetTensors", seed: int) -> Tensor:
    """Rows of the jets that stay when each is kept with a chance in proportion to its weight, int64 [M].

    Parameters
    ----------
    definition : dict
        ``factors``: weight by flavour, 1 where it names none; ``pt_power``: the weight goes as pT to this
        power, between 20 and 200 GeV; 0 leaves the spectrum alone.
    jets : JetTensors
    seed : int
        Of the choice.
    """
    factors = torch.tensor(
        [definition["factors"].get(name, 1.0) for name in CLASSES], device=jets.label.device
    )
    weight = factors[jets.label] * jets.pt.clamp(*_PT_RANGE) ** definition["pt_power"]
    chance = Draws(seed, jets.key).uniform(1)[:, 0]
    return (chance < weight / weight.max()).nonzero()[:, 0]
