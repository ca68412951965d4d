"""A jet as an unordered set of elements (tracks): a small transformer with a bias from pairs of them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.errors import InputError
from robustag.features.blocks import Block
from robustag.models.inputs import Inputs
from robustag.options import Count, Names
from robustag.tensors.normalisation import Normalisation

# Differences of two elements below this, in units of the variable's spread, count as none.
_SOFTENING = 0.1
# Added to the attention's logit for an absent element: its share underflows to exactly zero, unless there is
# nothing else to see.
_HIDDEN = -10_000.0


def set_transformer(
    inputs: Inputs, classes: int, *, width: Count, heads: Count, layers: Count, pairs: Names
) -> nn.Module:
    """Attention among the elements of a jet, read out by a token made of the jet's own variables.

    After the Particle Transformer (arXiv:2202.03772): the logits of the attention get a bias for each pair
    of elements of one block, such as two tracks, from how far apart the two are in some variables. The order
    of the elements does not matter.

    Parameters
    ----------
    inputs : Inputs
        Must know its blocks and its scaling.
    classes : int
        Number of flavours.
    width : int
        Of the vector that stands for an element; a multiple of `heads`.
    heads, layers : int
        Of the attention.
    pairs : list of str
        Variables whose differences make the bias, in the blocks that have them all.

    Raises
    ------
    InputError
        If the inputs do not know their blocks, no block has these variables, or a number does not fit.
    """
    blocks = inputs.element_blocks("set_transformer")
    if not any({variable.name for variable in block.variables} >= set(pairs) for block in blocks):
        known = "; or of ".join(f"{b.name}: {', '.join(v.name for v in b.variables)}" for b in blocks)
        every = {variable.name for block in blocks for variable in block.variables}
        unknown = [name for name in pairs if name not in every]
        lack = f"no variable '{unknown[0]}' of tracks" if unknown else f"no block with all of {pairs}"
        raise InputError(f"network 'set_transformer' finds {lack}: use those of {known}")
    if not pairs or min(width, heads, layers) < 1 or width % heads:
        raise InputError(
            f"network 'set_transformer' has width {width}, heads {heads}, layers {layers}, pairs {pairs}: "
            "give positive numbers, a width that is a multiple of heads, and at least one variable"
        )
    return SetTransformer(inputs, blocks, classes, width, heads, layers, pairs)


class SetTransformer(nn.Module):
    """See `set_transformer`.

    Every input is scaled on its own, the same variable of two elements differently. Here all elements of a
    variable get a common scale first, so that a track means the same in whichever place it comes.

    An entry that equals its scaled missing value is missing: one value stands for it in all elements, and it
    has no gradient. An element of missing entries is absent, and nothing attends to it. No attack moves a
    missing entry; whatever else does makes it, and its element, turn up with the value it was moved to.
    """

    def __init__(
        self,
        inputs: Inputs,
        blocks: Sequence[Block],
        classes: int,
        width: int,
        heads: int,
        layers: int,
        pairs: list[str],
    ) -> None:
        super().__init__()
        table, scaling = inputs.known("network 'set_transformer' works on tracks")
        self.jet = [(b.first, b.first + b.size) for b in table.blocks if b.count is None]
        each = [_Elements(scaling, block, pairs) for block in blocks]
        self.blocks = nn.ModuleList(each)
        self.embed_jet = nn.Linear(len(table.jet_columns), width)
        for elements in each:
            elements.embed = nn.Linear(elements.variables, width)
        self.embed_pair = nn.Sequential(
            nn.Linear(len(pairs), 2 * heads), nn.ReLU(), nn.Linear(2 * heads, heads)
        )
        self.layers = nn.ModuleList(_Attention(width, heads) for _ in range(layers))
        self.readout = _Attention(width, heads)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, classes] of scaled inputs x [N, F]."""
        # n: jet, t and s: elements of all blocks, h: head.
        tokens, present, apart = zip(*(elements(x) for elements in self.blocks), strict=True)
        elements = torch.cat(tokens, dim=1)
        hidden = (~torch.cat(present, dim=1))[:, None, :, None] * _HIDDEN
        bias = hidden + self._bias(apart)
        for layer in self.layers:
            elements = layer(elements, elements, bias)
        jet = self.embed_jet(torch.cat([x[:, None, first:end] for first, end in self.jet], dim=2))
        # The jet sees itself too, so that one without elements sees something.
        jet = self.readout(jet, torch.cat((jet, elements), dim=1), functional.pad(hidden, (0, 0, 1, 0)))
        return self.head(jet[:, 0])

    def _bias(self, apart: Sequence[Tensor | int]) -> Tensor:
        """Bias [N, t, s, h] of the attention; none between elements of two blocks.

        apart: of each block how far two elements are apart, [N, t, s, v], or their number.
        """
        total = sum(part if isinstance(part, int) else part.shape[1] for part in apart)
        rows, before = [], 0
        for part in apart:
            if isinstance(part, int):
                before += part
                continue
            within = self.embed_pair(part)
            after = total - before - part.shape[1]
            rows.append(functional.pad(within, (0, 0, before, after, before, after)))
            before += part.shape[1]
        return sum(rows[1:], rows[0])


