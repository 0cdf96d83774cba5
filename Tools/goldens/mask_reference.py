"""Losses of masks by PyTorch in float64, and figures of masks by scipy, as the tests compare with.

    python mask_reference.py -o ../../Tests/Fixtures/masks
"""

import argparse
import json
import pathlib

import numpy as np
import torch
from scipy import ndimage

SMOOTHING = 1e-5
TOLERANCE = 2.0


def losses():
    """Per image means, summed over two images; −1 counts nowhere."""
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64) * 2
    labels = torch.randint(-1, 3, (2, 4, 5), generator=generator)
    cases = []
    for weights in (None, [0.25, 1.0, 2.0]):
        for kind in ("ce", "dice", "bce", "ce+dice", "bce+dice"):
            x = scores.clone().requires_grad_()
            loss = sum(image_loss(x[i], labels[i], kind, weights) for i in range(2))
            loss.backward()
            cases.append({
                "kind": kind, "weights": weights, "loss": loss.item(), "gradient": x.grad.flatten().tolist()})
    return {
        "scores": {"shape": list(scores.shape), "values": scores.flatten().tolist()},
        "labels": {"shape": list(labels.shape), "values": labels.flatten().tolist()}, "cases": cases}


def image_loss(scores, labels, kind, weights):
    counted = labels >= 0
    w = torch.tensor(weights or [1.0] * 3, dtype=torch.float64)
    target = torch.stack([(labels == c).double() for c in range(3)])
    loss, terms = 0, kind.split("+")
    if "bce" in terms:
        pixels = torch.nn.functional.binary_cross_entropy_with_logits(scores, target, reduction="none")
        loss += ((pixels * counted).sum((1, 2)) / counted.sum() * w).sum() / w.sum()
    if "ce" in terms:
        loss += torch.nn.functional.cross_entropy(scores[None], labels[None], weight=w, ignore_index=-1)
    if "dice" in terms:
        p = (scores.sigmoid() if "bce" in terms else scores.softmax(0)) * counted
        upper = 2 * (p * target).sum((1, 2)) + SMOOTHING
        lower = (p * p).sum((1, 2)) + (target * target).sum((1, 2)) + SMOOTHING
        loss += ((1 - upper / lower) * w).sum() / w.sum()
    return loss


def figures():
    """Two classes beside the background on small images of several shapes; some without one or the other."""
    random = np.random.default_rng(5)
    cases = []
    for number, (height, width) in enumerate([(9, 12), (16, 16), (20, 7), (5, 5), (30, 24), (1, 8)]):
        pair = []
        for _ in range(2):
            noise = ndimage.gaussian_filter(random.normal(size=(height, width)), 1.5)
            mask = np.digitize(noise, np.quantile(noise, [0.5, 0.8]))
            if number == 3:
                mask[:] = 0
            pair.append(mask)
        if number == 1:
            pair[0][pair[0] == 2] = 0
        if number == 4:
            pair[1][pair[1] == 1] = 0
            pair[1][0, :5] = -1
        prediction, reference = pair
        classes = [figure((prediction == c) & (reference >= 0), reference == c, c > 0) for c in range(3)]
        cases.append({
            "height": height, "width": width, "prediction": prediction.flatten().tolist(),
            "reference": reference.flatten().tolist(), "classes": classes})
    return cases


def figure(prediction, reference, has_border):
    both, either = int((prediction & reference).sum()), int((prediction | reference).sum())
    result = {"iou": None, "dice": None, "hd95": None, "surface_dice": None}
    if either == 0:
        return result
    result["iou"], result["dice"] = both / either, 2 * both / int(prediction.sum() + reference.sum())
    if not has_border:
        return result
    result["surface_dice"] = 0.0
    if prediction.any() and reference.any():
        first, second = (mask & ~ndimage.binary_erosion(mask) for mask in (prediction, reference))
        there = ndimage.distance_transform_edt(~second)[first]
        back = ndimage.distance_transform_edt(~first)[second]
        result["hd95"] = max(np.percentile(there, 95), np.percentile(back, 95))
        near = int((there <= TOLERANCE).sum() + (back <= TOLERANCE).sum())
        result["surface_dice"] = near / (len(there) + len(back))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for name, content in (("losses", losses()), ("figures", figures())):
        (output / f"{name}.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
