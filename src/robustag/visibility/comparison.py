"""All single inputs and all pairs of inputs of a sample, compared as control plots compare them.

Sums over jets hold all that is compared, so that those of parts of a sample add up, and of events that change
sides between two samples, too.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustag.visibility.divergence import jensen_shannon
from robustag.visibility.needed import jets_to_see, jets_to_see_correlation, jets_to_see_divergence

_BINS = 50
_CENTRAL = (0.005, 0.995)
"""Shares of the clean entries between which values count in correlations; what is beyond counts as there."""
_FEWEST = 0.05
"""Share of the jets that must have both inputs of a pair."""
_TWICE = 1e-3
"""Least variance of a coefficient, times the jets: of normal inputs with r = 0.984."""
_ROUNDING = 1e-6
"""Change of a coefficient that single precision makes."""


@dataclass(frozen=True)
class Sums:
    """Sums over the jets of G cells, float64.

    Attributes
    ----------
    histogram : Tensor [G, F, 51]
        Jets in each bin of an input, and without the input.
    first, second : Tensor [G, F], [G, F, F]
        Of the scaled inputs, and of the products of two.
    jets : Tensor [G]
    """

    histogram: Tensor
    first: Tensor
    second: Tensor
    jets: Tensor

    def combined(self, share: Tensor) -> "Sums":
        """Sums of S samples, of which `share` [S, G] says which cells they have."""
        columns = (self.histogram, self.first, self.second, self.jets)
        return Sums(*(torch.tensordot(share.to(column), column, 1) for column in columns))

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.histogram + other.histogram,
            self.first + other.first,
            self.second + other.second,
            self.jets + other.jets,
        )


class Comparison:
    """How the inputs of a clean sample are cut and scaled for comparisons with changed ones.

    An input is compared in 50 bins that share the existing clean entries equally, and one more cell for jets
    that lack it. Correlations are over all jets: values are cut to the central 99 % of the clean entries,
    whose tails would decide otherwise, and a missing one stands at the mean.

    Parameters
    ----------
    inputs, missing : Tensor float [N, F], bool [N, F]
        Clean jets.
    """

    def __init__(self, inputs: Tensor, missing: Tensor) -> None:
        ordered = inputs.masked_fill(missing, torch.inf).T.contiguous().sort(dim=1).values
        entries = (~missing).sum(dim=0)
        at = torch.linspace(0.0, 1.0, _BINS + 1, dtype=torch.float64, device=inputs.device)[1:-1]
        places = torch.cat([at, torch.tensor(_CENTRAL, dtype=at.dtype, device=at.device)])
        rank = (places * (entries[:, None] - 1).clamp(min=0)).round().long()
        # Cuts of an input that no jet has are nowhere.
        chosen = ordered.gather(1, rank).nan_to_num(posinf=0.0)
        self._cuts, self._low, self._high = chosen[:, :-2].contiguous(), chosen[:, -2], chosen[:, -1]
        cut = inputs.clamp(self._low, self._high).masked_fill(missing, 0.0)
        number = entries.clamp(min=1)
        self._mean = cut.sum(dim=0) / number
        spread = ((cut - self._mean).masked_fill(missing, 0.0) ** 2).sum(dim=0) / number
        self._width = torch.where(spread > 0, spread.sqrt(), 1.0)

    def sums(
        self,
        inputs: Tensor,
        missing: Tensor,
        cell: Tensor | None = None,
        cells: int = 1,
        weight: Tensor | None = None,
    ) -> Sums:
        """Sums over jets [N, F], which may be others than the clean ones.

        Parameters
        ----------
        inputs, missing : Tensor float [N, F], bool [N, F]
        cell : Tensor int64 [N], optional
            Which of the `cells` each jet belongs to; one for all if left out.
        weight : Tensor float [N], optional
            One each if left out.
        """
        jets, features = inputs.shape
        cell = torch.zeros(jets, dtype=torch.int64, device=inputs.device) if cell is None else cell
        weight = inputs.new_ones(jets) if weight is None else weight
        weight = weight.double()
        level = torch.searchsorted(self._cuts, inputs.T.contiguous(), right=True).T
        level = level.masked_fill(missing, _BINS)
        column = torch.arange(features, device=inputs.device)
        place = (cell[:, None] * features + column) * (_BINS + 1) + level
        histogram = torch.bincount(
            place.flatten(), weight[:, None].expand(-1, features).flatten(), cells * features * (_BINS + 1)
        )
        scaled, parts = self._scaled(inputs, missing), []
        for one in range(cells):
            rows = cell == one
            own = scaled[rows]
            weighted = own * weight[rows, None].to(own)
            sums = weighted.sum(dim=0).double(), (weighted.T @ own).double()
            parts.append((*sums, weight[rows].sum()))
        first, second, total = (torch.stack(column) for column in zip(*parts, strict=True))
        return Sums(histogram.view(cells, features, _BINS + 1), first, second, total)

    def variances(self, inputs: Tensor, missing: Tensor) -> Tensor:
        """Variance of each correlation coefficient in samples of n such jets, times n, [F, F].

        From the influence of a jet on the coefficient, u v - r (u^2 + v^2) / 2 of standardised inputs, whose
        fourth moments say what the inputs' tails do; (1 - r^2)^2 for normal ones. Infinite for pairs that
        fewer than a twentieth of the jets have, in which a few jets would decide, and for those that are one
        quantity twice.
        """
        scaled = self._scaled(inputs, missing).double()
        centred = scaled - scaled.mean(dim=0)
        width = centred.square().mean(dim=0).sqrt()
        u = centred / torch.where(width > 0, width, 1.0)
        square, jets = u.square(), len(u)
        r, both = u.T @ u / jets, square.T @ square / jets
        skew, fourth = (square * u).T @ u / jets, square.square().mean(dim=0)
        variance = both - r * (skew + skew.T) + r**2 / 4 * (fourth[:, None] + fourth + 2 * both)
        exists = (~missing).to(u)
        unfit = (exists.T @ exists < _FEWEST * jets) | (variance < _TWICE)
        return variance.masked_fill(unfit, torch.inf)

    def _scaled(self, inputs: Tensor, missing: Tensor) -> Tensor:
        cut = inputs.clamp(self._low, self._high)
        return cut.sub_(self._mean).div_(self._width).masked_fill_(missing, 0.0)


def seen_by_input(before: Sums, after: Sums, tests: int) -> Tensor:
    """One over the jets at which each input is seen to differ, [S, F]; 0 for never.

    By chi2 over all cells or by the Kolmogorov-Smirnov test between the bins, whichever needs fewer jets.

    Parameters
    ----------
    before, after : Sums
        Of S pairs of samples.
    tests : int
        Inputs that are looked at; each has two tests.
    """
    p, q = (sums.histogram.clamp(min=0.0) for sums in (before, after))
    divergence = jensen_shannon(p.cpu().numpy(), q.cpu().numpy()).clip(min=0.0)
    cells = (p + q > 0).sum(dim=-1)
    by_chi2 = jets_to_see_divergence(divergence, cells.cpu().numpy(), 2 * tests)
    p, q = (counts / counts.sum(dim=-1, keepdim=True) for counts in (p, q))
    entries = [counts[..., :_BINS] for counts in (p, q)]
    shares = [counts.sum(dim=-1, keepdim=True) for counts in entries]
    rise = [(counts / share).cumsum(dim=-1) for counts, share in zip(entries, shares, strict=True)]
    distance = (rise[0] - rise[1]).abs().amax(dim=-1).nan_to_num()
    share = torch.minimum(*shares)[..., 0].clamp(min=torch.finfo(torch.float64).tiny)
    by_kolmogorov = jets_to_see(distance.cpu().numpy(), share.cpu().numpy(), 2 * tests)
    fewest = np.minimum(by_chi2, by_kolmogorov)
    return torch.from_numpy(1.0 / fewest).to(p)


def seen_by_pair(before: Sums, after: Sums, variance: Tensor, tests: int) -> Tensor:
    """One over the jets at which each correlation is seen to change, [S, F, F]; 0 for never.

    Parameters
    ----------
    before, after : Sums
        Of S pairs of samples.
    variance : Tensor [F, F] or [S, F, F]
        See `Comparison.variances`.
    tests : int
        Pairs that are looked at.
    """
    change = _correlation(after) - _correlation(before)
    # Rounding changes what nothing moves.
    change = torch.where(change.abs() < _ROUNDING, 0.0, change)
    at_one = float(jets_to_see_correlation(1.0, 1.0, tests))
    return change.square() / (at_one * variance)


def _correlation(sums: Sums) -> Tensor:
    mean = sums.first / sums.jets[:, None]
    covariance = sums.second / sums.jets[:, None, None] - mean[:, :, None] * mean[:, None, :]
    variance = covariance.diagonal(dim1=1, dim2=2).clamp(min=0.0)
    # An input that does not vary is correlated with nothing.
    width = torch.where(variance > 1e-12, variance, torch.inf).sqrt()
    return covariance / (width[:, :, None] * width[:, None, :])
