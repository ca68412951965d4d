"""Perigees against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustag.generate.helix import perigee_point
from robustag.generate.kernels import perigee, perigees


def test_circle_with_known_centre() -> None:
    """A positive curvature of radius 100 through (0, 30) along +x has its centre at (0, -70)."""
    d0, z0, phi = perigee(0.0, 30.0, 5.0, 0.0, 1.0, 1.0 / 100.0, 40.0, -70.0, 1.0)
    assert d0 == pytest.approx(100.0 - 40.0)
    # Seen from the centre the reference lies along +x, so the direction there is -y, a quarter turn later.
    assert phi == pytest.approx(-math.pi / 2)
    assert z0 == pytest.approx(5.0 + 100.0 * math.pi / 2 - 1.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_straight_line_limit(sign: float) -> None:
    phi, cot = 0.7, 1.3
    d0, z0, phi_perigee = perigee(3.0, -2.0, 1.0, phi, cot, sign * 1e-9, 0.5, 0.25, 0.0)
    along = (0.5 - 3.0) * math.cos(phi) + (0.25 + 2.0) * math.sin(phi)
    across = -(3.0 - 0.5) * math.sin(phi) + (-2.0 - 0.25) * math.cos(phi)
    assert d0 == pytest.approx(across, abs=1e-6)
    assert z0 == pytest.approx(1.0 + along * cot, abs=1e-6)
    assert phi_perigee == pytest.approx(phi, abs=1e-6)


@settings(deadline=None)  # the first example may compile
@given(
    d0=st.floats(-20, 20),
    z0=st.floats(-100, 100),
    phi=st.floats(-3, 3),
    cot=st.floats(-6, 6),
    radius=st.floats(200, 1e6),
    sign=st.sampled_from([-1.0, 1.0]),
    turn=st.floats(-1.5, 1.5),
)
def test_every_point_of_a_helix_has_the_same_perigee(
    d0: float, z0: float, phi: float, cot: float, radius: float, sign: float, turn: float
) -> None:
    kappa = sign / radius
    start = perigee_point(np.array([d0]), np.array([z0]), np.array([phi]))[0]
    path = min(abs(turn), 1000.0 / radius) * radius * math.copysign(1.0, turn)
    # Integrate x' = cos(phi - kappa s), y' = sin(phi - kappa s).
    later = phi - kappa * path
    x = start[0] + (math.sin(phi) - math.sin(later)) / kappa
    y = start[1] + (math.cos(later) - math.cos(phi)) / kappa
    found = perigees(
        np.array([[x, y, z0 + path * cot]]),
        np.array([later]),
        np.array([cot]),
        np.array([kappa]),
        np.zeros((1, 3)),
    )[0]
    assert found[0] == pytest.approx(d0, abs=1e-6)
    assert found[1] == pytest.approx(z0, abs=1e-4)
    assert math.cos(found[2] - phi) == pytest.approx(1.0, abs=1e-9)
