"""Gathering the tables of single jobs."""

import numpy as np
import pandas as pd
import pytest

from robustag.errors import InputError
from robustag.evaluation.collection import collect, metrics_csv


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path)
    return path


def test_model_and_seed_come_from_the_path(tmp_path):
    paths = [
        write(tmp_path / f"attacks/{model}/seed{seed}/fgsm.metrics.parquet", value=[seed * 1.0])
        for model in ("clean_nominal", "clean_fgsm")
        for seed in (1, 12)
    ]
    table = collect(paths, tmp_path / "metrics.parquet")
    assert table.columns.tolist() == ["model", "seed", "value"]
    assert table.model.tolist() == ["clean_nominal"] * 2 + ["clean_fgsm"] * 2
    assert table.seed.tolist() == [1, 12, 1, 12]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "metrics.parquet"), table)


def test_the_csv_for_people_has_the_study_and_no_replicates(tmp_path):
    table = pd.DataFrame({"model": ["a"], "value": [1 / 3], "replicates": [np.ones(4)]})
    metrics_csv(table, "smoke", tmp_path / "metrics.csv")
    assert (tmp_path / "metrics.csv").read_text() == "study,model,value\nsmoke,a,0.333333333\n"


@pytest.mark.parametrize(
    ("second", "complaint"),
    [({"other": [1.0]}, "has other columns"), ({"value": [1.0]}, "names no model and seed")],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, second, complaint):
    first = write(tmp_path / "a/seed1.x.parquet", value=[1.0])
    folder = "b/seed1.x" if "other" in second else "nowhere"
    with pytest.raises(InputError, match=complaint):
        collect([first, write(tmp_path / f"{folder}.parquet", **second)], tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "a/seed1.x.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError, match=r"seed1\.x\.parquet is damaged or no table"):
        collect([path], tmp_path / "out.parquet")
