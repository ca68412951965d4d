"""Faults in a configuration get one readable line each."""

import copy

import pytest
import yaml

from robustag.errors import InputError
from robustag.workflow.configuration import check_against_schema, take_away
from robustag.workflow.reference import reference


@pytest.fixture
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


@pytest.fixture
def check(root):
    return lambda config: check_against_schema(
        config, root / "src/robustag/workflow/schemas/config.schema.yaml", "config"
    )


def test_the_default_study_is_valid(config, check):
    check(config)


@pytest.mark.parametrize(
    ("keys", "value", "complaint"),
    [
        (["colour"], "red", "top level: unknown key 'colour'; known keys are attacks"),
        (["run", "model"], ["x"], "run: unknown key 'model'"),
        (["models", "clean_linear", "optimiser", "epochs"], 2.5, r"epochs: 2\.5 is not a whole number"),
        (["models", "clean_linear", "optimiser", "epochs"], "2.5", "epochs: '2.5' is not a whole number"),
        (["optimiser", "learning_rate"], "1e-3", r"'1e-3' is text.*write 0\.001 w"),
        (["optimiser", "learning_rate"], "1e-8", r"not a number; write 0\.00000001 w"),
        (["optimiser"], {"epochs": 3}, "optimiser: 'name' is a required property"),
        (["samples", "ttbar", "events"], "1e5", "not a whole number; write 100000 w"),
        (["relative_cap"], "big", "relative_cap: 'big' is not null or a number"),
        (["relative_cap"], -0.5, r"relative_cap: -0\.5 is less than or equal to the minimum of 0"),
        (["variations", "odd"], {"reason": "none"}, "odd: give either detector or generator or records"),
        (["relative_cap"], "0.2", r"relative_cap: '0\.2' is text, not null or a number; write 0\.2 without"),
        (["physical"], "no", "physical: 'no' is not true or false"),
        # As Snakemake reads --config physical=false, relative_cap=null and 'epsilons=[0.0, 0.01]'.
        (["physical"], "false", "'false' is text, .* write false .* in a preset, not after --config"),
        (["relative_cap"], "null", "'null' is text, .* write null .* in a preset, not after --config"),
        (["epsilons"], ["0.0", "0.01"], r"epsilons\.1: '0\.01' .* in a preset, not after --config"),
        (["epsilons"], [0.0, -0.1], r"epsilons\.1: -0\.1 is less than the minimum"),
        (
            ["models", "clean_fgsm", "arm"],
            "clean",
            "clean_fgsm: arm is no longer a key: leave it out; .*label",
        ),
        (["study"], "../../elsewhere", "study: .* does not match"),
        (["samples", "ttbar", "events"], 0, "0 is less than the minimum of 1"),
    ],
)
def test_faults_are_named_with_their_place(config, check, keys, value, complaint):
    place = config
    for key in keys[:-1]:
        place[key] = copy.deepcopy(place[key])  # YAML anchors share what stands behind them
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(InputError, match=complaint):
        check(config)


FOCAL, INVERSE = {"name": "focal", "gamma": 2.0}, {"name": "inverse", "epochs": 30}
SMEAR = {"kind": "smear", "unit": "sigma", "inputs": ["*"], "strengths": [0.1]}
COMPOSITION = {"kind": "composition", "factors": {}, "pt_power": -0.5}
PLANE = {"inputs": ["jet_pt", "jet_eta"], "widths": [12.6, 1.36]}
MODEL = ("models", "faithful_nominal")


@pytest.mark.parametrize(
    ("place", "good", "change", "complaint"),
    [
        ((*MODEL, "loss"), FOCAL, {"gamma": None}, "loss: 'gamma' is a required"),
        ((*MODEL, "loss"), FOCAL, {"name": "cross_entropy"}, "'cross_entropy' takes no gamma"),
        ((*MODEL, "optimiser", "decay"), INVERSE, {"epochs": None}, "decay: 'epochs' is a required"),
        ((*MODEL, "optimiser", "decay"), INVERSE, {"name": "cosine"}, "'cosine' takes no epochs"),
        (("scenarios", "odd"), SMEAR, {"strengths": None}, "odd: 'strengths' is a required"),
        (("scenarios", "odd"), SMEAR, {"pt_power": 1.0}, "'smear' takes no pt_power"),
        (("scenarios", "odd"), COMPOSITION, {"inputs": ["*"]}, "'composition' takes no inputs"),
        (("scenarios", "odd"), COMPOSITION, {"strengths": [0.1]}, "'composition' takes no strengths"),
        (("surface", "pairs"), [PLANE], [PLANE | {"inputs": ["jet_pt"] * 2}], "something stands twice in"),
        (("surface", "pairs"), [PLANE], [PLANE | {"widths": [1.0]}], "surface.pairs.0.widths"),
        (("surface", "pairs"), [PLANE], [PLANE["inputs"]], r"surface.pairs.0.*is not a mapping"),
    ],
)
def test_options_go_with_the_name(config, check, place, good, change, complaint):
    *owner, last = place
    section = config
    for step in owner:
        section[step] = copy.copy(section[step])
        section = section[step]
    section[last] = good
    check(config)
    changed = change if isinstance(change, list) else good | change
    section[last] = (
        changed if isinstance(changed, list) else {k: v for k, v in changed.items() if v is not None}
    )
    with pytest.raises(InputError, match=complaint):
        check(config)


