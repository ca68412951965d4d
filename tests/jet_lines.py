"""Lines of the format jet_flavor, from numbers or by chance."""

import gzip
import json

import numpy as np

from robustag.readers.jet_flavor import JET_VARIABLES, TRACK_VARIABLES


def jet_line(jet, tracks):
    """A line: 17 numbers of the jet, flavor the third, and 28 of every track."""
    jet, tracks = [*map(float, jet)], [[*map(float, track)] for track in tracks]
    parts = [[track[:5], track[5:20], track[20:21], track[21:]] for track in tracks]
    text = json.dumps([jet[0], jet[1], int(jet[2]), jet[3:11], jet[11:], parts])
    return text.replace("-Infinity", '"-inf"').replace("Infinity", '"inf"').replace("NaN", '"NaN"')


def random_jets(number, seed=1):
    """Jets [N, 17] and a list of tracks [T, 28] each, of six digits, as far apart as flavours are."""
    random = np.random.default_rng(seed)
    flavor = random.choice([5, 4, 0], number, p=[0.4, 0.12, 0.48])
    life = np.select([flavor == 5, flavor == 4], [3.0, 2.0], 1.0)
    jets = np.abs(random.normal(0.2, 0.05, (number, len(JET_VARIABLES))))
    at = JET_VARIABLES.index
    jets[:, 0] = 22.92 + random.exponential(12.0, number)
    jets[:, 1] = random.uniform(-2.49, 2.49, number)
    jets[:, 2] = flavor
    jets[:, at("track_2_d0_significance")] = life * random.exponential(1.0, number)
    jets[:, at("n_tracks_over_d0_threshold")] = random.poisson(life)
    vertex = [at(name) for name in JET_VARIABLES if "vert" in name]
    jets[:, vertex] = 1.0 + random.poisson(1.0, (number, len(vertex)))
    alone = random.random(number) < 0.3
    jets[np.ix_(alone, vertex)] = [[-1, -1, -1, np.inf, -1, -np.inf]]
    counts = np.minimum(random.poisson(7.0, number), 33)
    tracks = np.abs(random.normal(1.0, 0.2, (counts.sum(), len(TRACK_VARIABLES)))) * 1e-3
    tracks[:, 0] = random.normal(0.0, 0.05, len(tracks)) * np.repeat(life, counts)
    tracks[:, 1:5] = np.clip(random.normal(0.0, 0.1, (len(tracks), 4)), -0.39, 0.39)
    tracks[:, 20] = random.random(len(tracks))
    tracks[:, TRACK_VARIABLES.index("vertex_n_tracks")] = random.poisson(3.0, len(tracks))
    prompt = random.random(len(tracks)) < 0.5
    tracks[np.ix_(prompt, [23, 24])] = np.nan
    return rounded(jets), np.split(rounded(tracks), np.cumsum(counts)[:-1])


def rounded(values):
    """Six significant digits, as the data set has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(np.isfinite(values) & (values != 0), np.floor(np.log10(np.abs(values))), 0)
    step = 10.0 ** (5 - size)
    return np.where(np.isfinite(values), np.round(values * step) / step, values)


def write_lines(path, lines):
    """A file of lines, gzipped if its name says so."""
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text, 6, mtime=0) if path.suffix == ".gz" else text)
    return path


def write_random(path, number, seed=1):
    """A file of random jets."""
    return write_lines(path, map(jet_line, *random_jets(number, seed)))
