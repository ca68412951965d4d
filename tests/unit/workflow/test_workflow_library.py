"""What scripts and Snakefile share: seeds, fingerprints, whole files, the frame of a job."""

import logging
import os
import re
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest
from snakemake.iocontainers import Namedlist

from robustag.errors import InputError
from robustag.files import written_whole
from robustag.workflow import derive_seed, job
from robustag.workflow.provenance import data_fingerprint


def test_seeds_depend_on_every_part():
    seeds = {
        derive_seed(1, "train", "a", 1),
        derive_seed(2, "train", "a", 1),
        derive_seed(1, "attack", "a", 1),
        derive_seed(1, "train", "a", 2),
        derive_seed(1, "traina", 1),
        derive_seed(1, "train", "a1"),
    }
    assert len(seeds) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_data_fingerprints_see_every_array():
    weight = np.ones(3, dtype=np.float32)
    one = data_fingerprint({"a": 1}, weight, np.zeros(2))
    assert one == data_fingerprint({"a": 1}, weight, np.zeros(2))
    assert one != data_fingerprint({"a": 2}, weight, np.zeros(2))
    assert one != data_fingerprint({"a": 1}, weight * 2, np.zeros(2))
    assert one != data_fingerprint({"a": 1}, weight, np.zeros((2, 1)))


def test_failed_writing_leaves_nothing(tmp_path):
    def fail():
        with written_whole(tmp_path / "table.csv") as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert list(tmp_path.iterdir()) == []


def script(tmp_path):
    return SimpleNamespace(
        rule="attack",
        wildcards=Namedlist(fromdict={"model": "clean_nominal", "seed": "1"}),
        params=Namedlist([{"split": [0.8, 0.2]}], fromdict={"seed": 7, "code": "abc"}),
        input=Namedlist(["results/mine/models/clean_nominal/seed1.safetensors"]),
        output=Namedlist(["results/mine/attacks/fgsm.parquet"]),
        log=[tmp_path / "logs/attack.log"],
        threads=1,
        resources=Namedlist(),
    )


def globals_of(snakemake):
    """What a script has among its globals when Snakemake runs it."""
    return {"snakemake": snakemake, "__file__": "scripts/attack.py"}


def test_a_users_error_is_one_line_without_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop, job(globals_of(script(tmp_path))):
        raise InputError("the file is empty: generate it again")
    assert stop.value.code == 1
    assert (
        capsys.readouterr().err == "robustag: attack clean_nominal 1: the file is empty: generate it again\n"
    )
    log = (tmp_path / "logs/attack.log").read_text()
    assert "the file is empty" in log
    assert "Traceback" not in log


def test_any_other_error_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), job(globals_of(script(tmp_path))):
        _ = 1 / 0
    assert "Traceback" in (tmp_path / "logs/attack.log").read_text()


def test_what_libraries_print_goes_to_the_log(tmp_path):
    with job(globals_of(script(tmp_path))):
        os.write(1, b"banner of a C++ library\n")
    assert "banner of a C++ library" in (tmp_path / "logs/attack.log").read_text()


def test_a_job_that_is_told_to_end_leaves_no_half_written_file(tmp_path):
    def work():
        with job(globals_of(script(tmp_path))), written_whole(tmp_path / "table.csv") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)

    with pytest.raises(SystemExit) as stop:
        work()
    assert stop.value.code == 143
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_the_log_is_the_jobs_own(tmp_path):
    with job(globals_of(script(tmp_path))) as (_, log):
        log.info("halfway")
    logging.getLogger("robustag").warning("after the job")
    text = (tmp_path / "logs/attack.log").read_text()
    assert "halfway" in text
    assert re.search(r"finished: wall [\d.]+ s, CPU [\d.]+ s, peak memory \d+ MiB", text)
    assert "after the job" not in text