def test_what_is_retired_is_explained_in_one_line(config, check):
    config["scenarios"]["jes_up"] = {"kind": "resimulated", "variation": "jes_up"}
    with pytest.raises(InputError) as fault:
        check(config)
    assert str(fault.value) == (
        "config: scenarios.jes_up: variation is no longer a key: leave out a resimulated scenario; every "
        "variation in run.variations is one, of its own name"
    )


def test_a_choice_of_words_is_named_with_its_words(tmp_path):
    schema = tmp_path / "schema.yaml"
    choice = {"oneOf": [{"enum": ["low", "high"]}, {"enum": ["none"]}]}
    schema.write_text(yaml.safe_dump({"properties": {"cut": choice}}))
    check_against_schema({"cut": "high"}, schema, "a.yaml")
    with pytest.raises(InputError, match=r"a\.yaml: cut: 'tight' is not low or high or none"):
        check_against_schema({"cut": "tight"}, schema, "a.yaml")


def test_every_fault_has_its_own_line(config, check):
    config["seed"], config["split"] = "one", [0.5, 0.5]
    with pytest.raises(InputError) as fault:
        check(config)
    assert len(str(fault.value).splitlines()) == 2


def test_the_reference_is_written_from_the_schema(root):
    page = reference()
    assert "| `models.NAME.optimiser.decay.name` | constant, cosine, inverse |" in page


def test_every_key_of_the_schema_is_described(root):
    schema = yaml.safe_load((root / "src/robustag/workflow/schemas/config.schema.yaml").read_text())

    def undescribed(node, path):
        for key, value in node.get("properties", {}).items():
            here = [*path, key]
            if "description" not in value and "description" not in definitions(value):
                yield ".".join(here)
            yield from undescribed(value, here)

    def definitions(value):
        return schema["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})

    assert list(undescribed(schema, [])) == []


@pytest.mark.parametrize(
    "key",
    [
        *(
            "evaluation.inputs.jet_pt",
            "attacks.rdsa",
            "models.clean_noise_2",
            "samples.bb",
            "variations.jes_up",
        ),
        *(
            "scenarios.track_order",
            "figures.rocs.capped",
            "validation.samples.bb",
            "scenarios.more_charm.factors.b",
        ),
        *("attacks.pgd.jets", "models.clean_mixed_05.recipe.share", "models.clean_linear.network.hidden"),
        *("attacks.pgd.steps", "attacks.transfer.attack.steps", "transfer.attack.rate"),
    ],
)
def test_null_takes_a_key_away(config, check, root, key):
    *owner, last = key.split(".")
    place = config
    for step in owner:
        place[step] = copy.deepcopy(place[step])
        place = place[step]
    place[last] = None
    take_away(config, root / "src/robustag/workflow/schemas/config.schema.yaml")
    check(config)
    for step in owner:
        config = config[step]
    assert last not in config


def test_null_inside_a_list_takes_a_key_away_too(config, check, root):
    config["certificates"]["attacks"] = [{"name": "pgd", "steps": 2, "rate": 2.5, "restarts": None}]
    take_away(config, root / "src/robustag/workflow/schemas/config.schema.yaml")
    assert config["certificates"]["attacks"] == [{"name": "pgd", "steps": 2, "rate": 2.5}]


def test_null_stays_where_it_is_a_value(config, check, root):
    config["attacks"]["fgsm_capped"]["relative_cap"] = None
    take_away(config, root / "src/robustag/workflow/schemas/config.schema.yaml")
    check(config)
    assert config["relative_cap"] is None
    assert config["attacks"]["fgsm_capped"]["relative_cap"] is None


@pytest.mark.parametrize(
    ("key", "complaint"), [("study", "'study' is a required"), ("colour", "unknown key 'colour'")]
)
def test_null_hides_no_fault(config, check, root, key, complaint):
    config[key] = None
    take_away(config, root / "src/robustag/workflow/schemas/config.schema.yaml")
    with pytest.raises(InputError, match=complaint):
        check(config)
