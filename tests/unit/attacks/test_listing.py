"""The table of attacks says what the attacks cost, and docs/attacks.md is that table."""

import re

import pytest
from tests.unit.attacks.definitions import DEFINITIONS

from robustag.attacks import ATTACKS, Sweep
from robustag.cli import main

EPSILONS = (0.05, 0.1)
#: Forward passes over all jets for two epsilons, from the table and the options of DEFINITIONS.
FORWARD = {
    "noise": 0,
    "uniform": 0,
    "shift": 0,
    "universal_shift": 2 * 3,
    "fgsm": 1,
    "random_start_fgsm": 2 * 1,
    "ngm": 1,
    "pgd": 2 * (4 * 2 + 2),
    "momentum_pgd": 2 * 4,
    "apgd": 2 * 12,
    "mahalanobis_gradient": 1,
    "mahalanobis_pgd": 2 * 4,
    "deepfool": 5,
    "carlini_wagner": 3 * 10,
    "random_search": 2 * 12,
    "pip": 2,
    "pip_pgd": 2 * 3,
    "rdsa": 2 * (1 + 6),
    "conserving_pgd": 2 * 3,
    "transfer": 1,
    "worst_case": 1 + 2 * (8 + 3),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_what_the_table_says(setting, name):
    calls = []
    # The first pass only looks at the logits.
    hook = setting.model.register_forward_hook(lambda *_: calls.append(1))
    attack = Sweep(
        DEFINITIONS[name], *setting.arguments, setting.rule, seed=1, sources=(setting.model,), chunk=1024
    )
    for epsilon in EPSILONS:
        attack(epsilon)
    hook.remove()
    assert len(calls) - 1 == FORWARD[name]


def test_the_example_of_the_page_runs(root):
    (example,) = re.findall(r"```python\n(.*?)```", (root / "docs/attacks.md").read_text(), re.DOTALL)
    names = {}
    exec(compile(example, "docs/attacks.md", "exec"), names)
    assert (names["moved"] != names["x"]).any()
    assert not names["box"].outside(names["moved"]).any()


def test_the_command_lists_every_attack(capsys):
    assert main(["attacks"]) == 0
    printed = capsys.readouterr().out
    for name, info in ATTACKS.items():
        (line,) = [line for line in printed.splitlines() if line.split()[:1] == [name]]
        assert info.reference in line
    assert "root mean square" in printed


def test_every_attack_of_the_schema_exists(root):
    import yaml

    schema = yaml.safe_load((root / "src/robustag/workflow/schemas/config.schema.yaml").read_text())
    names = schema["properties"]["attacks"]["additionalProperties"]["properties"]["name"]["enum"]
    assert set(names) == set(ATTACKS)