class _Elements(nn.Module):
    """The elements of one block: embedded tokens, which of them exist, and how far apart they are."""

    missing: Tensor
    gain: Tensor
    offset: Tensor
    stand_in: Tensor
    embed: nn.Linear

    def __init__(self, scaling: Normalisation, block: Block, pairs: list[str]) -> None:
        super().__init__()
        names = [variable.name for variable in block.variables]
        self.variables, self.count = block.columns.shape
        self.pairs = [names.index(name) for name in pairs] if set(pairs) <= set(names) else []
        self.first, self.end = block.first, block.first + block.size
        for name, buffer in zip(
            ("missing", "gain", "offset", "stand_in"), _common_scale(scaling, block), strict=True
        ):
            self.register_buffer(name, buffer)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor | int]:
        """Tokens [N, t, width], existence [N, t], and differences [N, t, s, v] or the number of elements."""
        # v: variable, t and s: elements.
        columns = x[:, self.first : self.end].unflatten(1, (self.variables, self.count))
        exists = columns != self.missing
        variables = (columns * self.gain + self.offset).where(exists, self.stand_in).transpose(1, 2)
        apart = self._apart(variables[:, :, self.pairs]) if self.pairs else self.count
        return self.embed(variables), exists.any(dim=1), apart

    def _apart(self, chosen: Tensor) -> Tensor:
        """Logarithm of the differences of some variables [N, t, v] of two elements, [N, t, s, v]."""
        difference = chosen[:, :, None] - chosen[:, None]
        # Smooth where two elements agree, as two tracks of one vertex do in its mass.
        return (difference.square() + _SOFTENING**2).log()


class _Attention(nn.Module):
    """Attention and two dense layers, each added to what came in, which is normalised first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.mix = nn.Linear(width, width)
        self.before_dense = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor, seen: Tensor, bias: Tensor) -> Tensor:
        """`tokens` [N, t, width] after they looked at `seen` [N, s, width]; bias: [N, 1 or t, s, 1 or h].

        Products and sums instead of matrix products, which are slow for matrices as small as a jet; and no
        fused kernel, which has no second derivative.
        """
        query = self.query(self.before_attention(tokens))[:, :, None]
        key, value = self.key_value(self.before_attention(seen))[:, None].chunk(2, dim=3)
        logits = (query * key).unflatten(3, (self.heads, -1)).sum(dim=4)
        share = (logits * (self.heads / key.shape[3]) ** 0.5 + bias).softmax(dim=2)
        looked = (share[..., None] * value.unflatten(3, (self.heads, -1))).sum(dim=2).flatten(2)
        tokens = tokens + self.mix(looked)
        return tokens + self.dense(self.before_dense(tokens))


def _common_scale(scaling: Normalisation, block: Block) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scaled missing values, gain and offset of each element's own scale in a common one, [V, T], and what
    stands for missing entries there, [V, 1].
    """
    mean, sigma, missing, scaled_missing = (
        column[block.columns]
        for column in (scaling.mean, scaling.sigma, scaling.missing, scaling.scale(scaling.missing))
    )
    centre = mean.mean(axis=1, keepdims=True)
    spread = (sigma**2).mean(axis=1, keepdims=True) ** 0.5
    stand_in = (missing.mean(axis=1, keepdims=True) - centre) / spread
    return (
        _tensor(scaled_missing),
        _tensor(sigma / spread),
        _tensor((mean - centre) / spread),
        _tensor(stand_in),
    )


def _tensor(column: np.ndarray) -> Tensor:
    return torch.from_numpy(column).float()
