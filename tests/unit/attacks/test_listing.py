"""The table of attacks says what the attacks cost, and docs/attacks.md is that table."""

import inspect
import re
import subprocess
import sys

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
    "momentum_pgd": 2 * (4 + 1),
    "apgd": 2 * 12,
    "mahalanobis_gradient": 1,
    "mahalanobis_pgd": 2 * (4 + 1),
    "deepfool": 5,
    "fmn": 8,
    "carlini_wagner": 3 * 10,
    "random_search": 2 * 12,
    "pip": 2,
    "pip_pgd": 2 * (3 + 2),
    "rdsa": 2 * (1 + 6),
    "conserving_pgd": 2 * 3,
    "undetected": 2 * (3 + 1),
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


def test_every_entry_finds_its_function_and_says_its_options():
    for name, info in ATTACKS.items():
        assert info.function.__name__ == (info.builder or name)
        arguments = list(inspect.signature(info.function).parameters)
        # The objective is the problem's, whatever the function.
        shared = ["objective"] if info.directed else []
        assert [*arguments, *shared] == ["problem", *(option.name for option in info.options)]
        assert info.summary.endswith((".", ":")), name
        assert all(option.schema for option in info.options), f"{name}: values of an option go unchecked"


@pytest.mark.process
def test_the_catalogue_is_read_without_torch():
    ask = (
        "import sys; from robustag.attacks import ATTACKS; from robustag.training import RECIPES\n"
        "from robustag.attacks import listing; listing.plain()\n"
        "[(info.options, info.summary) for info in (*ATTACKS.values(), *RECIPES.values())]\n"
        "from robustag.workflow import selection, definitions, fingerprints\n"
        "fingerprints.attack_fingerprint({'name': 'pgd'}); print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_what_shares_its_name_with_a_module_is_exported_all_the_same():
    import robustag.attacks.audit
    import robustag.attacks.sweep
    from robustag.attacks import audit, sweep

    assert callable(audit)
    assert callable(sweep)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        robustag.attacks.nonsense  # noqa: B018
