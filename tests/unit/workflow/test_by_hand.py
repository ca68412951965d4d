"""Scripts of the rules are commands, too: from the record of a job, or with every file named."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from docs.tools import rules
from snakemake.iocontainers import Namedlist

from robustag.errors import InputError
from robustag.files import write_table
from robustag.workflow.by_hand import PARTS, Named, by_hand, command_line, interface_of
from robustag.workflow.records import write_job_record, write_study_record

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
METRICS = "results/mine/tables/metrics.parquet"
CSV = "results/mine/tables/metrics.csv"
LOG = "results/mine/logs/metrics_csv.log"


def named(directive):
    """Names in a directive of a rule, and whether it has more that are made while Snakemake reads it."""
    keywords = ast.parse(f"f(\n{directive}\n)", mode="eval").body.keywords
    names = {keyword.arg for keyword in keywords if keyword.arg}
    starred = [ast.unparse(keyword.value) for keyword in keywords if keyword.arg is None]
    figures = {"pdf", "png", "csv"} if any(text.startswith("figure(") for text in starred) else set()
    return names | figures, any(not text.startswith("figure(") for text in starred)


@pytest.fixture(scope="module")
def described():
    """The rule of each script that says most of it: the one that others are changes of."""
    text = "".join(file.read_text() for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
    found = [rule for rule in rules.rules(text) if "script" in rule.directives]
    return {Path(rule.directives["script"].strip('"')).name: rule.directives for rule in found}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_asks_for_what_its_rule_gives_and_has_options_for_it(script, described, capsys):
    interface = interface_of(script)
    assert interface.purpose
    assert any(interface.names["output"]) or "output" in interface.open
    for part in ("input", "output", "params"):
        names, more = named(described[script.name].get(part, ""))
        assert more or set(interface.names[part]) <= names
    with pytest.raises(SystemExit) as stop:
        command_line(script, interface).parse_args(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for part, names in interface.names.items():
        assert all(f"--{PARTS[part]}-{name}" in shown for name in names)


def test_names_are_found_under_other_names_of_a_part(tmp_path):
    script = tmp_path / "one.py"
    script.write_text(
        '"""Do it."""\n'
        "with job(globals()) as (snakemake, log):\n"
        "    params, settings = snakemake.params, snakemake.params.settings['deep']\n"
        "    files = snakemake.input\n"
        "    read(files.model, files['table'], *[files[name] for name in params.names], files.get(one))\n"
        "    save(dict(snakemake.output.items()), snakemake.wildcards.seed, snakemake.resources.mem_mb)\n"
    )
    interface = interface_of(script)
    assert interface.purpose == "Do it."
    assert interface.names == {
        "input": ("model", "table"),
        "output": (),
        "params": ("settings", "names"),
        "wildcards": ("seed",),
        "resources": ("mem_mb",),
    }
    assert interface.open == {"input", "output"}


def test_values_are_found_by_place_and_by_name_as_snakemake_has_them():
    values = {"model": "a", "parts": ["b", "c"], "index": "d"}
    ours, theirs = Named(values, flat=True), Namedlist(fromdict=values)
    assert list(ours) == ["a", "b", "c", "d"]
    assert ours.parts == ours["parts"] == theirs.parts
    assert ours.index == theirs.index == "d"
    assert dict(ours.items()) == dict(theirs.items())
    assert ours.get("model") == theirs.get("model") == "a"
    assert ours.get("another") is theirs.get("another") is None
    assert Named({"edges": [1, 2]})[0] == [1, 2]


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study with a table of metrics and its CSV, made from the folder above its results."""
    monkeypatch.chdir(tmp_path)
    write_study_record("results/mine", {"seed": 7})
    rows = {"model": "clean", "seed": 1, "kind": "attack", "perturbation": "fgsm", "epsilon": [0.0, 0.1]}
    rows |= {"discriminator": "BvL", "metric": "auc", "working_point": 0.5, "value": 0.9, "low": 0.8}
    Path(METRICS).parent.mkdir()
    write_table(pd.DataFrame(rows | {"high": 0.95, "n": 10, "replicates": None}), METRICS)
    Path(CSV).write_text("as the study made it\n")
    job = SimpleNamespace(
        rule="metrics_csv",
        wildcards=Namedlist(),
        params=Namedlist(fromdict={"study": "mine", "code": "abc"}),
        input=Namedlist(fromdict={"metrics": METRICS}),
        output=Namedlist(fromdict={"csv": CSV}),
        log=Namedlist([LOG]),
        threads=2,
        resources=Namedlist(fromdict={"mem_mb": 100}),
    )
    write_job_record(job, "wall 1.0 s", "metrics_csv.py")
    return tmp_path


SCRIPT = ROOT / "scripts/metrics_csv.py"


def test_a_job_is_repeated_in_another_folder(study):
    found = by_hand(SCRIPT, ["--job", CSV, "--into", "again"])
    assert (found.rule, found.threads) == ("metrics_csv", 2)
    assert dict(found.input.items()) == {"metrics": METRICS}
    # The old fingerprint of the code says nothing of this run.
    assert dict(found.params.items()) == {"study": "mine"}
    assert found.output.csv == f"again/{CSV}"
    assert found.log == [f"again/{LOG}"]
    assert (study / "again/results/mine/tables").is_dir()


