"""Updates recorded as CUDA graphs: which are, what a replay sees, and what keeps some from being recorded."""

import contextlib
import logging

import pytest
import torch

from robustag.training.recorded import HostWatch, Recorded
from robustag.training.step import Batch, Moment


class Graph:
    """Stands in for a CUDA graph: a replay makes the calls again, with what their tensors hold then."""

    now = None

    def __init__(self):
        self.calls, self.generators = [], []

    def register_generator_state(self, generator):
        self.generators.append(generator)

    def replay(self):
        for updates, batch, moment in self.calls:
            updates.done.append(("replayed", batch.label.tolist(), moment.epoch))


@contextlib.contextmanager
def recording(graph, capture_error_mode):
    Graph.now = graph
    yield
    Graph.now = None


class Updates:
    """Notes what it is asked to do."""

    def __init__(self, asks=False):
        self.total, self.done, self.asks = torch.zeros(2), [], asks

    def __call__(self, batch, moment):
        if Graph.now is not None:
            Graph.now.calls.append((self, batch, moment))
            return
        if self.asks:
            batch.label.sum().item()
        self.done.append(("called", batch.label.tolist(), moment.epoch))


@pytest.fixture(autouse=True)
def graphs(monkeypatch):
    made = []
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: made.append(Graph()) or made[-1])
    monkeypatch.setattr(torch.cuda, "graph", recording)
    return made


def batch(first, jets):
    label = torch.arange(first, first + jets)
    return Batch(torch.zeros(jets, 2), torch.zeros(jets, 2, dtype=torch.bool), label, torch.ones(jets))


def run(updates, epochs, warm_up=0, sizes=(4, 4, 4, 3)):
    """Train with batches of these sizes; what should have been shown, in order."""
    update = Recorded(updates, warm_up)
    moment, shown = Moment(0, torch.Generator()), []
    for epoch in range(epochs):
        moment.epoch = epoch
        for number, size in enumerate(sizes):
            jets = batch(100 * epoch + 10 * number, size)
            update(jets, moment)
            shown.append((jets.label.tolist(), epoch))
    return update, shown


def test_every_batch_is_shown_once_and_in_order(graphs):
    updates = Updates()
    _, shown = run(updates, epochs=5)
    assert [call[1:] for call in updates.done] == shown
    kinds = [call[0] for call in updates.done]
    # Three whole batches and three last ones by calls, one graph for each of both sizes from then on.
    assert kinds[:4] == ["called"] * 4
    assert kinds[4:7] == ["replayed"] * 3
    assert [kinds[4 * epoch + 3] for epoch in range(5)] == ["called"] * 3 + ["replayed"] * 2
    assert len(graphs) == 2


def test_each_epoch_of_a_warm_up_has_updates_of_its_own(graphs):
    updates = Updates()
    _, shown = run(updates, epochs=5, warm_up=2, sizes=(4,) * 5)
    assert [call[1:] for call in updates.done] == shown
    assert len(graphs) == 3


def test_a_graph_knows_the_generator_of_its_moment(graphs):
    update = Recorded(Updates(), 0)
    moment = Moment(0, torch.Generator())
    for number in range(4):
        update(batch(number, 4), moment)
    assert graphs[0].generators == [moment.generator]


def test_what_cannot_be_recorded_is_called_and_the_log_says_why(graphs, caplog):
    updates = Updates(asks=True)
    with caplog.at_level(logging.INFO):
        _, shown = run(updates, epochs=5)
    assert updates.done == [("called", *each) for each in shown]
    assert graphs == []
    assert "_local_scalar_dense" in caplog.text


def test_the_total_is_that_of_the_updates():
    updates = Updates()
    assert Recorded(updates, 0).total is updates.total


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        (lambda x: x.sum().item(), "_local_scalar_dense"),
        (lambda x: bool((x > 0).any()), "_local_scalar_dense"),
        (lambda x: x[x > 0], "index"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: torch.masked_select(x, x > 0), "masked_select"),
        (lambda x: torch.unique(x), "unique"),
        (lambda x: x.to("meta"), "_to_copy"),
        (lambda x: torch.zeros(3, device="meta").copy_(x), "copy_"),
    ],
)
def test_what_needs_the_processor_is_seen(operation, word):
    with HostWatch() as watch:
        operation(torch.arange(3.0))
    assert word in watch.found


def test_what_does_not_is_not():
    with HostWatch() as watch:
        x = torch.arange(3.0)
        x[torch.tensor([2, 0])] += x.double().to(torch.float32)[[0, 1]]
        torch.where(x > 0, x, 0.0).clone().copy_(x)
    assert watch.found == ""
