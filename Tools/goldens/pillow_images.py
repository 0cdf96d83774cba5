#!/usr/bin/env python3
"""Writes small image files and what Pillow makes of them, as goldens of the decoding and resizing tests.

    python pillow_images.py -o Tests/Fixtures/images [--data DIR]

Written: the images; decoded.csv (CRC-32 of the upright pixels: 8-bit grey or RGB interleaved, 16-bit grey as big-endian
pairs); resized.csv (the same after Image.resize); grey16_*.f32 (Image.resize in mode F of the values / 65535, little-endian
float32). With --data also shared.csv: images of the shared data folder, decoded, and resized to 256 x 256.

Pillow 13.0.0 made the committed files.
"""

import argparse
import csv
import pathlib
import zlib

import numpy
from PIL import Image, ImageOps

FILTERS = {
    name: Image.Resampling[name.upper()] for name in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")}
SHARED_FILTERS = ["bilinear", "bicubic"]
SIZES = [(24, 17), (12, 40), (37, 53), (64, 64), (5, 90), (50, 9), (1, 1), (37, 20), (11, 53), (200, 140)]


def picture(height, width, channels, seed):
    """Smooth waves with noise and hard edges: every filter has something to get wrong."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for channel in range(channels):
        wave = 128 + 90 * numpy.sin(x / (3.1 + channel)) * numpy.cos(y / (4.7 - channel))
        wave[(x // 7 + y // 5) % 5 == 0] = 255 * (channel % 2)
        planes.append(wave + random.normal(0, 25, (height, width)))
    return numpy.clip(numpy.stack(planes, -1), 0, 255).astype(numpy.uint8)


def write_images(folder):
    grey = Image.fromarray(picture(53, 37, 1, 1)[..., 0])
    color = Image.fromarray(picture(53, 37, 3, 2))
    grey.save(folder / "grey.png")
    color.save(folder / "rgb.png")
    color.quantize(12).save(folder / "palette4.png", bits=4)
    color.quantize(200).save(folder / "palette8.png")
    grey.convert("1").save(folder / "bits1.png")
    rgba = color.copy()
    rgba.putalpha(grey)
    rgba.save(folder / "rgba.png")
    grey_alpha = grey.copy()
    grey_alpha.putalpha(grey)
    grey_alpha.save(folder / "grey_alpha.png")
    color.save(folder / "key_color.png", transparency=(10, 20, 30))
    deep = picture(53, 37, 1, 3)[..., 0].astype(numpy.uint16) * 251 + picture(53, 37, 1, 4)[..., 0]
    Image.fromarray(deep).save(folder / "grey16.png")
    grey.save(folder / "grey.jpg", quality=85)
    color.save(folder / "color420.jpg", quality=80)
    color.save(folder / "color422.jpg", quality=90, subsampling=1)
    color.save(folder / "progressive.jpg", quality=75, progressive=True)
    color.convert("CMYK").save(folder / "cmyk.jpg", quality=90)
    exif = Image.Exif()
    for orientation in (3, 6, 7):
        exif[0x0112] = orientation
        color.save(folder / f"orientation{orientation}.jpg", quality=80, exif=exif)


def upright(path):
    """The image as the loader must see it: turned, and grey, 16-bit grey or RGB."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode in ("L", "I;16"):
        return image
    return image.convert("L" if image.mode in ("1", "LA") else "RGB")


def checksum(image):
    pixels = numpy.asarray(image)
    return zlib.crc32((pixels.astype(">u2") if image.mode == "I;16" else pixels).tobytes())


def describe(name, image):
    return [name, *image.size, len(image.getbands()), checksum(image)]


def write_table(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    write_images(options.output)

    header = ["file", "width", "height", "channels", "crc32"]
    paths = sorted(path for path in options.output.iterdir() if path.suffix in (".png", ".jpg"))
    write_table(options.output / "decoded.csv", header, [describe(path.name, upright(path)) for path in paths])

    resized = []
    for name in ("grey.png", "rgb.png"):
        for size in SIZES:
            for interpolation, filter in FILTERS.items():
                image = upright(options.output / name).resize(size, filter)
                resized.append([name, *size, interpolation, checksum(image)])
    write_table(options.output / "resized.csv", ["file", "width", "height", "interpolation", "crc32"], resized)
    deep = Image.fromarray((numpy.asarray(upright(options.output / "grey16.png")) / 65535).astype(numpy.float32))
    for interpolation, filter in FILTERS.items():
        values = numpy.asarray(deep.resize((24, 17), filter)).astype("<f4")
        (options.output / f"grey16_{interpolation}.f32").write_bytes(values.tobytes())

    if options.data:
        rows = []
        formats = [*sorted((options.data / "formats/png").glob("*")), *sorted((options.data / "formats/jpeg").glob("*"))]
        samples = [
            *sorted((options.data / "classification/busi").glob("test/*/*.jpg"))[::8],
            *sorted((options.data / "classification/ph2").glob("test/*/*.jpg"))[::8],
            *sorted((options.data / "segmentation/busi/test/masks").glob("*.png"))[::20],
        ]
        for path in formats + samples:
            image = upright(path)
            name = str(path.relative_to(options.data))
            sums = [checksum(image.resize((256, 256), FILTERS[chosen])) for chosen in SHARED_FILTERS]
            rows.append(describe(name, image) + (["", ""] if image.mode == "I;16" else sums))
        write_table(options.output / "shared.csv", header + SHARED_FILTERS, rows)


if __name__ == "__main__":
    main()
