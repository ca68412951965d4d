"""Every figure on synthetic tables: what is drawn, how it is labelled, and that nothing is cut off."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from tests.unit.plotting.conftest import ATTACKS, KINDS

from robustag.errors import InputError
from robustag.plotting.mismodelling.losses import mismodelling_table
from robustag.plotting.options import Pair, Perturbation
from robustag.plotting.robustness.certified import certified_table, draw_certified
from robustag.plotting.robustness.epsilon import auc_epsilon_table, draw_auc_epsilon
from robustag.plotting.robustness.roc import MISTAG_RANGE, roc_table
from robustag.plotting.shapes.distances import distance_table, draw_distances
from robustag.plotting.shapes.flavours import shape_table
from robustag.plotting.style import FLAVOUR_COLOURS, ROLE_COLOURS, arm_models, paired_models
from robustag.plotting.surface.corners import corner_table
from robustag.plotting.surface.statistics import draw_statistics, statistics_table
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
    curves, ratios = figure.axes[0], figure.axes[2]
    texts = [text.get_text() for text in ratios.get_legend().get_texts()]
    first = table.iloc[0]
    assert texts[0] == f"nominal, raw:  {first['auc']:.4f} ± {first['auc_error']:.4f}"
    assert texts[1].startswith("nominal, FGSM 0.05:  ")
    assert curves.get_ylim() == MISTAG_RANGE
    assert ratios.get_xlabel() == "b-jet efficiency"
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


def test_roc_ratios_are_taken_training_by_training(curves, metrics, options):
    """Curves that are the raw ones times two, two and three: the spread of the raw ones drops out."""
    factor = {1: 2.0, 2: 2.0, 3: 3.0}
    raw = curves[(curves["perturbation"] == "fgsm") & (curves["epsilon"] == 0)]
    attacked = raw.assign(epsilon=0.05, mistag=raw["mistag"] * raw["seed"].map(factor))
    table = roc_table(
        pd.concat([raw, attacked]), metrics, "BvL", paired_models(options["pairs"]), [options["attack"]]
    )
    assert table.loc[(table["epsilon"] == 0) & (table["mistag"] > 0), "ratio"].eq(1.0).all()
    rows = table[(table["epsilon"] > 0) & (table["efficiency"] > 0)]
    np.testing.assert_allclose(rows["ratio"], 7 / 3)
    np.testing.assert_allclose(rows["ratio_high"] - rows["ratio"], np.std([2, 2, 3], ddof=1))


def test_roc_ratios_are_drawn_where_raw_jets_are_in_the_panel_above(drawn):
    figure, table = drawn("roc")
    ratios = [line for line in figure.axes[2].lines if len(line.get_xdata()) > 2]
    assert len(ratios) == 2
    for line, model in zip(ratios, ("clean_nominal", "clean_fgsm"), strict=True):
        of_model = table[table["model"] == model]
        raw, attacked = (of_model[of_model["epsilon"] == epsilon] for epsilon in (0.0, 0.05))
        inside = raw["mistag"].to_numpy() >= MISTAG_RANGE[0]
        assert 0 < inside.sum() < len(inside)
        np.testing.assert_array_equal(line.get_ydata(), attacked["ratio"][inside])


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


def test_points_of_bins_stand_near_the_middle_and_their_bars_fill_the_bin(drawn):
    figure, table = drawn("bins")
    for axes, variable in zip(figure.axes[:2], ("pt", "eta"), strict=True):
        edges = sorted({*table.loc[table["variable"] == variable, "bin_low"], axes.get_xlim()[1]})
        for points in axes.containers:
            assert points.lines[0].get_linestyle() == "None", "bins are not joined"
            bars = [bar.vertices for bar in points.lines[2][0].get_paths()]
            assert [bar[0, 0] for bar in bars] == pytest.approx(edges[:-1])
            assert [bar[1, 0] for bar in bars] == pytest.approx(edges[1:])
            places = axes.transData.transform(points.lines[0].get_xydata())[:, 0]
            sides = axes.transData.transform([(edge, 0.5) for edge in edges])[:, 0]
            share = (places - sides[:-1]) / np.diff(sides)
            np.testing.assert_allclose(share, 0.5, atol=0.0501)


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
    assert {axes.get_ylabel() for axes in figure.axes} == {"loss of BvL AUC", ""}
    drawn_lines = [[line for line in axes.lines if len(line.get_xdata()) == 5] for axes in figure.axes]
    assert [len(lines) for lines in drawn_lines] == [4] * len(ATTACKS)


def test_panels_of_another_budget_stand_apart(drawn):
    figure, _ = drawn("auc_epsilon")
    faces = [to_hex(axes.get_facecolor()) for axes in figure.axes]
    assert len(set(faces[:2])) == len(set(faces[2:])) == 1
    assert faces[0] != faces[2]


def test_losses_of_area_are_on_the_same_jets_and_paired(metrics, options):
    """An attack on some jets alone has raw jets of its own, whose common fluctuation drops out."""
    fewer = metrics.assign(n=metrics["n"].mask(metrics["perturbation"] == "fgsm", 5_000))
    raised = (fewer["perturbation"] == "fgsm") & (fewer["metric"] == "auc")
    fewer["value"] = fewer["value"].mask(raised, fewer["value"] + 0.01)
    row = "model == 'clean_fgsm' and perturbation == 'fgsm' and epsilon == 0.05"
    before, after = (
        auc_epsilon_table(table, options["pairs"], ["fgsm", "noise"], ["BvL"]) for table in (metrics, fewer)
    )
    ours = after.query(row).iloc[0]
    assert ours["jets"] == 5_000
    assert after.query("perturbation == 'noise'")["jets"].eq(20_000).all()
    assert ours["loss"] == pytest.approx(before.query(row)["loss"].item())
    assert ours["loss_error"] < ours["error"] / 2
    assert (after.loc[after["epsilon"] == 0, ["loss", "loss_error"]] == 0).all(axis=None)


def test_a_loss_that_is_negative_is_in_the_panel(metrics, options):
    gain = metrics["value"].mask((metrics["perturbation"] == "noise") & (metrics["epsilon"] == 0.1), 0.99)
    table = auc_epsilon_table(metrics.assign(value=gain), options["pairs"], ATTACKS, ["BvL"])
    assert table["loss"].min() < -0.02
    figure = draw_auc_epsilon(table, options["pairs"], ATTACKS, [], options["sample"])
    assert figure.axes[0].get_ylim()[0] < table["loss"].min()


def test_panels_wrap_and_each_column_ends_in_an_axis(metrics, options):
    several = [*ATTACKS, "fgsm", "noise"][:6]
    table = auc_epsilon_table(metrics, options["pairs"], sorted(set(several)), ["BvL"])
    figure = draw_auc_epsilon(table, options["pairs"], several, [], options["sample"])
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


def test_mismodelling_numbers_are_paired(metrics, options):
    table = mismodelling_table(metrics, options["pairs"], options["mismodellings"], "BvL", 0.1)
    assert len(table) == 6 * 2 * 5
    wanted = metrics.query("perturbation == 'noise' and discriminator == 'BvL'")
    means = wanted.groupby(["metric", "model", "epsilon", "working_point"], dropna=False)["value"].mean()
    noise = table[table["perturbation"] == "noise"].set_index(["quantity", "model"])
    auc = means["auc", "clean_nominal"].droplevel("working_point")
    loss = auc[0.0] - auc[0.05]
    assert noise.loc[("loss", "clean_nominal"), "value"] == pytest.approx(loss)
    # The common fluctuation of the replicates (0.2 % of the AUC) cancels in the difference.
    assert noise.loc[("loss", "clean_nominal"), "statistical"] < 0.0005
    changes = [abs(noise.loc[("change", model), "value"]) for model in ("clean_nominal", "clean_fgsm")]
    assert noise.loc[("gain", "clean_fgsm"), "value"] == pytest.approx(changes[0] - changes[1])


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


def test_sheets_and_contours_of_both_models_are_in_one_frame(drawn):
    """Heights and colours of the change of the loss have the same ends, those of the steeper model."""
    figure, table = drawn("surface")
    sheets = [axes for axes in figure.axes if axes.name == "3d"]
    contours = [axes for axes in figure.axes if axes.name != "3d" and axes.get_ylabel() == r"jet $\eta$"]
    first = table[(table["kind"] == "inputs") & (table["feature_x"] == "jet_pt")]
    ends = set()
    for _, plane in first.groupby("role"):
        centre = plane.loc[(plane["delta_x"] == 0) & (plane["delta_y"] == 0), "loss"].item()
        ends |= {plane["loss"].min() - centre, plane["loss"].max() - centre}
    scale = 10.0 ** np.floor(np.log10(max(map(abs, ends)))) if max(map(abs, ends)) < 0.05 else 1.0
    for axes in sheets:
        for name in ("x", "y", "z"):
            limits = getattr(axes, f"get_{name}lim")()
            assert limits == pytest.approx(getattr(sheets[0], f"get_{name}lim")())
        assert axes.get_zlim() == pytest.approx((min(ends) / scale, max(ends) / scale))
    assert len(sheets) == len(contours) == 2
    assert contours[0].collections[0].get_clim() == contours[1].collections[0].get_clim()


def test_a_distance_of_zero_is_said_and_not_drawn(surface_statistics, options):
    """On the logarithmic axis it has no place: c jets of which most are misread."""
    gone = (surface_statistics["flavour"] == "c") & (surface_statistics["statistic"] == "distance")
    table = statistics_table(
        surface_statistics.assign(value=surface_statistics["value"].mask(gone, 0.0)), options["pairs"]
    )
    figure = draw_statistics(table, options["pairs"], "toy")
    panel = next(axes for axes in figure.axes if axes.get_ylabel().startswith("distance"))
    assert panel.get_yscale() == "log"
    assert panel.get_ylim()[0] > 0.01
    assert [(text.get_text(), text.xy[0]) for text in panel.texts] == [("0: most\nare misread", 1)]
    other = draw_statistics(statistics_table(surface_statistics, options["pairs"]), options["pairs"], "toy")
    panel = next(axes for axes in other.axes if axes.get_ylabel().startswith("distance"))
    assert not panel.texts


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
    """Of the jet's loss, and of the changes around it."""
    figure, _ = drawn("surface_faithful")
    assert any("10^{-6}" in axes.get_title() for axes in figure.axes)
    assert any("10^{-7}" in axes.get_ylabel() for axes in figure.axes)


