"""Errors of the machine in plain words, whoever raised them."""

import errno
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from tests.mounts import in_own_mounts

from robustag.workflow import job

FULL = "/dev/full"  # every write to it fails as on a full disk


def script(folder):
    return SimpleNamespace(rule="train", wildcards=["clean", "1"], log=[str(folder / "logs/train.log")])


def allocate():
    torch.empty(10**17)


def fill_with_text():
    with open(FULL, "w") as file:
        file.write("x")


def refuse(number):
    raise OSError(number, os.strerror(number), "results/x.parquet")


@pytest.mark.parametrize(
    ("work", "complaint"),
    [
        (lambda: refuse(errno.ENOSPC), "results/x.parquet: the disk is full"),
        (lambda: refuse(errno.EDQUOT), "results/x.parquet: the quota of the disk is used up"),
        (lambda: refuse(errno.EROFS), "results/x.parquet: the disk cannot be written to"),
        (lambda: refuse(errno.EACCES), "results/x.parquet: access is denied"),
        (lambda: refuse(errno.EIO), "results/x.parquet: the disk fails"),
        (lambda: refuse(errno.EMFILE), "results/x.parquet: too many files are open"),
        (fill_with_text, "the disk is full"),
        (allocate, "the memory is not enough"),
        (lambda: bytearray(10**17), "the memory is not enough"),
    ],
)
def test_errors_of_the_machine_are_one_line_and_their_traceback_is_in_the_log(
    tmp_path, capsys, work, complaint
):
    with pytest.raises(SystemExit) as stop, job({"snakemake": script(tmp_path)}):
        work()
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith(f"robustag: train clean 1: {complaint}")
    assert error.count("\n") == 1
    assert "Traceback" in (tmp_path / "logs/train.log").read_text()


@pytest.mark.process
def test_a_full_disk_is_recognised_whichever_library_writes(tmp_path):
    """On a disk of half a megabyte that only this test sees."""
    code = f"""
import numpy as np, pandas as pd, torch, uproot
from pathlib import Path
from robustag.files import write_table
from robustag.generate.ntuple import new_ntuple
from robustag.models import write_tensors
from robustag.failures import explain
disk, numbers = Path({str(tmp_path)!r}), np.random.default_rng(1).random(200_000)

def ntuple():
    with new_ntuple(disk / "a.root") as writer:
        writer.append({{"x": numbers}})
        writer.finish({{}})

for write in (
    lambda: write_tensors(disk / "a.safetensors", {{"a": torch.tensor(numbers)}}, {{}}),
    lambda: write_table(pd.DataFrame({{"a": numbers}}), disk / "a.parquet"),
    ntuple,
):
    try:
        write()
    except Exception as error:
        print(explain(error), [path.name for path in disk.iterdir()])
"""
    program = tmp_path.with_suffix(".py")
    program.write_text(code)
    disk = f"mount -t tmpfs -o size=512k none {shlex.quote(str(tmp_path))}"
    run = in_own_mounts(f"{disk} && {shlex.quote(sys.executable)} {shlex.quote(str(program))}")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert all("the disk is full: free space" in line and line.endswith("[]") for line in lines), lines


def test_a_log_on_a_full_disk_does_not_hide_the_message(tmp_path, capsys):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/train.log").symlink_to(FULL)
    with pytest.raises(SystemExit) as stop, job({"snakemake": script(tmp_path)}):
        fill_with_text()
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("robustag: train clean 1: the disk is full: free space and run again")
    assert error.count("\n") == 1


@pytest.mark.process
def test_a_job_out_of_memory_says_so_and_leaves_nothing(tmp_path):
    """The limit is the one that ulimit -v sets."""
    code = f"""
import resource, sys
from pathlib import Path
from types import SimpleNamespace
from robustag.files import written_whole
from robustag.workflow import job
folder = Path({str(tmp_path)!r})
snakemake = SimpleNamespace(rule="summarise", wildcards=["bb"], log=[folder / "logs/a.log"])
with job(globals()):
    import numpy as np
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
    with written_whole(folder / "table.csv") as temporary:
        temporary.write_text("half")
        np.ones(10**9)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("robustag: summarise bb: the memory is not enough: run fewer jobs")
    assert run.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_the_end_of_a_job_by_a_cluster_is_in_its_log(tmp_path):
    with pytest.raises(SystemExit), job({"snakemake": script(tmp_path)}):
        sys.exit(143)
    assert "train clean 1 was ended (exit status 143): run again" in (tmp_path / "logs/train.log").read_text()
    assert logging.getLogger("robustag").handlers == []


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_job_that_is_stopped_says_so_in_one_line_and_leaves_nothing(tmp_path, number):
    code = f"""
import time
from pathlib import Path
from types import SimpleNamespace
from robustag.files import written_whole
from robustag.workflow import job
folder = Path({str(tmp_path)!r})
snakemake = SimpleNamespace(rule="summarise", wildcards=["bb"], log=[folder / "logs/a.log"])
with job(globals()):
    with written_whole(folder / "table.csv") as temporary:
        temporary.write_text("half")
        time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".table.*.csv")):
            time.sleep(0.05)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    line = f"summarise bb was ended (exit status {128 + number}): run again"
    assert error == f"robustag: {line}\n"
    log = (tmp_path / "logs/a.log").read_text().splitlines()
    assert log[-1].endswith(f"ERROR {line}")
    assert len(log) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
