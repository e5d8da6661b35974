"""What training and prediction cost beside the bare network on this device.

The training step with drawing of patches from files, clipping and the moving average, against forward, loss, backward
and optimiser step on one batch that lies ready: at least 90 %. Prediction in tiles against one pass over the whole
picture, per computed pixel, halo included: at least 90 %. A picture of 1024 px with the CPU preset: within 5 s.
On a CPU the seconds are the processor's, of all threads together, so that other programs do not count.

Run: python -m benchmarks.learning_speed [THREADS]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from semiview.learning.checkpoint_file import load_network
from semiview.learning.inference import predict, predict_scaled
from semiview.learning.messages import TrainingOptions
from semiview.learning.networks import HALO_PX, PatternNet
from semiview.learning.registry import starter_path
from semiview.learning.samples import draw_batch, on_disk
from semiview.learning.simulated_samples import simulated_sample
from semiview.learning.trainer import Trainer, pattern_loss

REPEATS = 3
FIELD_PX = 1024
TILES_PX = (256, 512)


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median of repeats; of several, after one that does not count."""
    if repeats > 1:
        work()
    on_gpu = torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time
    taken = []
    for _ in range(repeats):
        begun = clock()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        taken.append(clock() - begun)
    return statistics.median(taken)


def training(device: torch.device) -> None:
    options = TrainingOptions()
    with tempfile.TemporaryDirectory() as folder:
        samples = [on_disk(simulated_sample(seed, side_px=FIELD_PX), Path(folder)) for seed in range(4)]
        trainer = Trainer(PatternNet(), 10_000, options.learning_rate, options.weight_decay, 0, device)

        def whole() -> None:
            batch = draw_batch(samples, samples, options.batch, options.batch // 2, options.patch_px, trainer.rng())
            trainer.train_step(batch)

        batch = draw_batch(samples, (), options.batch, 0, options.patch_px, trainer.rng())
        planes = (batch.pixels, batch.target, batch.weight)
        pixels, target, weight = (
            torch.from_numpy(plane).to(device, memory_format=torch.channels_last) for plane in planes
        )

        def bare() -> None:
            with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
                logits = trainer.network(pixels)
            loss = pattern_loss(logits.float(), target, weight)
            trainer.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            trainer.optimizer.step()

        whole()
        bare()
        # In turns, so that a machine that slows down slows both.
        pairs = [(seconds(bare, 1), seconds(whole, 1)) for _ in range(REPEATS)]
        bare_s, whole_s = (statistics.median(column) for column in zip(*pairs, strict=True))
        share = statistics.median(one / other for one, other in pairs)
        print(f"training step of {options.batch} x {options.patch_px} px: bare {bare_s:.3f} s, whole {whole_s:.3f} s,")
        print(f"  {100 * share:.0f} % of the bare step's speed; {options.batch / whole_s:.2f} patches/s")


def prediction(device: torch.device) -> None:
    network, reference = load_network(starter_path())
    network.to(device)
    values = simulated_sample(0, side_px=FIELD_PX).pixels
    whole_s = seconds(lambda: predict_scaled(network, values, FIELD_PX, device))
    print(f"whole picture of {FIELD_PX} px ({reference.id}): {whole_s:.2f} s, {FIELD_PX**2 / whole_s / 1e6:.3f} Mpx/s")
    for tile_px in TILES_PX:
        taken = seconds(lambda tile=tile_px: predict_scaled(network, values, tile, device), 3)  # type: ignore[misc]
        starts = range(0, FIELD_PX, tile_px)
        seen = sum(min(low + tile_px + HALO_PX, FIELD_PX) - max(low - HALO_PX, 0) for low in starts)
        share = (seen**2 / taken) / (FIELD_PX**2 / whole_s)
        print(f"  tiles of {tile_px} px: {taken:.2f} s, {100 * share:.0f} % of the whole pass per computed pixel")
    pixels = np.rint(np.clip((values + 1) * 100, 0, 255)).astype(np.uint8)
    print(f"predict() from grey values: {seconds(lambda: predict(network, pixels, device=device), 3):.2f} s")


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{device.type}, {threads} threads, torch {torch.__version__}")
    training(device)
    prediction(device)


if __name__ == "__main__":
    main()