def test_a_selection_that_is_not_there_is_named(curves, metrics, options):
    with pytest.raises(InputError, match=r"table curves: no row .* for epsilon it offers: 0\.0, 0\.005"):
        roc_table(curves, metrics, "BvL", paired_models(options["pairs"]), [Perturbation("fgsm", 0.3)])


def test_the_band_of_a_model_lies_between_attack_and_certificate(drawn):
    figure, table = drawn("certified")
    assert set(table.method) == {"attack", "proven"}, "intervals say nothing on this scale"
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    last = table[(table.metric == "auc") & (table.model == "clean_nominal") & (table.epsilon == 0.05)]
    ends = band[np.isclose(band[:, 0], 0.05), 1]
    assert ends.min() == pytest.approx(last.value.min())
    assert ends.max() == pytest.approx(last.value.max())


def test_certificates_say_of_how_many_jets_they_are_and_where_their_cut_is_from(certificates, options):
    jets = certificates["n"].mask(certificates["metric"] == "fixed_cut_mistag", 2_500)
    table = certified_table(certificates.assign(n=jets), options["pairs"], "BvL", 0.01)
    figure = draw_certified(table, options["pairs"], options["sample"])
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == [
        "BvL AUC\n1,000 jets",
        "b-jet efficiency\n1,000 jets",
        "light-jet mis-tag rate\n2,500 jets",
    ]
    title = figure.legends[0].get_title().get_text()
    assert title == "cut at 1 % light-jet mis-tag rate on all raw test jets"


