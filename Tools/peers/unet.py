#!/usr/bin/env python3
"""Trains a small U-Net from nothing on a folder of images and masks: what figures of adapted networks are worth beside.

    python unet.py DATA [--epochs 20] [--batch 8] [--fraction 1] [--width 16]

DATA is DIR/{train,test}/{images,masks} with PNG masks, as `dka train --task segmentation` reads it. Images are resized to 224 pixels and
mirrored at random; Adam at 1e-3, cross-entropy of pixels, one seed. Scores of the test images are resized to the size of the file and
compared there. One JSON object on standard output: miou, miou_foreground, dice_foreground, dice_per_image, seconds.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

SIDE = 224


def block(before, after):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class UNet(nn.Module):
    """Four halvings and as many doublings, maps of equal size side by side."""

    def __init__(self, classes, width):
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        self.down = nn.ModuleList(block(a, b) for a, b in zip([3, *widths], widths))
        self.up = nn.ModuleList(block(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1]))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        kept = []
        for level, layer in enumerate(self.down):
            x = layer(x if level == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        kept.pop()
        for layer in self.up:
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = layer(torch.cat([x, kept.pop()], 1))
        return self.head(x)


def read(folder):
    """Images [3, SIDE, SIDE], masks at that size, and masks as they are; masks hold positions in `values`."""
    pairs = []
    for path in sorted((folder / "images").iterdir()):
        mask = next((folder / "masks").glob(path.stem + ".*"))
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
        pairs.append((np.asarray(image, np.float32).transpose(2, 0, 1) / 127.5 - 1, np.asarray(Image.open(mask))))
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--fraction", type=float, default=1)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(7)
    start = time.perf_counter()
    train, test = read(options.data / "train"), read(options.data / "test")
    values = sorted({int(value) for _, mask in train for value in np.unique(mask)})
    classes = len(values)
    order = np.random.default_rng(7).permutation(len(train))[:max(round(len(train) * options.fraction), 1)]
    train = [train[index] for index in order]
    images = torch.from_numpy(np.stack([image for image, _ in train]))
    labels = torch.from_numpy(np.stack([
        np.searchsorted(values, np.asarray(Image.fromarray(mask).resize((SIDE, SIDE), Image.NEAREST))) for _, mask in train]))
    model = UNet(classes, options.width)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(options.epochs):
        model.train()
        for part in torch.randperm(len(images)).split(options.batch):
            x, y = images[part], labels[part]
            mirrored = torch.rand(len(part)) < 0.5
            x, y = torch.where(mirrored[:, None, None, None], x.flip(3), x), torch.where(mirrored[:, None, None], y.flip(2), y)
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    model.eval()
    both, either, dices = np.zeros(classes), np.zeros(classes), []
    with torch.no_grad():
        for image, mask in test:
            scores = functional.interpolate(model(torch.from_numpy(image)[None]), size=mask.shape, mode="bilinear", align_corners=False)
            found, wanted = scores.argmax(1)[0].numpy(), np.searchsorted(values, mask)
            single = []
            for label in range(classes):
                a, b = found == label, wanted == label
                both[label] += (a & b).sum()
                either[label] += (a | b).sum()
                if label > 0 and (a | b).any():
                    single.append(2 * (a & b).sum() / (a.sum() + b.sum()))
            if single:
                dices.append(np.mean(single))
    iou, dice = both / either, 2 * both / (both + either)
    print(json.dumps({
        "parameters": sum(p.numel() for p in model.parameters()), "images": len(test), "miou": float(np.nanmean(iou)),
        "miou_foreground": float(np.nanmean(iou[1:])), "dice_foreground": float(np.nanmean(dice[1:])),
        "dice_per_image": float(np.mean(dices)), "seconds": round(time.perf_counter() - start, 1)}))


if __name__ == "__main__":
    main()
