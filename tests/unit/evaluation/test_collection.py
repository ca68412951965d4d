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


def test_each_table_comes_with_its_model_and_seed(tmp_path):
    parts = [
        (
            write(tmp_path / f"attacks/{model}/seed{seed}/fgsm.metrics.parquet", value=[seed * 1.0]),
            model,
            seed,
        )
        for model in ("clean_nominal", "clean_fgsm")
        for seed in (1, 12)
    ]
    table = collect(parts, tmp_path / "metrics.parquet")
    assert table.columns.tolist() == ["model", "seed", "value"]
    assert table.model.tolist() == ["clean_nominal"] * 2 + ["clean_fgsm"] * 2
    assert table.seed.tolist() == [1, 12, 1, 12]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "metrics.parquet"), table)


def test_the_csv_for_people_has_the_study_and_no_replicates(tmp_path):
    table = pd.DataFrame({"model": ["a"], "value": [1 / 3], "replicates": [np.ones(4)]})
    metrics_csv(table, "smoke", tmp_path / "metrics.csv")
    assert (tmp_path / "metrics.csv").read_text() == "study,model,value\nsmoke,a,0.333333333\n"


def test_tables_that_do_not_fit_are_refused(tmp_path):
    parts = [
        (write(tmp_path / "first.parquet", value=[1.0]), "a", 1),
        (write(tmp_path / "second.parquet", other=[1.0]), "b", 1),
    ]
    with pytest.raises(InputError, match=r"second\.parquet has other columns than .*first\.parquet"):
        collect(parts, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "a/seed1.x.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError, match=r"seed1\.x\.parquet is damaged or no table"):
        collect([(path, "a", 1)], tmp_path / "out.parquet")
