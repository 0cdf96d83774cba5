#!/usr/bin/env python3
"""Reference training in PyTorch: Dual-Kernel Adapters in a DeiT-like ONNX file, step by step, from given tensors and batches.

    python train_reference.py prepare --model M.onnx --data busi -o DIR          initial tensors and batches, once
    python train_reference.py train --model M.onnx --initial DIR/initial.safetensors --batches DIR -o losses.jsonl
    python train_reference.py tiny --model timm_vit.ts17.dynamic.onnx -o Tests/Fixtures/training

Both sides of a comparison read the same files:
    initial.safetensors   dka/<block>/<attention|mlp>/{down [C,d], large [d,1,51,51], small [d,1,5,5], up [d,C]},
                          head/weight [C,n] or [n,C], head/bias [n]; or a folder of .npy files, one a tensor, where a
                          slash of the name is a subfolder or an underscore
    images_000.npy …      float32 [B,3,224,224], exactly what enters the network
    labels_000.npy …      int64 [B]

Recipe: cross-entropy (mean over the batch), Adam (0.9, 0.999, 1e-8) in two groups, adapter 1e-3 and head 1e-4, no weight decay, the global
norm of each group clipped to 1, no schedule. Every line of the result: step, loss (before the update), adapter_norm and head_norm
(before clipping), accuracy. `--save` writes the tensors after the last step.

`tiny` is the committed fixture: a small ViT, adapters of bottleneck 4 with kernels 11 and 3, 3 classes, and batches that a formula
gives, so that no image is stored: element i of the flattened [8,3,32,32] images of step s is sin(0.37 i + s) in float64, rounded to
float32; image j has label (j + s) mod 3.
"""

import argparse
import glob
import json
import os
import random
import tempfile

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.numpy import load_file, save_file
from torch.nn import functional

