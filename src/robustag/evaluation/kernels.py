"""Sums over jets with the weights of all replicates at a time; compiled.

A curve is a pass down the scores. Its jets stand in `order`, the highest score first, in groups of equal
scores: `ends` [G] is the first place after each group, `signal` [K] says which jets are signal. Their
weights are rows of `weights` [N, R]. Marks are the cumulative weights before every `stride`-th group, so that
any place is found again in a few steps.
"""

import numpy as np

from robustag.compiling import compiled


@compiled
def sweep(
    weights: np.ndarray, order: np.ndarray, signal: np.ndarray, ends: np.ndarray, stride: int, negative: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add up the weights of all jets.

    Returns
    -------
    wrong : float64 [R]
        Weight of pairs with the background jet above, a tied pair counting one half.
    marks : float64 [2, marks + 1, R]
        Cumulative weights of background and signal; the last ones are the totals.
    highest : float64 [2, marks + 1, R]
        Their largest values so far, at least zero: `marks` itself unless there are `negative` weights.
    """
    groups, replicates = len(ends), weights.shape[1]
    places = (groups + stride - 1) // stride
    marks = np.empty((2, places + 1, replicates))
    highest = np.empty_like(marks) if negative else marks
    wrong, above, passed = np.zeros(replicates), np.zeros(replicates), np.zeros(replicates)
    tied_above, tied_passed = np.empty(replicates), np.empty(replicates)
    most_above, most_passed = np.zeros(replicates), np.zeros(replicates)
    start = 0
    for group in range(groups):
        if group % stride == 0:
            marks[0, group // stride], marks[1, group // stride] = above, passed
            if negative:
                highest[0, group // stride], highest[1, group // stride] = most_above, most_passed
        stop = ends[group]
        if stop == start + 1:
            row = order[start]
            if signal[start]:
                for r in range(replicates):
                    wrong[r] += weights[row, r] * above[r]
                    passed[r] += weights[row, r]
            else:
                for r in range(replicates):
                    above[r] += weights[row, r]
        else:
            tied_above[:] = 0.0
            tied_passed[:] = 0.0
            for place in range(start, stop):
                tied = tied_passed if signal[place] else tied_above
                row = order[place]
                for r in range(replicates):
                    tied[r] += weights[row, r]
            for r in range(replicates):
                wrong[r] += tied_passed[r] * (above[r] + 0.5 * tied_above[r])
                above[r] += tied_above[r]
                passed[r] += tied_passed[r]
        if negative:
            for r in range(replicates):
                most_above[r] = max(most_above[r], above[r])
                most_passed[r] = max(most_passed[r], passed[r])
        start = stop
    marks[0, places], marks[1, places] = above, passed
    if negative:
        highest[0, places], highest[1, places] = most_above, most_passed
    return wrong, marks, highest


@compiled
def follow(
    weights: np.ndarray,
    order: np.ndarray,
    signal: np.ndarray,
    ends: np.ndarray,
    stride: int,
    marks: np.ndarray,
    highest: np.ndarray,
    own: int,
    target: np.ndarray,
    beyond: bool,
) -> np.ndarray:
    """Weight of the other class, float64 [M, R], where that of class `own` (1: signal) meets `target` [M, R].

    Met is what is reached, or with `beyond` exceeded. Within a group of equal scores the other class enters
    in proportion; where the target is never met, all of it does.
    """
    met = np.empty(target.shape)
    places = marks.shape[1] - 1
    for r in range(target.shape[1]):
        for m in range(target.shape[0]):
            wanted = target[m, r]
            if np.isnan(wanted):
                met[m, r] = np.nan
                continue
            if wanted < 0.0 or (wanted == 0.0 and not beyond):
                met[m, r] = 0.0
                continue
            # The last mark before which the target was not met.
            low, high = 0, places
            while low < high:
                middle = (low + high + 1) // 2
                most = highest[own, middle, r]
                if most > wanted or (most == wanted and not beyond):
                    high = middle - 1
                else:
                    low = middle
            met[m, r] = marks[1 - own, places, r]
            most, here, other = highest[own, low, r], marks[own, low, r], marks[1 - own, low, r]
            first = low * stride
            place = ends[first - 1] if first > 0 else 0
            for group in range(first, min(first + stride, len(ends))):
                before, passed = most, other
                while place < ends[group]:
                    if signal[place] == (own == 1):
                        here += weights[order[place], r]
                    else:
                        other += weights[order[place], r]
                    place += 1
                most = max(most, here)
                if most > wanted or (most == wanted and not beyond):
                    share = min(max((wanted - before) / (most - before), 0.0), 1.0)
                    met[m, r] = passed + share * (other - passed)
                    break
    return met


@compiled
def at_groups(
    weights: np.ndarray,
    order: np.ndarray,
    signal: np.ndarray,
    ends: np.ndarray,
    stride: int,
    marks: np.ndarray,
    groups: np.ndarray,
) -> np.ndarray:
    """Weights of background and signal in the first `groups` [M] groups, float64 [2, M, R]."""
    sums = np.empty((2, len(groups), weights.shape[1]))
    for m in range(len(groups)):
        # The last mark is behind all groups, and not always at a multiple of the stride.
        mark = min(groups[m] // stride, marks.shape[1] - 2)
        sums[:, m] = marks[:, mark]
        start = ends[mark * stride - 1] if mark > 0 else 0
        stop = ends[groups[m] - 1] if groups[m] > 0 else 0
        for place in range(start, stop):
            row, of = order[place], 1 if signal[place] else 0
            for r in range(weights.shape[1]):
                sums[of, m, r] += weights[row, r]
    return sums


@compiled
def weighted_sums(weights: np.ndarray, cells: np.ndarray, values: np.ndarray, number: int) -> np.ndarray:
    """Sums of value times weight, float64 [number, R]; `values` [K, N] of a jet add to its `cells` [K, N]."""
    sums = np.zeros((number, weights.shape[1]))
    for jet in range(weights.shape[0]):
        for k in range(len(cells)):
            cell, value = cells[k, jet], values[k, jet]
            for r in range(weights.shape[1]):
                sums[cell, r] += value * weights[jet, r]
    return sums


@compiled
def quantiles(values: np.ndarray, weights: np.ndarray, order: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The values at which so large shares of the weight are first reached, float64 [R, K].

    `order` [N] sorts the `values` [N], whose weights are the columns of `weights` [R, N]; shares are `levels`
    [K] in ascending order. NaN where weights add up to nothing or less.
    """
    replicates, number = weights.shape
    found = np.full((replicates, len(levels)), np.nan)
    sums = np.empty(number)
    for r in range(replicates):
        total = 0.0
        for place in range(number):
            total += weights[r, order[place]]
            sums[place] = total
        place = 0
        for level in range(len(levels) if total > 0.0 else 0):
            while sums[place] < levels[level] * total:
                place += 1
            found[r, level] = values[order[place]]
    return found


@compiled
def histogram(
    values: np.ndarray, label: np.ndarray, weight: np.ndarray, edges: np.ndarray, classes: int
) -> np.ndarray:
    """Sums of the weights [N] of values [N] in bins of equal width, float64 [classes, bins].

    Bins are those of `numpy.histogram`: the last one holds its upper edge. Values outside the `edges`
    [bins + 1] and NaN are left out, and so is what has a label [N] below zero.
    """
    bins, low, high = len(edges) - 1, edges[0], edges[-1]
    inverse = bins / (high - low)
    counts = np.zeros((classes, bins))
    for place in range(len(values)):
        value = values[place]
        if label[place] >= 0 and value >= low and value <= high:
            position = min(int((value - low) * inverse), bins - 1)
            if value < edges[position]:
                position -= 1
            elif position < bins - 1 and value >= edges[position + 1]:
                position += 1
            counts[label[place], position] += weight[place]
    return counts
