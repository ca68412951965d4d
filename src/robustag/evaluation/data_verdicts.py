"""Does an adversarially trained tagger agree better between data and simulation than the nominal one?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustag.errors import InputError
from robustag.evaluation.differences import Measurement, matching
from robustag.evaluation.significance import answer, holm, level

BETTER, WORSE = "agrees better", "agrees worse"
BIN = ["bin_low", "bin_high"]
AGREEMENT_COLUMNS = [
    *("model", "seed", "quantity", *BIN, "data", "simulation", "js", "floor", "chi2", "ndf", "replicates"),
]


def all_bins(table: pd.DataFrame) -> np.ndarray:
    """Rows [N] about all bins of pT together."""
    return (
        (table["bin_low"] == table["bin_low"].min()) & (table["bin_high"] == table["bin_high"].max())
    ).to_numpy()


def excess(
    agreement: pd.DataFrame, model: str, quantity: str, bin_low: float, bin_high: float
) -> Measurement:
    """Jensen-Shannon divergence of one quantity above its floor, of every training of a model.

    Raises
    ------
    InputError
        If the table has no such row.
    """
    rows = agreement[
        matching(agreement, model=model, quantity=quantity, bin_low=bin_low, bin_high=bin_high)
    ].sort_values("seed")
    if rows.empty:
        raise InputError(
            f"the table of agreement has no row of {quantity}, {bin_low:g} to {bin_high:g} GeV, for model "
            f"'{model}': add it to the study's selection"
        )
    return Measurement(
        tuple(int(seed) for seed in rows["seed"]),
        (rows["js"] - rows["floor"]).to_numpy(dtype=np.float64),
        np.stack(rows["replicates"].to_list()).astype(np.float64),
    )


def data_verdicts(
    agreement: pd.DataFrame,
    pairs: Sequence[Mapping[str, str]],
    discriminators: Sequence[str],
    significance: float,
    *,
    together: bool = False,
) -> pd.DataFrame:
    """Nominal against adversarial agreement, on the same jets and in the same replicates.

    Parameters
    ----------
    agreement : DataFrame
        The collected table, columns `AGREEMENT_COLUMNS`.
    pairs : sequence of mapping
        label, nominal and adversarial.
    discriminators : sequence of str
    significance : float
        What counts as an effect, in standard deviations of a normal distribution; see
        `robustag.evaluation.significance`.
    together : bool
        Whether all pairs answer one question: their tests are then one family.

    Returns
    -------
    DataFrame
        Columns pair, discriminator, bin_low, bin_high; ``data`` and ``simulation``, jets; ``nominal`` and
        ``adversarial``, the Jensen-Shannon divergence above its floor, and ``difference``, nominal minus
        adversarial, each followed by its total error; ``nominal_chi2`` and ``adversarial_chi2`` (over ndf,
        means over trainings); ``p`` of the difference, corrected for the number of tests (Holm; the
        discriminators of a pair over all pT are a family, those in bins of pT another), NaN for models that
        were trained once; and ``verdict`` on the adversarial model. Where there is no difference the errors
        are too large by up to a factor sqrt(3), so that a verdict is too seldom, never too often.
    """
    rows = []
    for pair in pairs:
        of_nominal = agreement[agreement["model"] == pair["nominal"]]
        bins = of_nominal[BIN].drop_duplicates().itertuples(index=False)
        for low, high in bins:
            for name in discriminators:
                place = (name, float(low), float(high))
                nominal, adversarial = (
                    excess(agreement, pair[role], *place) for role in ("nominal", "adversarial")
                )
                gain = nominal - adversarial
                found = agreement[matching(agreement, quantity=name, bin_low=low, bin_high=high)]
                shown = found.groupby("model")[["data", "simulation", "chi2", "ndf"]].mean()
                rows.append(
                    {
                        "pair": pair["label"],
                        "discriminator": name,
                        "bin_low": low,
                        "bin_high": high,
                        "data": shown["data"][pair["nominal"]],
                        "simulation": shown["simulation"][pair["nominal"]],
                        **_with_error("nominal", nominal),
                        **_with_error("adversarial", adversarial),
                        **_with_error("difference", gain),
                        **{
                            f"{role}_chi2": shown["chi2"][pair[role]] / max(shown["ndf"][pair[role]], 1.0)
                            for role in ("nominal", "adversarial")
                        },
                        "p": gain.p_over_trainings(),
                    }
                )
    table = pd.DataFrame(rows)
    family = [all_bins(table), *([] if together else [table["pair"]])]
    table["p"] = table.groupby(family)["p"].transform(holm)
    table["verdict"] = [
        answer(difference, p, level(significance), BETTER, WORSE)
        for difference, p in table[["difference", "p"]].to_numpy()
    ]
    return table


def _with_error(name: str, measured: Measurement) -> dict[str, float]:
    return {name: measured.mean, f"{name}_error": measured.total}
