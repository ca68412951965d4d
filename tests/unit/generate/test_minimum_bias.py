"""The pool of minimum-bias collisions: what is in it, and its file."""

from pathlib import Path

import numpy as np
import pytest

from robustag.errors import InputError
from robustag.generate.charged import charge_of
from robustag.generate.minimum_bias import Pool, make_pool


def test_charged_multiplicity_is_what_atlas_measures(pool: Pool) -> None:
    """2.874 primary charged particles a unit of eta in its centre, with pT > 0.5 GeV (1602.01633).

    In events with at least one within |eta| < 2.5. The tune may be 10 % off.
    """
    px, py, pz = pool.momentum.T.astype(float)
    pt = np.hypot(px, py)
    event = np.repeat(np.arange(len(pool)), np.diff(pool.offsets))
    # Decays of strange hadrons do not count, those of heavy ones do.
    primary = (charge_of(pool.pdg_id) != 0) & (np.linalg.norm(pool.vertex, axis=1) < 1.0) & (pt > 0.5)
    wide, central = (
        np.bincount(event[primary & (np.abs(pz) < pt * np.sinh(edge))], minlength=len(pool))
        for edge in (2.5, 1.0)
    )
    density = central[wide > 0] / 2.0
    error = density.std() / np.sqrt(len(density))
    assert density.mean() == pytest.approx(2.874, abs=0.1 * 2.874 + 3.0 * error)


def test_it_holds_what_a_detector_sees(pool: Pool) -> None:
    px, py, pz = pool.momentum.T.astype(float)
    pt, charged = np.hypot(px, py), charge_of(pool.pdg_id) != 0
    assert (np.abs(np.arcsinh(pz / pt)) < 3.5).all()
    assert pt[charged].min() > 0.3
    assert not np.isin(np.abs(pool.pdg_id), (12, 14, 16)).any()
    assert (pool.mass >= -1e-6).all()
    # Decays of K0S and Lambda are in it with their vertices, as in any other collision.
    assert (np.hypot(pool.vertex[charged, 0], pool.vertex[charged, 1]) > 1.0).any()


def test_a_seed_makes_one_pool_and_its_file_gives_it_back(tmp_path: Path) -> None:
    made, again, other = make_pool(5, 3), make_pool(5, 3), make_pool(5, 4)
    made.save(tmp_path / "pool.safetensors")
    read = Pool.load(tmp_path / "pool.safetensors")
    assert len(read) == 5
    for name in Pool.columns():
        assert (
            getattr(made, name).tobytes() == getattr(again, name).tobytes() == getattr(read, name).tobytes()
        )
    assert made.momentum.tobytes() != other.momentum.tobytes()


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pool.safetensors").write_bytes(b"something else")
    with pytest.raises(InputError, match="is no pool of minimum-bias collisions"):
        Pool.load(tmp_path / "pool.safetensors")


def test_there_must_be_collisions() -> None:
    with pytest.raises(InputError, match="collisions must be at least 1, not 0"):
        make_pool(0, 3)
