"""Figures and tables on disk: the same bytes each time, and readable complaints."""

import subprocess
import sys
import time
from pkgutil import walk_packages
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

import robustag.claims
import robustag.plotting
from robustag.plotting.store import Output, each
from robustag.plotting.style import styled


def files(folder):
    return Output(*(folder / f"f.{suffix}" for suffix in ("pdf", "png", "csv")))


@pytest.mark.parametrize("name", ["headline", pytest.param("surface", marks=pytest.mark.slow)])
def test_two_drawings_are_the_same_bytes(name, drawn, tmp_path):
    """Also a second later: no file carries the time."""
    for folder in ("first", "second"):
        files(tmp_path / folder).save(*drawn(name))
        time.sleep(1.1 if folder == "first" else 0)
    for suffix in ("pdf", "png", "csv"):
        first, second = (tmp_path / folder / f"f.{suffix}" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), suffix
    assert not list(tmp_path.rglob("*.partial*"))


def test_headline_picture_is_small(drawn, tmp_path):
    files(tmp_path).save(*drawn("headline"))
    assert (tmp_path / "f.png").stat().st_size < 60_000


def test_no_letter_of_the_picture_is_cut_off(tmp_path):
    @styled
    def drawn():
        figure = Figure(figsize=(8.6, 4.0))
        for axes in figure.subplots(1, 3, sharey=True):
            axes.set_yticks(
                range(3), ["IP resolution x 1.25", "softer b fragmentation", "tracks swapped 20 %"]
            )
        return figure

    files(tmp_path).save(drawn(), pd.DataFrame())
    picture = np.asarray(Image.open(tmp_path / "f.png").convert("L"))
    written = np.flatnonzero((picture < 128).any(axis=0))
    assert written[0] > 2
    assert written[-1] < picture.shape[1] - 2


def test_a_failing_drawing_leaves_no_file(tmp_path):
    figure = Figure()
    figure.text(0.5, 0.5, r"$\notacommand$")
    with pytest.raises(ValueError, match="notacommand"):
        files(tmp_path).save(figure, pd.DataFrame())
    assert list(tmp_path.iterdir()) == []


def test_shown_numbers_have_six_digits(tmp_path):
    files(tmp_path).save(Figure(), pd.DataFrame({"name": ["a"], "value": [0.12345678]}))
    assert (tmp_path / "f.csv").read_text() == "name,value\na,0.123457\n"


def test_every_name_has_the_files_of_its_own_figure():
    endings = ("pdf", "png", "csv")
    made = SimpleNamespace(**{ending: [f"a.{ending}", f"b.{ending}"] for ending in endings})
    assert dict(each("ab", made)) == {
        name: Output(*(f"{name}.{ending}" for ending in endings)) for name in "ab"
    }
    with pytest.raises(ValueError, match="shorter"):
        list(each("abc", made))


@pytest.mark.process
def test_plotting_and_claims_never_import_torch():
    modules = [
        module.name
        for package in (robustag.plotting, robustag.claims)
        for module in walk_packages(package.__path__, f"{package.__name__}.")
    ]
    assert "robustag.plotting.robustness.roc" in modules
    code = f"import {', '.join(modules)}, sys\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
