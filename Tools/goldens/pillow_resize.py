#!/usr/bin/env python3
"""Golden images of Pillow's antialiased resize, for small synthetic images: up, down, odd sizes, grey and RGB.

    python pillow_resize.py -o Tests/Fixtures/resize

`index.json` lists the cases: source PNG, filter ("bilinear" or "bicubic"), target [width, height], expected .npy (uint8, [h, w] or
[h, w, 3]). Sources hold edges, ramps and seeded noise, so that a wrong filter support, phase or clamping shows.
"""

import argparse
import json
import os

import numpy as np
from PIL import Image, __version__

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def grey(height, width, seed):
    """A ramp with a bright box, a one-pixel line and some noise, uint8 [h, w]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    values = 40 + 120 * columns / max(1, width - 1) + 30 * np.sin(rows / 3)
    values[height // 4:height // 2, width // 3:width // 2] = 255
    values[:, width * 3 // 4] = 0
    return np.clip(values + random.normal(0, 12, values.shape), 0, 255).astype(np.uint8)


def colour(height, width, seed):
    """Three different grey images as channels, uint8 [h, w, 3]."""
    return np.stack([grey(height, width, seed + channel)[::1 - 2 * (channel % 2)] for channel in range(3)], axis=-1)


SOURCES = {
    "grey_61x47": grey(47, 61, 1),
    "rgb_64x48": colour(48, 64, 2),
    "rgb_33x90": colour(90, 33, 3),
    "grey_5x3": grey(3, 5, 4),
    "rgb_1x1": colour(1, 1, 5),
}
# Source, target width, target height.
TARGETS = [
    ("grey_61x47", 23, 17), ("grey_61x47", 61, 20), ("grey_61x47", 97, 80), ("grey_61x47", 61, 47),
    ("rgb_64x48", 32, 24), ("rgb_64x48", 31, 25), ("rgb_64x48", 7, 5), ("rgb_64x48", 80, 60),
    ("rgb_33x90", 40, 40), ("rgb_33x90", 11, 30), ("grey_5x3", 16, 16), ("grey_5x3", 1, 1), ("rgb_1x1", 9, 4),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    for name, values in SOURCES.items():
        Image.fromarray(values).save(os.path.join(options.output, name + ".png"), optimize=True)
    cases = []
    for name, width, height in TARGETS:
        image = Image.open(os.path.join(options.output, name + ".png"))
        for filter_name, filter_value in FILTERS.items():
            expected = f"{name}.{width}x{height}.{filter_name}.npy"
            np.save(os.path.join(options.output, expected), np.asarray(image.resize((width, height), filter_value)))
            cases.append({"source": name + ".png", "filter": filter_name, "target": [width, height], "expected": expected})
    with open(os.path.join(options.output, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"pillow": __version__, "cases": cases}, file, indent=1)
        file.write("\n")
    print(f"{len(cases)} cases in {options.output}")


if __name__ == "__main__":
    main()