def test_each_part_of_a_job_can_be_another(study):
    other = study / "other.parquet"
    other.write_bytes(b"")
    arguments = ["--input-metrics", str(other), "--param-study", "theirs", "--threads", "1"]
    found = by_hand(SCRIPT, ["--job", CSV, *arguments, "--output-csv", "new/other.csv"])
    assert found.input.metrics == str(other)
    assert found.params.study == "theirs"
    assert found.threads == 1
    assert found.output.csv == "new/other.csv"
    assert found.log == ["new/other.csv.log"]


@pytest.mark.parametrize("there", [CSV, LOG.replace(".log", ".json")])
def test_nothing_of_a_study_is_replaced_unless_one_says_so(study, there):
    with pytest.raises(InputError, match=f"already there: .*{there}.*; write elsewhere with --into"):
        by_hand(SCRIPT, ["--job", CSV])
    found = by_hand(SCRIPT, ["--job", CSV, "--force"])
    assert (found.output.csv, found.log) == (CSV, [LOG])


def test_the_log_of_a_run_that_failed_stands_in_nobodys_way(study):
    arguments = ["--job", CSV, "--output-csv", "new.csv"]
    Path("new.csv.log").write_text("failed")
    assert by_hand(SCRIPT, arguments).log == ["new.csv.log"]
    Path("new.csv.json").write_text("finished")
    with pytest.raises(InputError, match=r"already there: new\.csv\.json"):
        by_hand(SCRIPT, arguments)


def test_what_is_missing_is_listed_in_one_line(study):
    with pytest.raises(InputError, match=r"^missing: --input-metrics, --param-study; give them, or --job"):
        by_hand(SCRIPT, ["--output-csv", "new.csv"])
    with pytest.raises(InputError, match=r"^no such input: gone\.parquet; make it again"):
        by_hand(SCRIPT, ["--job", CSV, "--into", "again", "--input-metrics", "gone.parquet"])


def test_the_job_must_be_one_of_the_script(study):
    with pytest.raises(InputError, match=r"^scripts/metrics_csv\.py made results/.*: run that one"):
        by_hand(ROOT / "scripts/scale_factors.py", ["--job", CSV])


def test_a_record_of_an_older_version_is_one_clear_line(study):
    record = Path(LOG).with_suffix(".json")
    old = {key: value for key, value in json.loads(record.read_text()).items() if key != "outputs"}
    record.write_text(json.dumps(old))
    with pytest.raises(InputError, match="from an older version: run its rule again"):
        by_hand(SCRIPT, ["--job", CSV])


def test_paths_of_a_record_count_from_where_the_job_ran(study, monkeypatch):
    elsewhere = study / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    found = by_hand(SCRIPT, ["--job", f"../{CSV}", "--output-csv", "mine.csv"])
    assert Path.cwd() == study
    assert found.input.metrics == METRICS
    assert found.output.csv == str(elsewhere / "mine.csv")


def test_results_may_be_a_link_to_another_disk(study):
    (study / "disk").mkdir()
    (study / "results").rename(study / "disk/results")
    (study / "results").symlink_to(study / "disk/results")
    assert by_hand(SCRIPT, ["--job", CSV, "--into", "again"]).input.metrics == METRICS
    assert Path.cwd() == study


def test_lists_and_single_files_keep_their_form(study):
    collect = ROOT / "scripts/collect.py"
    found = by_hand(
        collect, ["--input-parts", METRICS, "--output-table", "all.parquet", "--param-origins=[[a, 1]]"]
    )
    assert list(found.input.parts) == [METRICS]
    assert Path(found.output.table) == Path("all.parquet")
    assert f"{found.output.table}" == "all.parquet"


def test_names_that_settings_ask_for_are_taken_where_the_source_leaves_them_open(study, capsys):
    script = ROOT / "scripts/claims.py"
    with pytest.raises(InputError, match="missing: --input-orders"):
        by_hand(script, ["--input-metrics", METRICS])
    given = ["--input-metrics", METRICS, "--input-orders", METRICS]
    made = [f"--output-{name}={name}" for name in ("json", "report", "page")]
    settings = ["--param-settings={}", "--param-pairs=[]", "--param-tables=[metrics, audit]"]
    found = by_hand(script, [*given, *made, *settings])
    assert Path(found.input["metrics"]) == Path(METRICS)
    with pytest.raises(InputError, match="missing: audit; give it by an option"):
        [found.input[name] for name in found.params.tables]
    with pytest.raises(SystemExit):
        by_hand(SCRIPT, ["--input-model", METRICS])
    assert "unrecognized arguments: --input-model" in capsys.readouterr().err


@pytest.mark.process
def test_a_script_runs_by_hand_and_records_how(study):
    command = [sys.executable, str(SCRIPT), "--job", CSV, "--param-study", "theirs"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("robustag: metrics_csv: already there: results/mine/tables/metrics.csv")
    assert len(refused.stderr.splitlines()) == 1
    assert Path(CSV).read_text() == "as the study made it\n"
    subprocess.run([*command, "--output-csv", "by_hand.csv"], check=True)
    assert pd.read_csv("by_hand.csv")["study"].tolist() == ["theirs", "theirs"]
    record = json.loads(Path("by_hand.csv.json").read_text())
    assert record["command"].endswith("--param-study theirs --output-csv by_hand.csv")
    assert record["params"] == {"study": "theirs"}
    assert "finished" in Path("by_hand.csv.log").read_text()
