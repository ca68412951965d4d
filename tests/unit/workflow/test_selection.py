"""What one part of a configuration uses, another must provide; each fault says what to change."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from robustag.errors import InputError
from robustag.evaluation import VARIED
from robustag.workflow.configuration import check_against_schema
from robustag.workflow.selection import (
    attacks_by_budget,
    certified_models,
    check_selection,
    compared_models,
    nominal_models,
    shown_mismodellings,
    shown_rocs,
    shown_scenarios,
    whole_model,
)


@pytest.fixture
def config(root):
    # YAML anchors share what stands behind them: a copy of each part lets a test change one alone.
    text = (root / "config/config.yaml").read_text()
    return {key: copy.deepcopy(value) for key, value in yaml.safe_load(text).items()}


def test_the_default_study_selects_what_there_is(config, table):
    check_selection(config, table)


@pytest.mark.parametrize("selection", ["samples", "variations", "models", "attacks", "scenarios"])
def test_unknown_names_are_reported_with_the_known_ones(config, table, selection):
    config["run"][selection] = [*config["run"][selection], "nonsense"]
    with pytest.raises(InputError, match=f"run.{selection} names 'nonsense'.*use "):
        check_selection(config, table)


BAR = {"label": "bar", "perturbation": "impact_parameter_smearing", "epsilon": 0.1}
PAIR = {"label": "clean", "nominal": "clean_nominal", "adversarial": "clean_fgsm"}


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("split", [0.7, 0.1, 0.1], r"split adds up to 0\.9: .* must add up to 1"),
        ("weights.pt_edges", [20, 60, 40], r"weights\.pt_edges has 60 before 40: .*ascending"),
        ("weights.eta_edges", [0, 0], r"weights\.eta_edges has 0 before 0"),
        ("evaluation.bins.pt", [50, 30], r"evaluation\.bins\.pt has 50 before 30: .*ascending"),
        ("evaluation.inputs.jet_pt", [300.0, 0.0], r"inputs\.jet_pt is the range \[300, 0\]: give the lower"),
        (
            "evaluation.inputs.jet_mass",
            [0.0, 1.0],
            r"evaluation\.inputs names 'jet_mass'.*such as vertex_mass",
        ),
        (
            "surface.pairs",
            [{"inputs": ["jet_pt", "jet_ta"], "widths": [12.6, 1.36]}],
            r"surface\.pairs names 'jet_ta'.*such as jet_eta",
        ),
        (
            "scenarios.impact_parameter_smearing.inputs",
            ["track_9_*"],
            r"scenarios\.impact_parameter_smearing\.inputs: 'track_9_\*' names no",
        ),
        ("frozen", ["jet_mass"], "frozen: 'jet_mass' names no input"),
        ("attacks.fgsm.frozen", ["jets"], r"attacks\.fgsm\.frozen: 'jets' names no input"),
        ("attacks.softer_jets", {"name": "noise"}, "'softer_jets' is an attack and a scenario.*rename one"),
        ("attacks.transfer.source", "unborn", r"attack 'transfer' needs the model 'unborn': add it to run"),
        ("attacks.fgsm.source", "clean_nominal", "attack 'fgsm': 'transfer' needs a source"),
        (
            "distances.attacks",
            ["fgsm", "fgms"],
            r"distances\.attacks names 'fgms', which attacks lacks: use ",
        ),
        ("distances.attacks", ["transfer"], r"distances\.attacks: 'transfer' is crafted on another model"),
        ("groups.attacks", ["fgms"], r"groups\.attacks names 'fgms', which attacks lacks: use "),
        ("groups.attacks", ["transfer"], r"groups\.attacks: 'transfer' is crafted on another model"),
        (
            "run.pseudo_data",
            ["fakes_up"],
            r"run\.pseudo_data names 'fakes_up', as run\.variations does: .* take one out",
        ),
        (
            "run.pseudo_data",
            ["vincia"],
            r"run\.pseudo_data names 'vincia', which lacks jets .*: name a variation of the detector",
        ),
        ("run.pseudo_data", ["nonsense"], r"run\.pseudo_data names 'nonsense', which variations lacks: use"),
        (
            "models.clean_paired.recipe.variations",
            ["mixture"],
            r"models\.clean_paired\.recipe\.variations names 'mixture', as run\.pseudo_data does: .*trained",
        ),
        ("optimality.attacks", ["transfer"], r"optimality\.attacks: 'transfer' is crafted on another model"),
        (
            "optimality.attacks",
            ["fgsm", "carlini_wagner"],
            r"optimality\.attacks: 'carlini_wagner' has another budget than 'fgsm': take one of them out",
        ),
        ("run.scenarios", ["fakes_up"], "run.scenarios names the variation 'fakes_up': leave it out"),
        (
            "scenarios.fakes_up",
            {"kind": "swap", "strengths": [0.1]},
            "'fakes_up' is a scenario and a variation, .*: rename one of them",
        ),
        ("run.models", ["clean_nominal"], r"figures\.pairs 'clean' needs the model 'clean_fgsm': add it"),
        ("figures.attack", "pip", r"figures\.attack needs 'pip': add it to run\.attacks"),
        ("figures.attack", "transfer", r"figures\.attack: 'transfer' is crafted on another model: name what"),
        ("figures.noise", "softer_jets", r"figures\.noise needs 'softer_jets': add it to run\.attacks"),
        ("figures.rocs", {"odd": ["fgms"]}, r"figures\.rocs\.odd names 'fgms', which attacks lacks"),
        ("figures.epsilon", 0.03, r"figures\.epsilon asks for 0\.03, which epsilons lacks: use one of 0, "),
        ("claims.epsilon", 0.011, r"claims\.epsilon asks for 0\.011, which epsilons lacks"),
        ("claims.efficiency", 0.8, r"claims\.efficiency asks for 0\.8, which evaluation\.efficiencies lacks"),
        ("figures.noise", "fgsm", r"figures\.noise is 'fgsm', as is figures\.attack: name another"),
        ("epsilons", [0.01, 0.05], r"epsilons lacks 0, the raw jets .*: add 0\.0"),
        ("figures.pairs", [PAIR, PAIR], r"figures\.pairs has the label 'clean' twice: rename one"),
        (
            "figures.pairs",
            [PAIR | {"adversarial": "clean_nominal"}],
            r"figures\.pairs 'clean' compares 'clean_nominal' with itself: name two models",
        ),
        (
            "figures.pairs",
            [PAIR, PAIR | {"label": "again"}],
            r"figures\.pairs 'clean' and 'again' compare the same: remove one",
        ),
        (
            "validation.samples",
            {"bb": {"events": 10}},
            r"validation\.samples has no sample of process cc or light: add one, or take all away with null",
        ),
        (
            "validation.samples",
            {"ttbar": {"events": 10}},
            r"validation\.samples\.ttbar: 'ttbar' supplies no flavour of its own: use one of bb, cc, light",
        ),
        ("figures.mismodellings", [BAR, BAR], r"figures\.mismodellings has the label 'bar' twice"),
        (
            "figures.mismodellings",
            [BAR | {"epsilon": 0.3}],
            r"0\.3, which scenarios\.impact_parameter_smearing\.strengths lacks",
        ),
        (
            "figures.mismodellings",
            [BAR | {"perturbation": "fgsm", "epsilon": 0.3}],
            r"mismodellings 'bar' asks for 0\.3, which epsilons lacks",
        ),
        (
            "figures.mismodellings",
            [BAR | {"perturbation": "ip_resolution_up"}],
            rf"asks for epsilon 0\.1 of a varied sample: give {VARIED}",
        ),
        (
            "figures.mismodellings",
            [BAR, BAR | {"label": "other", "perturbation": "melted"}],
            r"'other' names 'melted', which no attack, scenario or variation defines",
        ),
    ],
)
def test_a_fault_says_where_it_is_and_how_to_mend_it(config, table, key, value, complaint):
    *owner, last = key.split(".")
    place = config
    for step in owner:
        place = place[step]
    place[last] = value
    with pytest.raises(InputError, match=complaint) as fault:
        check_selection(config, table)
    assert all(line.startswith("config: ") for line in str(fault.value).splitlines())


def test_a_sample_of_columns_that_is_studied_has_labels(config, table):
    sample = {"format": "columns", "files": ["a"], "pt": "pt", "eta": "eta", "select": {"where": "pt > 5"}}
    config["samples"]["mine"] = sample
    check_selection(config, table)  # it may be data
    config["run"] |= {"samples": ["mine"], "variations": [], "scenarios": []}
    with pytest.raises(InputError, match=r"samples\.mine: format columns .* give labels"):
        check_selection(config, table)
    sample["labels"] = {"branch": "flavour", "b": [5], "c": [4], "light": [0]}
    check_selection(config, table)


def test_every_fault_has_its_own_line(config, table):
    config["claims"]["epsilon"], config["claims"]["efficiency"] = 0.5, 0.5
    with pytest.raises(InputError) as fault:
        check_selection(config, table)
    assert len(str(fault.value).splitlines()) == 2


@pytest.mark.parametrize("preset", ["smoke", "paper"])
def test_the_presets_fit_the_default_study(root, table, preset):
    merged = {}
    for name in ("config", preset):
        update_config(merged, yaml.safe_load((root / f"config/{name}.yaml").read_text()))
    check_against_schema(merged, root / "src/robustag/workflow/schemas/config.schema.yaml", preset)
    check_selection(merged, table)


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (
            {"name": "resnet"},
            "there is no network 'resnet': use linear, lipschitz, mlp, set_transformer, or add src/",
        ),
        ({"name": "mlp", "hidden": [4]}, "network 'mlp' lacks its option 'dropout'"),
        ({"name": "linear", "hidden": [4]}, "network 'linear' takes no 'hidden': its options are none"),
        ({"name": "mlp", "hidden": [4], "dropout": 0.1, "width": 3}, "takes no 'width': .* hidden, dropout"),
    ],
)
def test_networks_are_checked_before_anything_runs(config, table, network, complaint):
    config["models"]["clean_fgsm"]["network"] = network
    with pytest.raises(InputError, match=r"models\.clean_fgsm\.network: .*" + complaint):
        check_selection(config, table)


PGD = {"name": "pgd", "steps": 4, "rate": 2.5, "restarts": 0}
INNER = {"epsilon": 0.1, "attack_mode": "eval"}
RECIPE, MINE = ("models", "clean_fgsm", "recipe"), ("attacks", "mine")


@pytest.mark.parametrize(
    ("place", "definition", "complaint"),
    [
        (MINE, {"name": "fgms"}, r"attacks\.mine: unknown attack 'fgms' \(like fgsm\): use one of apgd"),
        (
            MINE,
            {"name": "fgsm", "steps": 3},
            "mine: attack 'fgsm' takes no 'steps': its options are objective; leave",
        ),
        (MINE, {"name": "pgd", "rate": 1.0, "restarts": 0}, "attack 'pgd' lacks its option 'steps': add it"),
        (MINE, PGD | {"relativ_cap": 0.2}, r"takes no 'relativ_cap' \(like relative_cap\): its options are"),
        (
            MINE,
            PGD | {"norm": "l2", "physical": "consistent"},
            r"attacks\.mine: physical: consistent needs norm linf or none, and this is l2: give one",
        ),
        (MINE, PGD | {"steps": 0}, r"attacks\.mine\.steps: 0 is less than the minimum of 1"),
        (MINE, PGD | {"steps": 2.5}, r"attacks\.mine\.steps: 2\.5 is not a whole number"),
        (MINE, PGD | {"rate": "1e-3"}, r"mine\.rate: '1e-3' is text, not a number; write 0\.001 without"),
        (MINE, {"name": "shift", "direction": "left"}, r"direction: 'left' is not one of \['up', 'down'\]"),
        (MINE, {"name": "shift"}, "attack 'shift' lacks its option 'direction'"),
        (MINE, {"name": "worst_case", "members": []}, r"members: \[\] (is too short|should be non-empty)"),
        (
            MINE,
            {"name": "worst_case", "members": [PGD, PGD | {"stepss": 1}]},
            r"attacks\.mine\.members\.1: attack 'pgd' takes no 'stepss' \(like steps\)",
        ),
        (
            MINE,
            {"name": "worst_case", "members": ["pgd"]},
            r"members: 'pgd' is not a mapping|members\.0: 'pgd'",
        ),
        (MINE, {"name": "worst_case", "members": [PGD | {"norm": "l2"}]}, r"members\.0: .* takes no 'norm'"),
        (
            ("attacks", "transfer", "attack"),
            {"name": "shift"},
            r"transfer\.attack: attack 'shift' lacks its option 'direction'",
        ),
        (("transfer", "attack"), {"name": "pgd"}, r"transfer\.attack: attack 'pgd' lacks its option 'steps'"),
        (
            ("certificates", "attacks"),
            [{"name": "magic"}],
            r"certificates\.attacks\.0: unknown attack 'magic'",
        ),
        (
            ("certificates", "attacks"),
            [{"name": "worst_case", "members": [{"name": "transfer", "attack": {"name": "fgsm"}}]}],
            r"certificates\.attacks\.0: 'worst_case' is crafted on another model",
        ),
        (RECIPE, {"name": "magic"}, r"models\.clean_fgsm\.recipe: unknown recipe 'magic': use one of adv"),
        (RECIPE, {"name": "fgsm", "attack_mode": "eval"}, "recipe 'fgsm' lacks its option 'epsilon'"),
        (RECIPE, {"name": "fgsm", "epsilon": 0.1}, "recipe 'fgsm' lacks its option 'attack_mode'"),
        (
            RECIPE,
            {"name": "nominal", "epsilon": 0.1},
            "recipe 'nominal' takes no 'epsilon': its options are none",
        ),
        (RECIPE, {"name": "fgsm", "epsilon": 0.1, "attack_mode": "on"}, r"attack_mode: 'on' is not one of"),
        (
            RECIPE,
            {"name": "pgd", "beta": 1.0, **INNER},
            "recipe 'pgd' takes no 'beta'.*\n.*lacks its option 'steps'",
        ),
        (
            RECIPE,
            {"name": "adversarial", "attack": PGD | {"beta": 1.0}, **INNER},
            r"clean_fgsm\.recipe\.attack: attack 'pgd' takes no 'beta': .* steps, rate, restarts",
        ),
        (
            RECIPE,
            {"name": "adversarial", "attack": {"name": "fgsm", "jets": 3}, **INNER},
            r"recipe\.attack: attack 'fgsm' takes no 'jets'",
        ),
        (
            RECIPE,
            {"name": "adversarial", "attack": {"name": "transfer", "attack": {"name": "fgsm"}}, **INNER},
            "no recipe trains on attack 'transfer'",
        ),
    ],
)
def test_attacks_and_recipes_are_checked_before_anything_runs(config, table, place, definition, complaint):
    *owner, last = place
    section = config
    for step in owner:
        section[step] = copy.copy(section[step])
        section = section[step]
    section[last] = definition | {"factors": "none"} if place == MINE else definition
    with pytest.raises(InputError, match=complaint):
        check_selection(config, table)


def test_an_attack_with_any_shared_key_is_accepted(config, table):
    config["attacks"]["mine"] = PGD | {
        **{"factors": "central", "norm": "l2", "physical": True, "relative_cap": 0.3, "frozen": ["jet"]},
        **{"loss": {"name": "cross_entropy"}, "jets": 10},
    }
    training = {"name": "fgsm", "norm": "l2", "factors": "none", "loss": {"name": "cross_entropy"}}
    config["models"]["clean_fgsm"]["recipe"] = {"name": "adversarial", "attack": training, **INNER}
    config["run"]["attacks"].append("mine")
    check_selection(config, table)


def test_certificates_are_for_compared_models_that_are_relu_networks(config):
    config["models"]["clean_fgsm"]["network"] = {"name": "deep_set"}
    assert compared_models(config) == ["clean_nominal", "clean_fgsm", "faithful_nominal", "faithful_fgsm"]
    config["run"]["certified"] = []
    assert certified_models(config) == ["clean_nominal", "faithful_nominal", "faithful_fgsm"]


def test_models_may_be_there_for_their_certificate_alone(config, table):
    config["run"]["certified"] = ["clean_mtl_ibp_03", "clean_fgsm"]
    check_selection(config, table)
    assert certified_models(config) == [*compared_models(config), "clean_mtl_ibp_03"]
    config["run"]["certified"] = ["clean_set_transformer"]
    with pytest.raises(InputError, match="network 'set_transformer' of 'clean_set_transformer' cannot be"):
        check_selection(config, table)


def test_a_study_without_certificates_certifies_no_model(config):
    config["certificates"]["epsilons"] = []
    assert certified_models(config) == []


def test_what_a_study_does_not_measure_is_not_shown(config, table):
    config["figures"]["rocs"] = {"odd": ["rdsa"], "capped": ["rdsa", "fgsm"]}
    config["figures"]["mismodellings"] = [BAR | {"perturbation": "mpi_off"}]
    check_selection(config, table)
    assert shown_rocs(config) == {"capped": ["fgsm"]}
    assert shown_mismodellings(config) == []


def test_pairs_may_share_their_models(config, table):
    config["figures"]["pairs"] = [
        PAIR,
        {"label": "other", "nominal": "faithful_nominal", "adversarial": "clean_fgsm"},
        {"label": "crossed", "nominal": "clean_nominal", "adversarial": "faithful_nominal"},
    ]
    check_selection(config, table)
    assert compared_models(config) == ["clean_nominal", "clean_fgsm", "faithful_nominal"]
    assert nominal_models(config, "clean_nominal") == ["clean_nominal"]
    assert nominal_models(config, "clean_fgsm") == ["clean_nominal", "faithful_nominal"]
    assert nominal_models(config, "faithful_nominal") == ["faithful_nominal", "clean_nominal"]


def test_a_variation_is_a_scenario_of_its_own_name_after_the_others(config):
    config["run"] |= {"variations": ["jes_up", "fakes_up"], "scenarios": ["track_order"]}
    shown = shown_scenarios(config)
    assert list(shown) == ["track_order", "jes_up", "fakes_up"]
    assert shown["jes_up"] == {"kind": "resimulated", "variation": "jes_up"}
    # A job that is told so is not made again for another prior.
    assert shown["track_order"] == {"kind": "swap", "strengths": [0.05, 0.2]}


def test_a_model_takes_the_common_optimiser_but_for_what_it_says(config):
    config["optimiser"] = {"name": "adam", "decay": {"name": "inverse", "epochs": 30}, "epochs": 60}
    config["models"]["clean_linear"]["optimiser"] = {"decay": {"name": "constant"}, "epochs": 5}
    assert whole_model(config, "clean_nominal")["optimiser"] == config["optimiser"]
    own = whole_model(config, "clean_linear")["optimiser"]
    assert own == {"name": "adam", "decay": {"name": "constant"}, "epochs": 5}


def test_attacks_in_the_budget_of_the_shown_one_are_compared(config):
    config["run"]["attacks"] = [
        "noise",
        "mahalanobis",
        "pgd",
        "fgsm_capped",
        "fgsm",
        "ngm",
        "pip_pgd",
        "shift_up",
    ]
    groups = attacks_by_budget(config)
    assert groups["compared"] == ["noise", "pgd", "fgsm"]
    assert groups["apart"] == ["mahalanobis", "fgsm_capped", "ngm", "pip_pgd", "shift_up"]


def test_a_cap_of_the_study_is_one_of_all_its_budgets(config):
    config["run"]["attacks"] = ["fgsm", "fgsm_capped", "pgd"]
    config["relative_cap"] = 0.2
    assert attacks_by_budget(config)["compared"] == ["fgsm", "fgsm_capped", "pgd"]
    config["relative_cap"] = 0.1
    assert attacks_by_budget(config)["apart"] == ["fgsm_capped"]


def test_where_the_shown_attack_compares_with_none_all_stand_apart(config):
    config["run"]["attacks"] = ["fgsm", "pip_pgd"]
    config["figures"]["attack"] = "pip_pgd"
    assert attacks_by_budget(config) == {"compared": [], "apart": ["fgsm", "pip_pgd"]}


def test_a_recipe_knows_how_many_deviations_its_variations_are(config):
    coherent = whole_model(config, "clean_coherent")["recipe"]
    assert coherent["variations"][0] == "ip_resolution_up"
    assert coherent["deviations"] == [
        config["variations"][name].get("sigma", 1.0) for name in coherent["variations"]
    ]
    assert "deviations" not in whole_model(config, "clean_paired")["recipe"]
    config["models"]["clean_coherent"]["recipe"]["deviations"] = [2.0] * 5
    assert whole_model(config, "clean_coherent")["recipe"]["deviations"] == [2.0] * 5
