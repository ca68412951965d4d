"""What made a file of a study can be told from the file."""

import json
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from robustag.errors import InputError
from robustag.workflow.by_hand import Named
from robustag.workflow.records import job_provenance, read_job, write_job_record, write_study_record


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A study with one finished attack, made from the folder above its results as Snakemake does."""
    monkeypatch.chdir(tmp_path)
    write_study_record("results/mine", {"seed": 7})
    name = "results/mine/attacks/clean/seed1/fgsm.metrics.parquet"
    job = SimpleNamespace(
        rule="attack",
        wildcards=Namedlist(fromdict={"model": "clean", "seed": "1"}),
        params=Namedlist([{"split": [0.8, 0.2]}], fromdict={"seed": 7, "code": "abc"}),
        input=Named({"model": "results/mine/models/clean/seed1.safetensors", "source": []}, flat=True),
        output=Namedlist(fromdict={"metrics": name, "curves": name.replace("metrics", "curves")}),
        log=Namedlist(["results/mine/logs/attack/clean.seed1.fgsm.log"]),
        threads=2,
        resources=Namedlist(fromdict={"_cores": 2, "mem_mb": 1000}),
    )
    write_job_record(job, "wall 1.0 s", "attack.py")
    for output in job.output:
        made = tmp_path / output
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(b"")
    return tmp_path / "results/mine"


@pytest.mark.parametrize("table", ["metrics", "curves"])
def test_every_output_leads_to_its_job(results, table):
    found = job_provenance(results / f"attacks/clean/seed1/fgsm.{table}.parquet")
    assert found["rule"] == "attack"
    assert found["wildcards"] == {"model": "clean", "seed": "1"}
    assert found["params"] == {"seed": 7, "code": "abc", "0": {"split": [0.8, 0.2]}}
    assert found["input"] == ["results/mine/models/clean/seed1.safetensors"]
    assert found["inputs"] == {"model": "results/mine/models/clean/seed1.safetensors", "source": []}
    assert found["outputs"]["curves"] == "results/mine/attacks/clean/seed1/fgsm.curves.parquet"
    assert (found["script"], found["threads"], found["resources"]) == ("attack.py", 2, {"mem_mb": 1000})
    assert found["log"] == "results/mine/logs/attack/clean.seed1.fgsm.log"
    assert found["versions"].keys() >= {"robustag", "torch", "python"}
    assert found["study"]


def test_a_moved_study_still_tells(results, tmp_path):
    moved = tmp_path / "elsewhere/results/mine"
    moved.parent.mkdir(parents=True)
    results.rename(moved)
    assert job_provenance(moved / "attacks/clean/seed1/fgsm.curves.parquet")["rule"] == "attack"


def test_a_job_tells_from_where_it_names_files(results, tmp_path):
    root, job = read_job("results/mine/attacks/clean/seed1/fgsm.curves.parquet")
    assert (root, job["rule"]) == (tmp_path, "attack")
    moved = tmp_path / "mine"
    results.rename(moved)
    with pytest.raises(InputError, match=r"was made as results/mine/.*: move its study back"):
        read_job(moved / "attacks/clean/seed1/fgsm.curves.parquet")


def test_parameters_keep_their_order_which_may_be_that_of_files(results):
    text = (results / "logs/attack/clean.seed1.fgsm.json").read_text()
    assert list(json.loads(text)["params"]) == ["seed", "code", "0"]


def test_other_files_are_one_clear_line(results, tmp_path):
    stranger = results / "attacks/clean/seed1/notes.txt"
    stranger.write_text("")
    with pytest.raises(InputError, match=r"no job of the study .* says that it made attacks/.*notes\.txt"):
        job_provenance(stranger)
    outside = tmp_path / "outside.csv"
    outside.write_text("")
    with pytest.raises(InputError, match="in the results of no study"):
        job_provenance(outside)
    with pytest.raises(InputError, match="is not a file"):
        job_provenance(results / "absent.csv")
