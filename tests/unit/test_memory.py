"""Work moves to a smaller place until memory suffices, and only if memory was the reason."""

import pytest
import torch

from robustag.memory import Place, within_memory

GPU, CPU = torch.device("cuda:1"), torch.device("cpu")


def test_a_gpu_takes_all_jets_and_a_cpu_what_suits_its_cache():
    assert Place.of(GPU, 100_000) == Place(GPU, 100_000, 2048)
    assert Place.of(CPU, 100_000) == Place(CPU, 2048, 2048)


def places(first, fits, error):
    """Where work is tried that only some places have memory for, and where it succeeds."""
    tried = []

    def work(place):
        tried.append((place.device.type, place.chunk))
        if not fits(place):
            raise error
        return "done"

    found, last = within_memory(work, first)
    assert found == "done"
    assert tried[-1] == (last.device.type, last.chunk)
    return tried


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
    ids=str,
)
def test_chunks_halve_and_then_the_processor_takes_over(error, caplog):
    tried = places(Place.of(GPU, 10_000), lambda place: place.device.type == "cpu", error)
    assert tried == [("cuda", 10_000), ("cuda", 5000), ("cuda", 2500), ("cuda", 2048), ("cpu", 2048)]
    assert caplog.messages == [
        "cuda:1 has no memory for 10000 jets: on with 5000",
        "cuda:1 has no memory for 5000 jets: on with 2500",
        "cuda:1 has no memory for 2500 jets: on with 2048",
        "cuda:1 has no memory for this: on with the processor",
    ]


@pytest.mark.parametrize("first", [Place.undivided("cuda:1"), Place.of(GPU, 500), Place(GPU, 9000, 9000)])
def test_what_is_not_divided_moves_at_once(first, caplog):
    error = torch.OutOfMemoryError("CUDA out of memory")
    tried = places(first, lambda place: place.device.type == "cpu", error)
    assert tried == [("cuda", first.chunk), ("cpu", first.least)]
    assert len(caplog.messages) == 1


def test_what_fits_is_tried_once(caplog):
    assert places(Place.of(GPU, 9000), lambda place: True, ValueError) == [("cuda", 9000)]
    assert not caplog.messages


def test_other_errors_move_nothing():
    with pytest.raises(RuntimeError, match="shapes"):
        places(Place.of(GPU, 9000), lambda place: place.chunk < 9000, RuntimeError("shapes do not fit"))


def test_the_processor_is_the_last_place():
    with pytest.raises(torch.OutOfMemoryError):
        places(Place.of(GPU, 4096), lambda place: False, torch.OutOfMemoryError("out of memory"))


def test_what_failed_is_gone_before_the_next_try():
    """The frames of an error hold tensors: they would fill the memory that is needed."""
    living = []

    class Block:
        def __init__(self):
            living.append(self_alive := [True])
            self.alive = self_alive

        def __del__(self):
            self.alive[0] = False

    def work(place):
        block = Block()
        if len(living) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [alive for (alive,) in living], block

    assert within_memory(work, Place.of(GPU, 9000))[0][0] == [False, True]
