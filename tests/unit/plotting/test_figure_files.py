"""Figures and tables on disk: the same bytes each time, and readable complaints."""

import subprocess
import sys
import time

import pandas as pd
import pytest
from matplotlib.figure import Figure

from robustag.errors import InputError
from robustag.files import read_table
from robustag.plotting.store import save_figure, save_shown


@pytest.mark.parametrize("name", ["headline", pytest.param("surface", marks=pytest.mark.slow)])
def test_two_drawings_are_the_same_bytes(name, drawn, tmp_path):
    """Also a second later: no file carries the time."""
    for folder in ("first", "second"):
        figure, table = drawn(name)
        save_figure(figure, tmp_path / folder / "f.pdf", tmp_path / folder / "f.png")
        save_shown(table, tmp_path / folder / "f.csv")
        time.sleep(1.1 if folder == "first" else 0)
    for suffix in ("pdf", "png", "csv"):
        first, second = (tmp_path / folder / f"f.{suffix}" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), suffix
    assert not list(tmp_path.rglob("*.partial*"))


def test_headline_picture_is_small(drawn, tmp_path):
    figure, _ = drawn("headline")
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size < 60_000


def test_a_failing_drawing_leaves_no_file(tmp_path):
    figure = Figure()
    figure.text(0.5, 0.5, r"$\notacommand$")
    with pytest.raises(ValueError, match="notacommand"):
        save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")
    assert list(tmp_path.iterdir()) == []


def test_shown_numbers_have_six_digits(tmp_path):
    save_shown(pd.DataFrame({"name": ["a"], "value": [0.12345678]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "name,value\na,0.123457\n"


def test_reading_named_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1], "b": [2], "c": [3]}).to_parquet(path)
    assert list(read_table(path, ["c", "a"]).columns) == ["c", "a"]
    with pytest.raises(InputError, match=r"t\.parquet: column d, e is missing; the table has a, b, c"):
        read_table(path, ["a", "d", "e"])
    with pytest.raises(InputError, match=r"other\.parquet is missing: run the rule"):
        read_table(tmp_path / "other.parquet", ["a"])
    (tmp_path / "bad.parquet").write_text("not a table")
    with pytest.raises(InputError, match=r"bad\.parquet is damaged or no table"):
        read_table(tmp_path / "bad.parquet", ["a"])


@pytest.mark.process
def test_plotting_and_claims_never_import_torch():
    modules = "roc, epsilon, history, shapes, mismodelling, surface, surface_planes, store"
    code = (
        f"from robustag.plotting import {modules}\n"
        "from robustag.plotting import surface_corners, surface_statistics, surface_weights\n"
        "from robustag.claims import judge, report, summary\n"
        "import sys\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
