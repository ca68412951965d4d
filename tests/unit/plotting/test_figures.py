"""Every figure on synthetic tables: what is drawn, how it is labelled, and that nothing is cut off."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from tests.unit.plotting.conftest import ATTACKS

from robustag.errors import InputError
from robustag.plotting.mismodelling.losses import mismodelling_table
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.robustness.certified import certified_table, draw_certified
from robustag.plotting.robustness.epsilon import auc_epsilon_table, draw_auc_epsilon
from robustag.plotting.robustness.roc import MISTAG_RANGE, roc_table
from robustag.plotting.shapes.flavours import shape_table
from robustag.plotting.style import FLAVOUR_COLOURS, ROLE_COLOURS, arm_models, paired_models
from robustag.plotting.surface.corners import corner_table
from robustag.plotting.surface.weights import mean_ratio_around
from robustag.plotting.training.sketches import draw_training, jet_table, training_table

FIGURES = [
    "roc",
    "roc_CvL",
    "auc_epsilon",
    "headline",
    "certified",
    "input_distance",
    "history",
    "discriminator",
    "input",
    "inputs",
    "threshold",
    "roc_scan",
    "fixed_cut",
    "transfer",
    "bins",
    "calibration",
    "confusion",
    "spectra",
    "weight_maps",
    "mismodelling",
    "surface",
    "surface_faithful",
    "surface_planes",
    "surface_average",
    "surface_statistics",
    "surface_weights",
]


def legends(figure):
    return [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]


def laid_out(figure):
    """The renderer after the layout was made."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def shown_tick_labels(axis):
    """Tick labels inside the axis limits; matplotlib keeps others that it does not draw."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


SHARED = [
    Pair("weak", "clean_nominal", "clean_fgsm"),
    Pair("free", "clean_nominal", "faithful_fgsm"),
    Pair("other", "faithful_nominal", "clean_fgsm"),
]
OF_ALL_MODELS = [
    *("roc", "auc_epsilon", "headline", "certified", "history", "fixed_cut", "mismodelling"),
    *("surface_statistics", "surface_weights"),
]


@pytest.mark.parametrize("name", OF_ALL_MODELS)
def test_models_that_pairs_share_are_listed_and_named_once(name, drawn, options):
    options["pairs"] = SHARED
    figure, table = drawn(name)
    assert not table.duplicated([column for column in table if column != "replicates"]).any()
    if name != "headline":
        assert set(table["model"]) == {model.name for model in paired_models(SHARED)}
    for legend in legends(figure):
        names = [text.get_text() for text in legend.get_texts()]
        assert len(set(names)) == len(names)


def test_a_shared_model_looks_the_same_in_all_its_arms():
    models = {model.name: model for model in paired_models(SHARED)}
    assert len({model.colour for model in models.values()}) == len(models) == 4
    assert models["clean_nominal"].title == "clean nominal, nominal training"
    assert models["faithful_fgsm"].title == "free, adversarial training"
    for pair in SHARED:
        nominal, adversarial = arm_models(SHARED, pair.label)
        assert (nominal.name, adversarial.name) == (pair.nominal, pair.adversarial)
        assert nominal.title == f"{pair.label}, nominal training"
        for model in (nominal, adversarial):
            assert model.colour == models[model.name].colour


def test_a_model_may_have_another_role_in_another_arm():
    pairs = [SHARED[0], Pair("next", "clean_fgsm", "faithful_fgsm")]
    assert [model.role for model in paired_models(pairs)] == ["nominal", "adversarial", "adversarial"]
    assert [model.role for model in arm_models(pairs, "next")] == ["nominal", "adversarial"]


def test_many_models_stay_apart():
    pairs = [Pair(f"p{i}", f"n{i}", f"a{i}") for i in range(15)]
    looks = [(model.colour, model.marker) for model in paired_models(pairs)]
    assert len(set(looks)) == 30


@pytest.mark.parametrize(
    ("name", "pairs"), [*((name, None) for name in FIGURES), *((name, SHARED) for name in OF_ALL_MODELS)]
)
def test_figure_is_whole_and_labelled(name, pairs, drawn, options):
    """Legends, labels, titles and tick labels lie on the canvas; sample and axes are named."""
    options["pairs"] = pairs or options["pairs"]
    figure, _ = drawn(name)
    renderer = laid_out(figure)
    width, height = figure.canvas.get_width_height()
    parts = [*legends(figure)]
    for axes in figure.axes:
        parts += [axes.xaxis.label, axes.yaxis.label, *axes.texts]
        parts += [axes.title, axes._left_title, axes._right_title]
        if axes.name != "3d":
            parts += [label for axis in (axes.xaxis, axes.yaxis) for label in shown_tick_labels(axis)]
    for part in parts:
        box = part.get_window_extent(renderer)
        if box.width == 0:
            continue
        assert (box.min >= -1).all(), part
        assert (box.max <= (width + 1, height + 1)).all(), part
    titles = [axes.get_title(loc=side) for axes in figure.axes for side in ("left", "right")]
    assert "Simulation" in titles
    assert any("13 TeV" in title for title in titles)
    lowest = [axes for axes in figure.axes if axes.get_subplotspec() and axes.get_subplotspec().is_last_row()]
    assert lowest
    assert all(axes.get_xlabel() for axes in lowest)


@pytest.mark.parametrize("name", ["headline", "roc", "roc_CvL", "auc_epsilon", "mismodelling"])
def test_legend_covers_no_curve(name, drawn):
    figure, _ = drawn(name)
    renderer = laid_out(figure)
    boxes = [legend.get_window_extent(renderer) for legend in legends(figure)]
    for axes in figure.axes:
        low, high = axes.get_window_extent(renderer).min, axes.get_window_extent(renderer).max
        for line in axes.lines:
            points = axes.transData.transform(np.column_stack(line.get_data()))
            if line.get_transform() != axes.transData or len(points) < 3:
                continue
            # Only what lies inside the panel is drawn; the stretches between points count, too.
            steps = np.linspace(0, 1, 20)[:, None]
            path = np.concatenate([a + steps * (b - a) for a, b in pairwise(points)])
            path = path[((path >= low) & (path <= high)).all(axis=1)]
            for box in boxes:
                inside = (path > [box.x0, box.y0]) & (path < [box.x1, box.y1])
                assert not inside.all(axis=1).any(), line.get_label()


def test_colour_is_the_model_and_line_the_perturbation(drawn, options):
    figure, _ = drawn("roc")
    for axes, index in zip(figure.axes[:2], (0, 1), strict=True):
        colours = [to_hex(line.get_color()).upper() for line in axes.lines]
        nominal, adversarial = (ROLE_COLOURS[role][index] for role in ("nominal", "adversarial"))
        assert colours == [nominal, nominal, adversarial, adversarial]
        dashed = [line.is_dashed() for line in axes.lines]
        assert dashed == [False, True, False, True]
    assert len({model.colour for model in paired_models(options["pairs"])}) == 4


def test_roc_shows_the_area_with_its_error(drawn):
    figure, table = drawn("roc")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    first = table.iloc[0]
    assert texts[0] == f"nominal, raw:  {first['auc']:.4f} ± {first['auc_error']:.4f}"
    assert "FGSM, $\\varepsilon$ = 0.05" in texts[1]
    assert figure.axes[0].get_ylim() == MISTAG_RANGE
    assert figure.axes[0].get_xlabel() == "b-jet efficiency"
    assert figure.axes[0].get_ylabel() == "light-jet mis-tag rate"


def test_roc_table_is_the_mean_over_seeds(curves, metrics, options):
    table = roc_table(curves, metrics, "BvL", paired_models(options["pairs"]), [options["attack"]])
    chosen = curves.query("model == 'clean_fgsm' and discriminator == 'BvL' and epsilon == 0.05")
    chosen = chosen[chosen["perturbation"] == "fgsm"]
    expected = chosen.groupby("efficiency")["mistag"].mean()
    shown = table.query("model == 'clean_fgsm' and perturbation == 'fgsm'").set_index("efficiency")
    np.testing.assert_allclose(shown["mistag"], expected)
    assert (shown["mistag_low"] <= shown["mistag"]).all()
    assert (shown["mistag_high"] >= shown["mistag"]).all()


def test_the_inset_holds_every_curve_at_one_per_cent(drawn):
    figure, table = drawn("roc")
    for axes, arm in zip(figure.axes[:2], ("clean", "faithful"), strict=True):
        (inset,) = axes.child_axes
        low, high = inset.get_xlim()
        for _, curve in table[table["model"].str.startswith(arm)].groupby(["model", "perturbation"]):
            assert low < np.interp(0.01, curve["mistag"], curve["efficiency"]) < high
        assert inset.get_ylim() == (0.008, 0.012)


def test_transfer_losses_are_those_of_source_and_target(drawn):
    _, table = drawn("transfer")
    strong = table[table["epsilon"] == 0.05].set_index(["source", "target"])["loss"]
    assert strong["clean_nominal", "clean_nominal"] == pytest.approx(0.1)
    assert strong["clean_nominal", "faithful_fgsm"] == pytest.approx(0.05)


def test_bins_count_the_jets_that_crossed_the_cut(drawn):
    _, table = drawn("bins")
    np.testing.assert_allclose(table["ratio"], 0.9)
    efficiency = table[table["metric"] == "fixed_cut_efficiency"]
    np.testing.assert_allclose(efficiency["ratio_error"], np.sqrt(700) / 7000)


def test_calibration_leaves_empty_bins_out(drawn):
    _, table = drawn("calibration")
    np.testing.assert_allclose(table["observed"], table["predicted"] ** 2)
    assert table["high"].max() == pytest.approx(0.95)
    # All seeds see the same jets, 400 that are worth 300: not 1200.
    np.testing.assert_allclose(table["error"], np.sqrt(table["observed"] * (1 - table["observed"]) / 300))


def test_confusion_is_a_share_of_the_true_flavour(drawn):
    figure, table = drawn("confusion")
    np.testing.assert_allclose(table.groupby(["role", "epsilon", "true"])["share"].sum(), 1.0)
    raw, attacked = (figure.axes[column].texts[0].get_text() for column in (0, 1))
    assert raw.startswith("80.0\n")
    assert attacked.startswith("60.0\n")


def test_weighted_flavours_have_one_spectrum(drawn):
    _, table = drawn("spectra")
    weighted = table.pivot(index=["variable", "low"], columns="flavour", values="weighted")
    np.testing.assert_allclose(weighted["b"], weighted["light"])
    np.testing.assert_allclose(weighted["b"], weighted["c"])
    assert not np.allclose(*(table.loc[table["flavour"] == f, "jets"] for f in ("b", "light")))


def test_the_sketched_jet_moves_along_the_sign_and_counts_stay():
    table = jet_table()
    assert (np.sign(table["step"]) == np.sign(table["gradient"])).all()
    assert table.loc[table["gradient"] == 0, "step"].eq(0).all()
    texts = {text.get_text() for text in draw_training(training_table()).axes[0].texts}
    assert {"nominal training", "adversarial training"} <= texts


def test_fixed_cut_ratios_are_one_on_raw_jets(drawn):
    _, table = drawn("fixed_cut")
    assert (table.loc[table["epsilon"] == 0, "ratio"] == 1.0).all()
    row = table.query("metric == 'fixed_cut_mistag' and perturbation == 'fgsm' and epsilon == 0.1")
    np.testing.assert_allclose(row["ratio"], 1 + 13.0 * 0.1, rtol=1e-6)


def test_thresholds_count_jets_above_the_cut(drawn, histograms):
    _, table = drawn("threshold")
    shown = table.query("role == 'nominal' and flavour == 'b' and perturbation == 'raw'")
    jets = histograms.query(
        "model == 'clean_nominal' and quantity == 'BvL' and flavour == 'b' and epsilon == 0"
    )
    assert shown["passing"].iloc[0] == 1.0
    expected = jets.loc[jets["low"] >= 0.5, "count"].sum() / jets["count"].sum()
    half = shown.loc[np.isclose(shown["threshold"], 0.5), "passing"].item()
    assert half == pytest.approx(expected)


def test_inclusive_inputs_add_the_flavours(drawn, histograms):
    _, table = drawn("inputs")
    jets = histograms.query(
        "model == 'clean_nominal' and quantity == 'track_0_D0' and epsilon == 0.05 and seed == 1"
    )
    np.testing.assert_allclose(
        table.query("epsilon == 0.05")["count"], jets.groupby("low")["count"].sum(), rtol=0.05, atol=30
    )
    assert (table.query("epsilon == 0")["ratio"].dropna() == 1).all()
    assert table.query("epsilon == 0")["share"].sum() == pytest.approx(1.0)


def test_epsilon_axis_has_a_tick_at_every_measured_value(drawn):
    figure, table = drawn("headline")
    axes = figure.axes[0]
    np.testing.assert_allclose(sorted(axes.get_xticks()), sorted(table["epsilon"].unique()))
    assert "units of" in axes.get_xlabel()
    for line in axes.lines:
        x, y = line.get_data()
        assert min(x) >= axes.get_xlim()[0]
        assert max(x) <= axes.get_xlim()[1]
        assert min(y) >= axes.get_ylim()[0]
        assert max(y) <= axes.get_ylim()[1]


def test_one_panel_an_attack(drawn):
    figure, _ = drawn("auc_epsilon")
    assert len(figure.axes) == len(ATTACKS)
    assert {axes.get_ylabel() for axes in figure.axes} <= {"BvL AUC", ""}
    assert all(len(axes.lines) == 4 for axes in figure.axes)


def test_panels_wrap_and_each_column_ends_in_an_axis(metrics, options):
    several = [*ATTACKS, "fgsm", "noise"][:6]
    table = auc_epsilon_table(metrics, options["pairs"], sorted(set(several)), ["BvL"])
    figure = draw_auc_epsilon(table, options["pairs"], several, options["sample"])
    assert len(figure.axes) == 6
    assert sum(bool(axes.get_xlabel()) for axes in figure.axes) == 4


def test_auc_table_is_averaged_over_seeds(metrics, options):
    table = auc_epsilon_table(metrics, options["pairs"], ["fgsm"], ["BvL"])
    row = table.query("model == 'clean_nominal' and epsilon == 0.05").iloc[0]
    values = metrics.query(
        "model == 'clean_nominal' and perturbation == 'fgsm' and epsilon == 0.05 "
        "and discriminator == 'BvL' and metric == 'auc'"
    )["value"]
    assert row["auc"] == pytest.approx(values.mean())
    assert row["seed"] == pytest.approx(values.std(ddof=1) / np.sqrt(3))
    assert row["error"] == pytest.approx(np.hypot(row["statistical"], row["seed"]))


def test_shapes_are_normalised_and_ratios_are_ratios(histograms, options):
    table = shape_table(histograms, "BvL", options["pairs"][0], options["attack"])
    sums = table.groupby(["role", "flavour"])[["raw", "perturbed"]].sum()
    np.testing.assert_allclose(sums, 1.0)
    filled = table[table["raw_count"] > 0]
    np.testing.assert_allclose(filled["ratio"], filled["perturbed"] / filled["raw"])


def test_errors_of_attacked_shapes_are_those_of_shares_and_seeds(histograms, options):
    table = shape_table(histograms, "BvL", options["pairs"][0], options["attack"])
    row = table[(table["role"] == "nominal") & (table["flavour"] == "b")].sort_values("perturbed").iloc[-1]
    counts = histograms.query(
        "model == 'clean_nominal' and epsilon == 0.05 and quantity == 'BvL' and flavour == 'b'"
    )
    shares = counts[np.isclose(counts["low"], row["low"])]["count"] / 6000
    assert row["perturbed"] == pytest.approx(shares.mean())
    binomial = shares.mean() * (1 - shares.mean()) / 6000
    assert row["perturbed_error"] == pytest.approx(np.sqrt(binomial + shares.var(ddof=1) / 3), rel=1e-6)


def test_shape_panels_hold_the_data(drawn):
    figure, table = drawn("discriminator")
    low, high = figure.axes[0].get_ylim()
    assert low < table.loc[table["raw"] > 0, "raw"].min()
    assert high > table[["raw", "perturbed"]].max().max()
    ratio_low, ratio_high = figure.axes[2].get_ylim()
    trusted = table.query("raw_count >= 20 and ratio > 0")["ratio"]
    assert ratio_low < trusted.min()
    assert ratio_high > trusted.max()
    assert figure.axes[3].get_xlabel() == "BvL discriminator"
    assert len(figure.legends[0].get_texts()) == 2 * len(FLAVOUR_COLOURS)


def test_mismodelling_losses_are_paired_differences(metrics, options):
    table = mismodelling_table(metrics, options["pairs"], options["mismodellings"], "BvL")
    assert len(table) == 6 * 4
    row = table.query("model == 'clean_nominal' and perturbation == 'noise'").iloc[0]
    auc = (
        metrics.query(
            "model == 'clean_nominal' and perturbation == 'noise' and discriminator == 'BvL' "
            "and metric == 'auc'"
        )
        .groupby("epsilon")["value"]
        .mean()
    )
    assert row["loss"] == pytest.approx(auc[0.0] - auc[0.05])
    # The common fluctuation of the replicates (0.2 % of the AUC) cancels in the difference.
    assert row["statistical"] < 0.0005


def test_mismodelling_rows_are_named(drawn, options):
    figure, _ = drawn("mismodelling")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [entry.label for entry in options["mismodellings"]]
    assert figure.axes[0].get_xlabel() == "loss of BvL AUC"


def test_faithful_arm_has_its_own_loss_scale(drawn):
    figure, _ = drawn("history")
    clean, faithful = figure.axes[:2]
    assert clean.get_ylim()[0] > 0.1
    assert faithful.get_ylim()[1] < 1e-4
    # Three seeds and their mean, for training and validation loss of two models.
    assert len(clean.lines) == 2 * 2 * 4


def test_surface_shows_the_paths_of_the_attacks(drawn, paths):
    figure, _ = drawn("surface")
    contours = [axes for axes in figure.axes if axes.get_ylabel() == r"jet $\eta$" and axes.name != "3d"]
    assert len(contours) == 2
    for axes, model in zip(contours, ("clean_nominal", "clean_fgsm"), strict=True):
        shown = paths[(paths["model"] == model) & (paths["jets"] == "jet") & (paths["feature_x"] == "jet_pt")]
        for attack in ("fgsm", "pgd"):
            wanted = shown.loc[shown["attack"] == attack, ["x", "y"]].to_numpy()
            assert any(np.array_equal(line.get_xydata(), wanted) for line in axes.lines)


def test_planes_of_both_models_share_their_scale(drawn):
    """In the figures of many planes a flatter loss has to look flatter."""
    figure, table = drawn("surface_planes")
    panels = [axes for axes in figure.axes if axes.get_subplotspec() and axes.get_ylabel()]
    assert len(panels) == 4  # two planes but the first, two models
    assert set(table["jets"]) == {"jet"}
    for nominal, adversarial in zip(panels[:2], panels[2:], strict=True):
        assert nominal.collections[0].get_clim() == adversarial.collections[0].get_clim()


def test_averages_show_every_flavour_and_no_single_jet(drawn):
    figure, table = drawn("surface_average")
    assert set(table["jets"]) == {"b", "c", "light"}
    assert set(table["kind"]) == {"inputs", "gradient_random"}
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"b jets", "c jets", "light jets"} <= set(texts)


def test_statistics_are_means_over_seeds_with_paired_errors(drawn, surface_statistics):
    _, table = drawn("surface_statistics")
    rows = table[(table["model"] == "clean_fgsm") & (table["statistic"] == "curvature")]
    assert rows["value"].tolist() == pytest.approx([0.42] * 4)
    assert rows["seed"].tolist() == pytest.approx([0.01 / np.sqrt(3)] * 4)
    assert (rows["error"] >= rows["statistical"]).all()


def test_weights_are_relative_to_the_trained_ones(drawn):
    _, table = drawn("surface_weights")
    centre = table[(table["delta_x"] == 0) & (table["delta_y"] == 0)]
    assert (centre["ratio"] == 1).all()
    edge = table[(table["delta_x"] == 1) & (table["delta_y"] == 0)].groupby("role")["ratio"].first()
    assert edge.to_dict() == pytest.approx({"nominal": 5.0, "adversarial": 1.4})


def test_mean_ratio_around_the_trained_weights(drawn):
    _, table = drawn("surface_weights")
    rows = table[(table["model"] == "clean_nominal") & (table["perturbation"] == "raw")]
    assert mean_ratio_around(rows, 0.5) == pytest.approx(2.0, rel=0.15)


def test_corners_stand_beside_the_published_ones(planes, options):
    """Relative changes as computed by hand from the notebook's numbers."""
    table = corner_table(planes, options["pairs"], published=True).set_index(["source", "role"])
    published = table.loc["published"]
    assert published.loc["adversarial", "change_x"] == pytest.approx(0.0644, abs=2e-4)
    assert published.loc["nominal", "max_over_min"] == pytest.approx(0.119, abs=1e-3)
    assert published.loc["nominal", "mixed"] * 5.8677e-6 == pytest.approx(-0.0599e-6, rel=1e-2)
    ours = table.loc[("clean", "nominal")]
    assert ours["low_x"] == pytest.approx(29.7)
    assert ours["high_y"] == pytest.approx(1.18)
    assert ours["change_x"] == pytest.approx((np.exp(-0.09 + 0.03) + np.exp(-0.09 - 0.03)) / 2 - 1)
    assert ours["max_over_min"] == pytest.approx(np.exp(0.1 - 0.015 + 0.1 + 0.015) - 1, rel=1e-6)


