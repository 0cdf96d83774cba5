"""Checks dka's masks against independent programs, with random networks and random masks.

    python Tools/goldens/segmentation.py --dka .build/release/dka MODEL.onnx [--head mask]

Trains MODEL on drawn images and masks for some steps with `dka train --task segmentation`, then compares
  - the written file's parameters of the head with the published count,
  - `evaluate --csv` and its object with what scipy, scikit-learn and MONAI's definitions give for the masks that `predict` writes,
  - those masks with ONNX Runtime's scores, resized by PyTorch (bilinear, align_corners=False) and arg-maxed,
  - probabilities of `predict --tiles 0.5` with the mean of ONNX Runtime's scores over overlapping tiles of the network's input.
Needs onnxruntime, numpy, Pillow, scipy, scikit-learn and torch; with monai installed its metrics are compared as well.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import tempfile
import warnings

import numpy as np
import onnxruntime
import torch
from PIL import Image
from scipy import ndimage
from sklearn.metrics import jaccard_score

TOLERANCE = 2.0


def draw(folder, count, seed):
    """Grey noise with up to two ellipses of classes 1 and 2, in files of several sizes; every fifth without any."""
    random = np.random.default_rng(seed)
    for number in range(count):
        height, width = int(random.integers(48, 97)), int(random.integers(48, 97))
        rows, columns = np.mgrid[0:height, 0:width]
        mask = np.zeros((height, width), np.uint8)
        image = random.normal(90, 20, (height, width))
        for label in (1, 2):
            if number % 5 == 0 or random.random() < 0.3:
                continue
            middle = random.uniform(0.2, 0.8, 2) * (height, width)
            radii = random.uniform(0.1, 0.3, 2) * (height, width)
            inside = ((rows - middle[0]) / radii[0]) ** 2 + ((columns - middle[1]) / radii[1]) ** 2 < 1
            mask[inside] = label
            image[inside] += 60 * label
        for kind, pixels in (("images", np.clip(image, 0, 255).astype(np.uint8)), ("masks", mask)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(pixels)
            if kind == "masks":
                picture = picture.convert("P")
                picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
            picture.save(folder / kind / f"{number:03d}.png")


def border(mask):
    return mask & ~ndimage.binary_erosion(mask)


def figures(prediction, reference):
    """Dice, IoU, HD95 and surface Dice of two sets of pixels; None where undefined, as METHOD says."""
    both, either = (prediction & reference).sum(), (prediction | reference).sum()
    if either == 0:
        return None, None, None, None
    dice = 2 * both / (prediction.sum() + reference.sum())
    if not prediction.any() or not reference.any():
        return dice, both / either, None, 0.0
    first, second = border(prediction), border(reference)
    there = ndimage.distance_transform_edt(~second)[first]
    back = ndimage.distance_transform_edt(~first)[second]
    near = (there <= TOLERANCE).sum() + (back <= TOLERANCE).sum()
    return dice, both / either, max(np.percentile(there, 95), np.percentile(back, 95)), near / (len(there) + len(back))


def run(dka, *arguments):
    return json.loads(subprocess.run([dka, *map(str, arguments), "--json"], check=True, capture_output=True).stdout)


def close(name, found, expected, tolerance=1e-9):
    if found is None or expected is None:
        assert found is None and expected is None, f"{name}: {found}, expected {expected}"
        return
    assert abs(found - expected) <= tolerance, f"{name}: {found}, expected {expected}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dka", default=".build/release/dka")
    parser.add_argument("--head", default="mask")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        draw(work / "data/train", 24, 1)
        draw(work / "data/test", 12, 2)
        trained = run(
            options.dka, "train", options.model, "--data", work / "data", "-o", work / "run", "--task", "segmentation",
            "--head", options.head, "--epochs", 6, "--batch", 4, "--dim", 8, "--lr-head", 1e-3, "--image-size", 32, "--mean", 0.5, "--std", 0.5)
        model = work / "run/model.onnx"
        found = run(
            options.dka, "evaluate", model, "--data", work / "data", "--csv", work / "figures.csv", "--save-inputs", work / "inputs")
        for key in ("iou", "dice", "hd95", "dice_per_image"):
            assert trained["test"][key] == found[key], f"train and evaluate differ in {key}"
        images = sorted((work / "data/test/images").iterdir())
        answers = run(options.dka, "predict", model, *images, "-o", work / "masks", "--probabilities")["predictions"]

        session = onnxruntime.InferenceSession(str(model))
        sums = np.zeros((3, 3))
        per_image = {}
        differing = total = 0
        for answer, path in zip(answers, images):
            prediction = np.array(Image.open(answer["mask"]))
            reference = np.array(Image.open(str(path).replace("/images/", "/masks/")))
            assert prediction.shape == reference.shape
            probabilities = np.load(answer["probabilities"])
            pixels = np.load(next((work / "inputs").glob(f"*_{path.stem}.npy")))
            scores = session.run(None, {session.get_inputs()[0].name: pixels})[0]
            whole = torch.nn.functional.interpolate(
                torch.from_numpy(scores), size=reference.shape, mode="bilinear", align_corners=False)
            expected = whole.softmax(1)[0].numpy()
            assert np.abs(expected - probabilities).max() < 1e-4, np.abs(expected - probabilities).max()
            differing += int((whole.argmax(1)[0].numpy() != prediction).sum())
            total += prediction.size
            for label in range(3):
                sums[label] += (
                    ((prediction == label) & (reference == label)).sum(), (prediction == label).sum(),
                    (reference == label).sum())
                per_image[path.name, label] = figures(prediction == label, reference == label)
        assert differing <= total * 1e-4, f"{differing} of {total} pixels differ from ONNX Runtime and PyTorch"

        everything = [
            (np.array(Image.open(a["mask"])).ravel(), np.array(Image.open(str(p).replace("/images/", "/masks/"))).ravel())
            for a, p in zip(answers, images)]
        predicted, truth = (np.concatenate(parts) for parts in zip(*everything))
        witness = jaccard_score(truth, predicted, labels=[0, 1, 2], average=None, zero_division=0)
        for label in range(3):
            both, first, second = sums[label]
            close(f"iou {label}", found["iou"][label], witness[label] if first + second else None)
            close(f"dice {label}", found["dice"][label], 2 * both / (first + second) if first + second else None)
        for label in (1, 2):
            row = found["per_class"][label]
            for position, key in ((0, "dice_per_image"), (2, "hd95"), (3, "surface_dice")):
                values = [v[position] for (_, l), v in per_image.items() if l == label and v[position] is not None]
                close(f"{key} {label}", row[key], float(np.mean(values)) if values else None)
        with open(work / "figures.csv") as table:
            for row in csv.DictReader(table):
                label = {"1": 1, "2": 2}[row["class"]]
                expected = per_image[pathlib.Path(row["image"]).name, label]
                for key, value in zip(("dice", "iou", "hd95", "surface_dice"), expected):
                    close(f"{row['image']} {label} {key}", float(row[key]) if row[key] else None, value)
        print(f"masks agree in all but {differing} of {total} pixels; iou, dice, hd95, surface dice equal to 1e-9")
        check_monai(answers, images, work / "figures.csv")
        check_tiles(options.dka, model, session, images, work)


def check_tiles(dka, model, session, images, work):
    """Scores of images in tiles half over one another, averaged pixel by pixel."""
    side, worst = 32, 0.0
    answers = run(dka, "predict", model, *images, "-o", work / "tiles", "--tiles", 0.5, "--probabilities")["predictions"]
    for answer, path in zip(answers, images):
        pixels = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1) / 255
        height, width = pixels.shape[1:]
        sums, counts = np.zeros((3, height, width)), np.zeros((height, width))
        starts = [sorted({*range(0, extent - side, side // 2), extent - side}) for extent in (height, width)]
        for top in starts[0]:
            for left in starts[1]:
                tile = (pixels[None, :, top:top + side, left:left + side] - 0.5) / 0.5
                sums[:, top:top + side, left:left + side] += session.run(None, {session.get_inputs()[0].name: tile})[0][0]
                counts[top:top + side, left:left + side] += 1
        expected = torch.from_numpy(sums / counts).softmax(0).numpy()
        worst = max(worst, float(np.abs(expected - np.load(answer["probabilities"])).max()))
    assert worst < 1e-4, worst
    print(f"probabilities of {len(images)} images in tiles agree with ONNX Runtime's to {worst:.1e}")


def check_monai(answers, images, table):
    """HD95 and surface Dice of every image and class that both masks hold, against MONAI."""
    try:
        from monai.metrics import compute_hausdorff_distance, compute_surface_dice
    except ImportError:
        print("monai is not installed: its metrics were not compared")
        return
    warnings.simplefilter("ignore")
    with open(table) as file:
        rows = {(pathlib.Path(row["image"]).name, int(row["class"])): row for row in csv.DictReader(file)}
    compared = 0
    for answer, path in zip(answers, images):
        pair = [np.array(Image.open(p)) for p in (answer["mask"], str(path).replace("/images/", "/masks/"))]
        first, second = (torch.from_numpy(np.stack([m == label for label in range(3)])[None].astype(np.float32)) for m in pair)
        present = first.sum((2, 3)).bool() & second.sum((2, 3)).bool()
        distances = compute_hausdorff_distance(first, second, include_background=True, percentile=95)
        surfaces = compute_surface_dice(first, second, class_thresholds=[TOLERANCE] * 3, include_background=True)
        for label in (1, 2):
            if present[0, label]:
                row = rows[path.name, label]
                close(f"monai hd95 {path.name} {label}", float(row["hd95"]), float(distances[0, label]), 1e-4)
                close(f"monai surface dice {path.name} {label}", float(row["surface_dice"]), float(surfaces[0, label]), 1e-4)
                compared += 1
    print(f"monai gives the same hd95 and surface dice for {compared} images and classes")


if __name__ == "__main__":
    main()
