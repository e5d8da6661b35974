"""What training and prediction cost beside the bare network on this device.

The training step with drawing of patches from files, clipping and the moving average, against forward, loss, backward
and optimiser step on one batch that lies ready: at least 90 %. Prediction in tiles against one pass over the whole
picture, per computed pixel, halo included: at least 90 %. A picture of 1024 px with the CPU preset: within 5 s on two
cores, also where features are fine and it is looked at a second time, twice as large.
Each with its share of what the device reaches in a large matrix product of the same precision.
On a CPU the seconds are the processor's, of all threads together, so that other programs do not count.

Run: python -m benchmarks.learning_speed [THREADS [WIDTH]]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from semiview.learning.checkpoint_file import load_network
from semiview.learning.inference import predict, tiled
from semiview.learning.messages import TrainingOptions
from semiview.learning.networks import TILING, WIDTH_PRESETS, PatternNet
from semiview.learning.registry import starter_path
from semiview.learning.samples import draw_batch, on_disk
from semiview.learning.simulated_samples import simulated_sample
from semiview.learning.trainer import Trainer, pattern_loss

REPEATS = 3
FIELD_PX = 1024
WIDE_SEED, FINE_SEED = 1, 46  # lines of 211 px, and of 7, which are looked at enlarged
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


def operations(work: Callable[[], object]) -> float:
    """Floating point operations of convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def peak_per_s(device: torch.device, dtype: torch.dtype) -> float:
    side = 8192 if device.type == "cuda" else 2048
    matrix = torch.randn(side, side, device=device).to(dtype)
    return float(2 * side**3 / seconds(lambda: matrix @ matrix, 5))


def training(device: torch.device, width: int) -> None:
    options = TrainingOptions()
    with tempfile.TemporaryDirectory() as folder:
        samples = [on_disk(simulated_sample(seed, side_px=FIELD_PX), Path(folder)) for seed in range(4)]
        trainer = Trainer(PatternNet(width), 10_000, options.learning_rate, options.weight_decay, 0, device)

        def whole() -> None:
            batch = draw_batch(samples, samples, options.batch, options.batch // 2, options.patch_px, trainer.rng())
            trainer.train_step(batch)

        batch = draw_batch(samples, (), options.batch, 0, options.patch_px, trainer.rng())
        planes = (batch.pixels, batch.target, batch.weight)
        pixels, target, weight = (
            torch.from_numpy(plane).to(device, memory_format=torch.channels_last) for plane in planes
        )

        def bare() -> None:
            with torch.autocast(device.type, torch.bfloat16, enabled=trainer.half):
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
        reached = operations(bare) / bare_s / peak_per_s(device, torch.bfloat16 if trainer.half else torch.float32)
        print(f"  {100 * share:.0f} % of the bare step's speed; {options.batch / whole_s:.2f} patches/s;")
        print(f"  the bare step reaches {100 * reached:.0f} % of a matrix product's speed")


def prediction(device: torch.device, width: int) -> None:
    network = PatternNet(width).to(device) if width != WIDTH_PRESETS[0] else load_network(starter_path())[0].to(device)
    for what, seed in (("wide features", WIDE_SEED), ("fine features", FINE_SEED)):
        values = simulated_sample(seed, "line_space", side_px=FIELD_PX).pixels
        pixels = np.rint(np.clip((values + 1) * 100, 0, 255)).astype(np.uint8)
        taken = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            predict(network, pixels, device=device)
            taken.append(time.perf_counter() - begun)
        first, median = taken[0], statistics.median(taken)
        print(f"{FIELD_PX} px with {what}: {median:.2f} s on the clock, the first {first:.2f} s")

    def look(tile_px: int) -> None:
        tiled(network, values, torch.sigmoid, tile_px, device)

    whole_s = seconds(lambda: look(FIELD_PX))
    reached = operations(lambda: look(FIELD_PX)) / whole_s
    print(f"whole picture: {whole_s:.2f} s, {FIELD_PX**2 / whole_s / 1e6:.3f} Mpx/s,")
    print(f"  {100 * reached / peak_per_s(device, torch.float32):.0f} % of a matrix product's speed")
    for tile_px in TILES_PX:
        spent = seconds(lambda tile=tile_px: look(tile), 1)  # type: ignore[misc]
        tiles = TILING.tiles(values.shape, tile_px)
        seen = sum((rows.stop - rows.start) * (columns.stop - columns.start) for _, _, rows, columns in tiles)
        share = (seen / spent) / (FIELD_PX**2 / whole_s)
        print(f"  tiles of {tile_px} px: {spent:.2f} s, {100 * share:.0f} % of the whole pass per computed pixel")


def main() -> None:
    threads, width = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 1), (2, 16)))
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{device.type}, {threads} threads, preset {width}, torch {torch.__version__}")
    training(device, width)
    prediction(device, width)


if __name__ == "__main__":
    main()
