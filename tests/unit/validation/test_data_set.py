"""Files of the public data set beside what is known of it: the whole, a part, and something else."""

import csv

import numpy as np
import pytest
from tests.jet_lines import jet_line, random_jets, write_lines

from robustag.cli import main
from robustag.readers import Reading, read_jets
from robustag.validation import data_set
from robustag.workflow.checking import check_ntuple

JETS = 1500
FINDINGS = ("jets", "data set", "pt from", "abs(eta)", "tracks per jet", "smallest values", "means")


@pytest.fixture(scope="module")
def jets():
    return random_jets(JETS, seed=3)


@pytest.fixture
def known(jets, tmp_path, table, monkeypatch):
    """These jets as the published data set, their first 72 % as its published part."""
    numbers, tracks = jets
    path = write_lines(tmp_path / "all.json", map(jet_line, numbers, tracks))
    values = read_jets("jet_flavor", path, table).values.astype(float)
    part = values[: int(0.72 * JETS)]
    with (tmp_path / "moments.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "mean", "variance", "default"])
        stand_in = np.nanmin(values, axis=0) - table.below_minimum
        for row in zip(table.names, np.nanmean(part, axis=0), np.nanvar(part, axis=0), stand_in, strict=True):
            rows.writerow(row)
    flavors = {name: int((numbers[:, 2] == code).sum()) for name, code in (("b", 5), ("c", 4), ("light", 0))}
    monkeypatch.setattr(data_set, "PUBLISHED_JETS", flavors)
    monkeypatch.setattr(data_set, "PUBLISHED_PT", (numbers[:, 0].min(), numbers[:, 0].max()))
    monkeypatch.setattr(data_set, "PUBLISHED_TRACKS", max(map(len, tracks)))


@pytest.fixture
def check(known, tmp_path, table):
    """Findings on some jets, by what they are about."""

    def findings(numbers, tracks):
        path = write_lines(tmp_path / "mine.json.gz", map(jet_line, numbers, tracks))
        lines = check_ntuple(path, table, Reading("jet_flavor"), tmp_path / "moments.csv")
        assert len(lines) == len(FINDINGS)
        assert all(about in line for about, line in zip(FINDINGS, lines, strict=True)), lines
        return dict(zip(FINDINGS, lines, strict=True))

    return findings


def test_the_whole_is_as_published(jets, check):
    found = check(*jets)
    assert found["jets"].startswith(f"{JETS} jets: ")
    for about in FINDINGS[1:]:
        assert "as the published" in found[about], found
        assert "not as" not in found[about]


def test_a_part_is_compared_where_that_makes_sense(jets, check):
    numbers, tracks = jets
    found = check(numbers[:300], tracks[:300])
    assert "a part of the published data set, 20.000% of its 1500 jets" in found["data set"]
    for about in ("pt from", "tracks per jet", "smallest values"):
        assert "within the published" in found[about]
    assert "all are near the published ones" in found["means"]
    of_b = np.flatnonzero(numbers[:, 2] == 5)
    found = check(numbers[of_b], [tracks[jet] for jet in of_b])
    assert "not compared, for which all three flavours are needed" in found["means"]


def shifted(values, column, shift):
    changed = values.copy()
    changed[:, column] += shift
    return changed


@pytest.mark.parametrize(
    ("change", "about", "complaint"),
    [
        (
            lambda n, t: (shifted(n, 4, 0.05), t),
            "means",
            "1 differ from the published ones, track_3_d0_significance most",
        ),
        (lambda n, t: (shifted(n, 0, 1.0), t), "pt from", "not as the published"),
        (lambda n, t: (n, [each[:9] for each in t]), "tracks per jet", "up to 9 tracks per jet: not as"),
        # Tracks in another order have other extremes at their places.
        (lambda n, t: (n, [shifted(each, 0, -0.1) for each in t]), "smallest values", "not as the published"),
        (lambda n, t: (np.where(n == 4, 5, n), t), "data set", "flavours not as the published ones"),
    ],
)
def test_what_is_not_as_published_is_said(jets, check, change, about, complaint):
    assert complaint in check(*change(*jets))[about]


@pytest.mark.parametrize(
    ("change", "about", "complaint"),
    [
        (
            lambda n, t: (shifted(n, 4, 0.05), t),
            "means",
            "1 differ from the published ones, track_3_d0_significance most",
        ),
        (lambda n, t: (shifted(n, 0, 1000.0), t), "pt from", "beyond the published"),
        (lambda n, t: (n, [np.tile(each, (4, 1)) for each in t]), "tracks per jet", "beyond the published"),
        (lambda n, t: (n, [shifted(each, 0, -0.5) for each in t]), "smallest values", "beyond the published"),
    ],
)
def test_a_part_of_something_else_is_said(jets, check, change, about, complaint):
    numbers, tracks = jets
    assert complaint in check(*change(numbers[:500], tracks[:500]))[about]


def test_every_finding_is_a_line_of_the_command(jets, tmp_path, root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    numbers, tracks = jets
    path = write_lines(tmp_path / "mine.json.gz", map(jet_line, numbers[:50], tracks[:50]))
    assert main(["check", str(path), "--format", "jet_flavor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FINDINGS)
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert "0.000% of its 11491971 jets" in lines[1]


def test_more_than_there_can_be_is_said(jets, known, table, tmp_path):
    numbers, tracks = jets
    path = write_lines(tmp_path / "mine.json", map(jet_line, np.where(numbers == 4, 5, numbers)[:-1], tracks))
    comparison = data_set.DataSetComparison(table, None)
    comparison.add(read_jets("jet_flavor", path, table))
    assert any("more b jets than the published" in line for line in comparison.findings())