def test_a_model_without_certificate_is_left_out(certificates, options):
    some = certificates[~certificates["model"].str.startswith("faithful")]
    table = certified_table(some, options["pairs"], "BvL", 0.01)
    assert set(table.model) == {"clean_nominal", "clean_fgsm"}
    assert len(draw_certified(table, options["pairs"], options["sample"]).axes) == 3


def test_models_of_no_arm_have_a_column_of_their_own(certificates, options):
    alone = certificates[certificates["model"] == "clean_fgsm"].assign(model="clean_mtl")
    both = pd.concat([certificates, alone])
    table = certified_table(both, options["pairs"], "BvL", 0.01, ["clean_mtl", "clean_fgsm", "absent"])
    assert list(table.model.unique())[-1] == "clean_mtl"
    figure = draw_certified(table, options["pairs"], options["sample"], ["clean_mtl", "clean_fgsm"])
    before = draw_certified(
        certified_table(certificates, options["pairs"], "BvL", 0.01), options["pairs"], options["sample"]
    )
    assert len(figure.axes) == len(before.axes) + 3, "one column, and none for a model that has its own"
    last = figure.axes[len(figure.axes) // 3 - 1]
    assert [text.get_text() for text in last.texts][:1] == ["other trainings"]
    drawn = last.containers[0].lines[0].get_ydata().astype(float)
    expected = table[(table.model == "clean_mtl") & (table.metric == "auc") & (table.method == "attack")]
    np.testing.assert_allclose(drawn, expected.value)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "clean mtl, certified training" in labels


def test_distances_are_those_of_one_model_and_of_the_track_that_moves_most(drawn):
    figure, table = drawn("input_distance")
    labels = ["Gaussian noise 0.05", "FGSM 0.05", "smearing by 0.1 σ", "other clean jets"]
    assert list(dict.fromkeys(table.label)) == labels
    kl = table[table.distance == "kl"].set_index(["label", "input"]).value
    assert kl["FGSM 0.05", "track D0"] == pytest.approx(0.002 * 3)
    assert kl["smearing by 0.1 σ", "jet_pt"] == pytest.approx(0.009)
    by_chance, heat = (mesh.get_array().filled(np.nan) for mesh in figure.axes[1].collections)
    assert by_chance.shape == heat.shape == (2, 4)
    # Of 1, 2, 9 and 10 times the floor the first two are chance; the last has a higher floor.
    np.testing.assert_allclose(heat[0], [np.nan, np.nan, 0.008, np.nan])
    np.testing.assert_allclose(heat[1], [np.nan, np.nan, 0.024, np.nan])
    assert (by_chance == 1).all()


def test_what_a_perturbation_leaves_alone_has_no_colour_at_all(distances, options):
    still = (distances["input"] == "jet_pt") & (distances["perturbation"] == "fgsm")
    none = distances.assign(**{name: distances[name].mask(still, 0.0) for name in ("value", "floor")})
    table = distance_table(none, "clean_nominal", options["mismodellings"], KINDS)
    by_chance, heat = draw_distances(table, "sample").axes[1].collections
    assert by_chance.get_array().mask[0].tolist() == [False, True, False, False]
    assert heat.get_array().mask[0, 1]


def test_the_input_shown_of_a_kind_is_furthest_beyond_its_floor(distances, options):
    noisy = (distances["input"] == "track_1_D0") & (distances["distance"] == "kl")
    table = distance_table(
        distances.assign(floor=distances["floor"].mask(noisy, distances["value"])),
        *("clean_nominal", options["mismodellings"], KINDS),
    )
    kl = table[table["distance"] == "kl"].set_index(["label", "input"])
    assert kl.loc[("smearing by 0.1 σ", "track D0"), "value"] == pytest.approx(0.018)
    assert kl.loc[("smearing by 0.1 σ", "track D0"), "floor"] == pytest.approx(0.002)
