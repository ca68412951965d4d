"""The resolution function of prompt tracks: integrals, normalisation, fit."""

import numpy as np
import pytest
from scipy.integrate import quad

from robustag.generate.resolution import (
    ATLAS_RUN1_RESOLUTION,
    PUBLISHED_RESOLUTION,
    PromptResolution,
    fit_resolution,
)


@pytest.mark.parametrize("start", [0.0, 0.7, 3.0, 12.0])
def test_tail_is_the_integral_of_the_density(start: float) -> None:
    function = ATLAS_RUN1_RESOLUTION
    numeric, _ = quad(lambda s: float(function.density(np.array(s))), start, 400.0, epsabs=1e-10, limit=200)
    assert function.tail(np.array([start]))[0] == pytest.approx(numeric, rel=1e-6)


def test_calibrated_probability_starts_at_one_and_published_does_not() -> None:
    assert ATLAS_RUN1_RESOLUTION.probability(np.zeros(1))[0] == 1.0
    assert PUBLISHED_RESOLUTION.probability(np.zeros(1))[0] == pytest.approx(0.375, abs=0.001)


def test_recorded_constants_are_normalised() -> None:
    assert ATLAS_RUN1_RESOLUTION.tail(np.zeros(1))[0] == pytest.approx(1.0, abs=2e-3)


def test_fit_finds_the_function_that_made_the_tracks() -> None:
    """Tracks drawn from R have a uniform probability under the fit to them."""
    truth = PromptResolution(((0.75, 1.0), (0.01, 3.5)), ((6.0, 0.1),))
    grid = np.linspace(0.0, 200.0, 200_001)
    uniform = (np.arange(40_000) + 0.5) / 40_000
    drawn = np.interp(uniform, (1.0 - truth.probability(grid)), grid)
    fitted = fit_resolution(drawn)
    assert fitted.tail(np.zeros(1))[0] == pytest.approx(1.0)
    s = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
    assert fitted.probability(s) == pytest.approx(truth.probability(s), abs=0.004)