from dka_torch import AdapterOptions, initial_tensors, load_network

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def pixels(path, generator):
    """One augmented image [3,224,224]: resize 256×256, random crop 224, horizontal flip, the checkpoint's statistics."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB").resize((256, 256), Image.Resampling.BICUBIC)
    left, top = generator.randrange(33), generator.randrange(33)
    image = image.crop((left, top, left + 224, top + 224))
    if generator.random() < 0.5:
        image = ImageOps.mirror(image)
    values = (np.asarray(image, dtype=np.float32) / 255 - np.float32(MEAN)) / np.float32(DEVIATION)
    return values.transpose(2, 0, 1)


def prepare(options):
    """Writes the initial tensors and `steps` batches drawn without replacement from DATA/train/<class>/."""
    generator = random.Random(options.seed)
    root = os.path.join(options.data, "train")
    classes = sorted(entry for entry in os.listdir(root) if os.path.isdir(os.path.join(root, entry)))
    files = [(path, index) for index, name in enumerate(classes)
             for path in sorted(glob.glob(os.path.join(root, name, "*")))]
    os.makedirs(options.output, exist_ok=True)
    queue = []
    for step in range(options.steps):
        if len(queue) < options.batch:
            queue = generator.sample(files, len(files))
        batch, queue = queue[:options.batch], queue[options.batch:]
        images = np.stack([pixels(path, generator) for path, _ in batch])
        np.save(os.path.join(options.output, f"images_{step:03}.npy"), np.ascontiguousarray(images, dtype=np.float32))
        np.save(os.path.join(options.output, f"labels_{step:03}.npy"), np.array([label for _, label in batch], np.int64))
    network = load_network(options.model)
    draw = torch.Generator().manual_seed(options.seed)
    tensors = initial_tensors(AdapterOptions(), network.width, network.block_count, draw)
    tensors["head/weight"] = torch.nn.init.trunc_normal_(torch.zeros(network.width, len(classes)), std=0.02, generator=draw)
    tensors["head/bias"] = torch.zeros(len(classes))
    save_file({name: value.numpy() for name, value in tensors.items()}, os.path.join(options.output, "initial.safetensors"))
    print(f"{options.output}: {options.steps} batches of {options.batch}, {len(tensors)} tensors, classes {', '.join(classes)}")


def read_initial(path, names):
    """The initial tensors by name, from a safetensors file or a folder of .npy files."""
    if os.path.isfile(path):
        return {name: torch.from_numpy(value.copy()) for name, value in load_file(path).items()}
    tensors = {}
    for name in names:
        places = [os.path.join(path, name + ".npy"), os.path.join(path, name.replace("/", "_") + ".npy")]
        found = next((place for place in places if os.path.exists(place)), None)
        if found is None:
            raise SystemExit(f"{path}: no tensor '{name}' ({' or '.join(places)})")
        tensors[name] = torch.from_numpy(np.load(found))
    return tensors


def clip(parameters, limit):
    """Scales all gradients so that their common norm is at most `limit`; gives the norm before."""
    return float(torch.nn.utils.clip_grad_norm_(parameters, limit))


def train(options):
    """Trains for the given steps and writes one JSON line a step."""
    network = load_network(options.model)
    adapter = AdapterOptions(bottleneck=options.dim, large=options.kernels[0], small=options.kernels[1],
                             inner_gelu=options.inner_gelu)
    expected = {f"{module}/{name}": shape for module in adapter.modules(network.block_count)
                for name, shape in adapter.shapes(network.width).items()}
    tensors = read_initial(options.initial, [*expected, "head/weight", "head/bias"])
    if options.method == "dka":
        for name, shape in expected.items():
            if name not in tensors or tuple(tensors[name].shape) != shape:
                found = tuple(tensors[name].shape) if name in tensors else "nothing"
                raise SystemExit(f"{options.initial}: '{name}' is {found}, expected {shape}")
        network = network.with_adapter(adapter, {name: tensors[name] for name in expected})
    network = network.with_head(tensors["head/weight"], tensors["head/bias"])
    network.require_gradients(network.trainable_names(options.method))
    head = [network.tensors["head/weight"], network.tensors["head/bias"]]
    body = [value for name, value in network.tensors.items() if value.requires_grad and not name.startswith("head/")]
    groups = [{"params": body, "lr": options.lr_adapter}] if body else []
    optimizer = torch.optim.Adam([*groups, {"params": head, "lr": options.lr_head}])

    with open(options.output, "w", encoding="utf-8") as file:
        for step in range(options.steps):
            images = torch.from_numpy(np.load(os.path.join(options.batches, f"images_{step:03}.npy")))
            labels = torch.from_numpy(np.load(os.path.join(options.batches, f"labels_{step:03}.npy")))
            optimizer.zero_grad()
            logits = network(images, training=True)
            loss = functional.cross_entropy(logits, labels)
            loss.backward()
            line = {"step": step, "loss": loss.item(), "adapter_norm": clip(body, options.clip) if body else 0.0,
                    "head_norm": clip(head, options.clip), "accuracy": float((logits.argmax(1) == labels).float().mean())}
            optimizer.step()
            file.write(json.dumps(line) + "\n")
            file.flush()
    if options.save:
        trained = {name: value.detach().contiguous().numpy() for name, value in network.tensors.items()
                   if value.requires_grad}
        save_file(trained, options.save)


def tiny(options):
    """Writes initial.safetensors and losses.jsonl of a small training whose batches a formula gives."""
    os.makedirs(options.output, exist_ok=True)
    initial = os.path.join(options.output, "initial.safetensors")
    network = load_network(options.model)
    draw = torch.Generator().manual_seed(options.seed)
    adapter = AdapterOptions(bottleneck=options.dim, large=options.kernels[0], small=options.kernels[1])
    tensors = initial_tensors(adapter, network.width, network.block_count, draw)
    tensors["head/weight"] = torch.nn.init.trunc_normal_(torch.zeros(network.width, 3), std=0.02, generator=draw)
    tensors["head/bias"] = torch.zeros(3)
    save_file({name: value.numpy() for name, value in tensors.items()}, initial)
    side = network.grid[0] * network.patch
    with tempfile.TemporaryDirectory() as batches:
        for step in range(options.steps):
            images = np.sin(0.37 * np.arange(8 * 3 * side * side) + step).astype(np.float32).reshape(8, 3, side, side)
            np.save(os.path.join(batches, f"images_{step:03}.npy"), images)
            np.save(os.path.join(batches, f"labels_{step:03}.npy"), (np.arange(8) + step) % 3)
        options.initial, options.batches = initial, batches
        options.output = os.path.join(options.output, "losses.jsonl")
        train(options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    first = verbs.add_parser("prepare", help="write initial tensors and batches from an image folder")
    first.add_argument("--data", required=True, help="folder with train/<class>/ images")
    first.add_argument("-o", "--output", required=True, metavar="DIR")
    first.add_argument("--batch", type=int, default=16)
    first.add_argument("--seed", type=int, default=7)
    second = verbs.add_parser("train", help="train and write the loss of each step")
    second.add_argument("--initial", required=True, help="safetensors file or folder of .npy files")
    second.add_argument("--batches", required=True, metavar="DIR")
    second.add_argument("-o", "--output", required=True, metavar="JSONL")
    second.add_argument("--save", metavar="FILE", help="write the trained tensors as safetensors")
    third = verbs.add_parser("tiny", help="write the committed fixture")
    third.add_argument("-o", "--output", required=True, metavar="DIR")
    third.add_argument("--seed", type=int, default=7)
    third.set_defaults(save=None)
    for verb, dim, kernels in ((second, 16, [51, 5]), (third, 4, [11, 3])):
        verb.add_argument("--method", choices=["dka", "linear", "full"], default="dka")
        verb.add_argument("--dim", type=int, default=dim)
        verb.add_argument("--kernels", type=int, nargs=2, default=kernels)
        verb.add_argument("--lr-adapter", type=float, default=1e-3)
        verb.add_argument("--lr-head", type=float, default=1e-4)
        verb.add_argument("--clip", type=float, default=1.0)
        verb.add_argument("--inner-gelu", action="store_true")
        verb.add_argument("--threads", type=int, default=2)
    for verb in (first, second, third):
        verb.add_argument("--model", required=True, help="ONNX file of a timm-like ViT")
        verb.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(getattr(options, "threads", 2))
    {"prepare": prepare, "train": train, "tiny": tiny}[options.verb](options)


if __name__ == "__main__":
    main()