def test_of_another_plane_nothing_is_published(planes, options):
    table = corner_table(planes, options["pairs"], published=False)
    assert "published" not in set(table["source"])
    assert len(table)


def test_tiny_losses_get_their_power_of_ten(drawn):
    figure, _ = drawn("surface_faithful")
    assert any("10^{-6}" in axes.get_ylabel() for axes in figure.axes)


def test_a_selection_that_is_not_there_is_named(curves, metrics, options):
    with pytest.raises(InputError, match=r"table curves: no row .* for epsilon it offers: 0\.0, 0\.005"):
        roc_table(curves, metrics, "BvL", paired_models(options["pairs"]), [Perturbation("fgsm", 0.3)])


def test_the_band_of_a_model_lies_between_attack_and_certificate(drawn):
    figure, table = drawn("certified")
    assert set(table.method) == {"attack", "crown"}, "intervals say nothing on this scale"
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    last = table[(table.metric == "auc") & (table.model == "clean_nominal") & (table.epsilon == 0.05)]
    ends = band[np.isclose(band[:, 0], 0.05), 1]
    assert ends.min() == pytest.approx(last.value.min())
    assert ends.max() == pytest.approx(last.value.max())


def test_a_model_without_certificate_is_left_out(certificates, options):
    some = certificates[~certificates["model"].str.startswith("faithful")]
    table = certified_table(some, options["pairs"], "BvL", 0.01)
    assert set(table.model) == {"clean_nominal", "clean_fgsm"}
    assert len(draw_certified(table, options["pairs"], options["sample"]).axes) == 3


def test_distances_are_those_of_one_model_and_of_the_track_that_moves_most(drawn):
    figure, table = drawn("input_distance")
    labels = ["Gaussian noise 0.05", "FGSM 0.05", "smearing by 0.1 σ", "other clean jets"]
    assert list(dict.fromkeys(table.label)) == labels
    kl = table[table.distance == "kl"].set_index(["label", "input"]).value
    assert kl["FGSM 0.05", "track D0"] == pytest.approx(0.002 * 3)
    assert kl["smearing by 0.1 σ", "jet_pt"] == pytest.approx(0.009)
    heat = figure.axes[1].collections[0].get_array()
    assert heat.shape == (2, 4)
    assert heat[1, 1] == pytest.approx(0.006)
