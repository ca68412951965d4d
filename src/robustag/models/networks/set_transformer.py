"""A jet as an unordered set of tracks: a small transformer with a bias from pairs of tracks."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustag.errors import InputError
from robustag.models.inputs import Inputs

# Differences of two tracks below this, in units of the variable's spread, count as none.
_SOFTENING = 0.1
# Added to the attention's logit for an absent track: its share underflows to exactly zero, unless there is
# nothing else to see.
_HIDDEN = -10_000.0


def set_transformer(
    inputs: Inputs, classes: int, *, width: int, heads: int, layers: int, pairs: list[str]
) -> nn.Module:
    """Attention among the tracks of a jet, read out by a token made of the jet's own variables.

    After the Particle Transformer (arXiv:2202.03772): the logits of the attention get a bias for each pair
    of tracks, from how far apart the two are in some variables. The order of the tracks does not matter.

    Parameters
    ----------
    inputs : Inputs
        Must know its tracks and its scaling.
    classes : int
        Number of flavours.
    width : int
        Of the vector that stands for a track; a multiple of `heads`.
    heads, layers : int
        Of the attention.
    pairs : list of str
        Track variables whose differences make the bias.

    Raises
    ------
    InputError
        If the inputs do not know their tracks, a variable is unknown, or a number does not fit.
    """
    inputs.check_tracks("set_transformer")
    if unknown := [name for name in pairs if name not in inputs.track_variables]:
        known = ", ".join(inputs.track_variables)
        raise InputError(f"network 'set_transformer' has no track variable '{unknown[0]}': use {known}")
    if not pairs or min(width, heads, layers) < 1 or width % heads:
        raise InputError(
            f"network 'set_transformer' has width {width}, heads {heads}, layers {layers}, pairs {pairs}: "
            "give positive numbers, a width that is a multiple of heads, and at least one variable"
        )
    return SetTransformer(inputs, classes, width, heads, layers, pairs)


class SetTransformer(nn.Module):
    """See `set_transformer`.

    Every input is scaled on its own, the same variable of two tracks differently. Here all tracks of a
    variable get a common scale first, so that a track means the same in whichever place it comes.

    An entry that equals its scaled missing value is missing: one value stands for it in all tracks, and it
    has no gradient. A track of missing entries is absent, and nothing attends to it. No attack moves a
    missing entry; whatever else does makes it, and its track, turn up with the value it was moved to.
    """

    def __init__(
        self, inputs: Inputs, classes: int, width: int, heads: int, layers: int, pairs: list[str]
    ) -> None:
        super().__init__()
        self.jet, self.tracks = len(inputs.jet_variables), inputs.tracks
        self.pairs = [inputs.track_variables.index(name) for name in pairs]
        for name, buffer in zip(
            ("missing", "gain", "offset", "stand_in"), _common_scale(inputs), strict=True
        ):
            self.register_buffer(name, buffer)
        self.embed_jet = nn.Linear(self.jet, width)
        self.embed_track = nn.Linear(len(inputs.track_variables), width)
        self.embed_pair = nn.Sequential(
            nn.Linear(len(pairs), 2 * heads), nn.ReLU(), nn.Linear(2 * heads, heads)
        )
        self.layers = nn.ModuleList(_Attention(width, heads) for _ in range(layers))
        self.readout = _Attention(width, heads)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, classes] of scaled inputs x [N, F]."""
        # n: jet, v: track variable, t and s: tracks, h: head.
        columns = x[:, self.jet :].unflatten(1, (-1, self.tracks))
        exists = columns != self.missing
        variables = (columns * self.gain + self.offset).where(exists, self.stand_in).transpose(1, 2)
        present = exists.any(dim=1)
        hidden = (~present)[:, None, :, None] * _HIDDEN
        bias = hidden + self._apart(variables[:, :, self.pairs])
        tracks = self.embed_track(variables)
        for layer in self.layers:
            tracks = layer(tracks, tracks, bias)
        jet = self.embed_jet(x[:, None, : self.jet])
        # The jet sees itself too, so that one without tracks sees something.
        jet = self.readout(jet, torch.cat((jet, tracks), dim=1), functional.pad(hidden, (0, 0, 1, 0)))
        return self.head(jet[:, 0])

    def _apart(self, chosen: Tensor) -> Tensor:
        """Bias [N, t, s, h] of the attention, from differences of some variables [N, t, v] of two tracks."""
        difference = chosen[:, :, None] - chosen[:, None]
        # Smooth where two tracks agree, as two of one vertex do in its mass.
        return self.embed_pair((difference.square() + _SOFTENING**2).log())


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


def _common_scale(inputs: Inputs) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scaled missing values, gain and offset of each track's own scale in a common one, [V, T], and what
    stands for missing entries there, [V, 1].
    """
    scaling, jet = inputs.normalisation, len(inputs.jet_variables)
    mean, sigma, missing, scaled_missing = (
        column[jet:].reshape(-1, inputs.tracks)
        for column in (scaling.mean, scaling.sigma, scaling.missing, scaling.scale(scaling.missing))
    )
    centre = mean.mean(axis=1, keepdims=True)
    spread = (sigma**2).mean(axis=1, keepdims=True) ** 0.5
    stand_in = (missing.mean(axis=1, keepdims=True) - centre) / spread
    columns = (scaled_missing, sigma / spread, (mean - centre) / spread, stand_in)
    return tuple(torch.from_numpy(column).float() for column in columns)
