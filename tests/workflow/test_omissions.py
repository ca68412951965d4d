"""What a study has nothing of drops out of the plan; what it cannot do without is refused in one line."""

import pytest
import yaml
from tests.checkout import Checkout

pytestmark = pytest.mark.process

NO_INPUTS = dict.fromkeys(["jet_pt", "jet_eta", "track_2_d0_significance", "vertex_mass", "track_0_D0"])
NO_ROCS = dict.fromkeys(["capped", "systematic"])
NO_VALIDATION = {"samples": dict.fromkeys(["bb", "cc", "light"])}
PAIRS = [
    {"label": "weak", "nominal": "clean_nominal", "adversarial": "clean_fgsm"},
    {"label": "other", "nominal": "faithful_nominal", "adversarial": "clean_fgsm"},
    {"label": "crossed", "nominal": "clean_nominal", "adversarial": "faithful_nominal"},
]
ONE_OF_EACH = {
    "run": {"attacks": ["noise", "fgsm"], "samples": ["ttbar"], "seeds": [1]},
    "epsilons": [0.0, 0.05],
    "claims": {"epsilon": 0.05},
    "figures": {"discriminators": ["CvB"]},
    "surface": {"pairs": [{"inputs": ["jet_pt", "jet_eta"], "widths": [12.6, 1.36]}]},
}
# Preset, rules that it has nothing for, and rules that stay although much of what they show is gone.
OMISSIONS = {
    "no scenarios": (
        {
            "run": {"variations": [], "scenarios": [], "pareto": {"models": []}},
            "figures": {"mismodellings": []},
            "certificates": {"epsilons": []},
            "optimality": {"attacks": []},
        },
        {
            "mismodel",
            "align",
            "fig_alignment",
            "scenario_distances",
            "scale_factors",
            "fig_mismodelling",
            "fig_pareto",
            "certify",
            "certify_rates",
            "fig_certified",
            "optimality",
            "fig_optimality",
        },
        {"distances", "fig_input_distance", "fig_mismodelling_map"},
    ),
    "no boxes": (
        {"certificates": {"boxes": {"none": None, "uncertainty": None}}},
        {"certify_rates"},
        {"certify", "fig_certified"},
    ),
    "no variations": (
        {
            "run": {"variations": [], "scenarios": ["impact_parameter_smearing", "softer_jets"]},
            "figures": {"rocs": NO_ROCS},
            "validation": NO_VALIDATION,
            "distances": {"attacks": []},
        },
        {
            *(
                "align",
                "fig_alignment",
                "vary_records",
                "generate_varied",
                "fig_roc_perturbations",
                "distances",
            ),
            *("validate_generate", "validate_inputs", "validate_published", "fig_simulation_inputs"),
        },
        {"mismodel", "scenario_distances", "scale_factors", "fig_input_distance", "fig_simulation_tracks"},
    ),
    "weights and no other variation": (
        {"run": {"variations": ["fsr_scale_down", "c_fragmentation_up"]}},
        {"vary_records", "generate_varied", "records_varied", "tensorise_varied", "tensorise_records"},
        {"mismodel", "align", "scenario_distances", "scale_factors", "fig_mismodelling_map"},
    ),
    "one of each and nothing else": (
        {
            **ONE_OF_EACH,
            "run": {**ONE_OF_EACH["run"], "variations": [], "scenarios": [], "pareto": {"attacks": []}},
            "figures": {**ONE_OF_EACH["figures"], "rocs": NO_ROCS, "mismodellings": []},
            "evaluation": {"inputs": NO_INPUTS},
            "distances": {"attacks": []},
            "groups": {"attacks": []},
            "certificates": {"epsilons": []},
            "validation": NO_VALIDATION,
        },
        {
            *(
                "align",
                "mismodel",
                "certify",
                "groups",
                "fig_groups",
                "certify_rates",
                "distances",
                "scenario_distances",
                "scale_factors",
                "validate_inputs",
            ),
            *("fig_alignment", "fig_certified", "fig_input", "fig_input_distance", "fig_input_epsilon"),
            *("fig_mismodelling", "fig_mismodelling_map", "fig_pareto", "fig_roc_perturbations"),
            "fig_simulation_inputs",
        },
        {"attack", "transfer", "surface", "epochs", "fig_headline", "fig_roc", "fig_surface", "fig_history"},
    ),
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def plan(fresh):
    def plan(preset, *targets):
        (fresh.folder / "mine.yaml").write_text(yaml.safe_dump(preset))
        return fresh.plan("--configfile", "config/smoke.yaml", "mine.yaml", "--", *targets)

    return plan


@pytest.mark.parametrize("preset", OMISSIONS)
def test_what_has_nothing_to_work_on_drops_out(plan, preset):
    changes, gone, left = OMISSIONS[preset]
    planned = plan(changes, "all", "archive")
    assert not planned.keys() & gone
    assert planned.keys() >= left | {"claims", "summary", "archive", "mismodelling_verdicts"}


def test_pseudo_data_add_their_comparison_and_change_nothing_else(plan):
    """No scenario, no training, no displacement: they are held back."""
    without = plan({"run": {"pseudo_data": []}}, "all", "archive")
    planned = plan({}, "all", "archive")
    added = {rule: planned[rule] - without.get(rule, 0) for rule in planned}
    assert {rule: number for rule, number in added.items() if number and rule != "total"} == {
        "index": 1,
        "pseudo_data": 3,
        "pseudo_data_inputs": 1,
        "collect": 2,
    }
    alone = plan({"run": {"frontier": {"models": []}}}, "all", "archive")
    assert not {"pseudo_data", "pseudo_data_inputs"} & alone.keys(), "nobody is compared by them"
    unseen = plan({"evaluation": {"inputs": NO_INPUTS}}, "frontier")
    assert unseen["pseudo_data"] == 3
    assert "pseudo_data_inputs" not in unseen


def test_pairs_share_their_models(plan):
    """Everything is made once for a model, and the figures of a pair once for each pair."""
    planned = plan({"figures": {"pairs": PAIRS}, "run": {"frontier": {"models": []}}}, "all")
    assert planned["epochs"] == planned["distances"] == planned["certify"] == 3
    assert planned["train"] == 4
    assert all(number == 1 for rule, number in planned.items() if rule.startswith("fig_"))


def test_a_name_that_leads_to_a_file_of_another_figure_is_refused(fresh):
    preset = {"figures": {"pairs": [{**PAIRS[0], "label": "weights"}]}}
    (fresh.folder / "mine.yaml").write_text(yaml.safe_dump(preset))
    run = fresh.snakemake("--dry-run", "--configfile", "config/smoke.yaml", "mine.yaml")
    assert run.returncode != 0
    assert (
        "config: the name 'weights' leads fig_surface and fig_surface_weights to the same file" in run.stdout
    )
    assert "Traceback" not in run.stdout
