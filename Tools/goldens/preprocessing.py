#!/usr/bin/env python3
"""Images as transformers' Pillow processors and timm's transforms prepare them, from the files that lie beside a model.

    python preprocessing.py -o Tests/Fixtures/preprocessing
    python preprocessing.py --dka .build/release/dka

With -o: small goldens. `index.json` lists the cases: name and content of the side file, side of the model's input, expected .npy
(float32 [image, 3, side, side]), and what a pixel's step of 1/255 makes in each channel. The images are drawn here too.
With --dka: every case at several sizes, the processors' own defaults among them, against `dka evaluate --save-inputs`.

16-bit grey is given to the processors in 8 bits, which no processor resizes in more; dka resizes the 16 bits.
"""

import argparse
import importlib
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
from PIL import Image
from timm.data import create_transform
from transformers.image_utils import PILImageResampling

# Width, height, mode.
IMAGES = {
    "portrait": (37, 61, "RGB"), "landscape": (90, 35, "RGB"), "odd": (51, 24, "RGB"), "tiny": (5, 7, "RGB"),
    "grey": (23, 41, "L"), "grey16": (31, 50, "I;16"),
}
MODULES = {"MobileNetV2": "mobilenet_v2", "ChineseCLIP": "chinese_clip"}
STATISTICS = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]


def draw(width, height, mode, seed):
    """Smooth waves with hard edges and some noise; the 16-bit image is smooth, so that 8 bits are enough to compare with."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for channel in range(3):
        wave = 128 + 90 * np.sin(x / (3.1 + channel)) * np.cos(y / (4.7 - channel))
        if mode != "I;16":
            wave[(x // 7 + y // 5) % 5 == 0] = 255 * (channel % 2)
            wave += random.normal(0, 25, (height, width))
        planes.append(np.clip(wave, 0, 255))
    if mode == "I;16":
        return Image.fromarray((planes[0] * 257).astype(np.uint16))
    return Image.fromarray(planes[0].astype(np.uint8) if mode == "L" else np.stack(planes, -1).astype(np.uint8))


def eight_bits(image):
    """The image as the processors take it."""
    if image.mode == "I;16":
        image = Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
    return image.convert("RGB")


def processor(kind, settings):
    """transformers' Pillow image processor, as its file makes it."""
    module = MODULES.get(kind, kind.lower())
    made = getattr(
        importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}"), kind + "ImageProcessorPil")
    return made(**settings)


def hugging_face_cases(n):
    """Name, processor, what differs from its defaults, side of the result, whether the file has nothing but that."""
    square, larger = {"height": n, "width": n}, {"height": n + 3, "width": n + 3}
    yield "vit", "ViT", {"size": square}, n, False
    yield "vit_integer", "ViT", {"size": n}, n, True
    yield "deit", "DeiT", {"size": larger, "crop_size": square, **STATISTICS}, n, False
    yield "deit_integer", "DeiT", {"size": n + 3, "crop_size": n, "do_center_crop": True}, n, True
    yield "beit", "Beit", {"size": larger, "crop_size": square, "do_center_crop": True}, n, False
    yield "convnext", "ConvNext", {"size": {"shortest_edge": n}, **STATISTICS}, n, False
    yield "convnext_share", "ConvNext", {"size": {"shortest_edge": n}, "crop_pct": 0.7}, n, False
    yield "dinov2", "Bit", {"size": {"shortest_edge": n + 4}, "crop_size": square, **STATISTICS}, n, False
    yield "clip", "CLIP", {"size": {"shortest_edge": n}, "crop_size": square}, n, False
    yield "clip_integer", "CLIP", {"size": n, "crop_size": n}, n, True
    yield "clip_padded", "CLIP", {"size": {"shortest_edge": n - 3}, "crop_size": square}, n, False
    yield "clip_unresized", "CLIP", {"do_resize": False, "crop_size": square}, n, False
    yield "siglip", "Siglip", {"size": square}, n, False
    yield "mobilenet_v2", "MobileNetV2", {"size": {"shortest_edge": n + 5}, "crop_size": square}, n, False
    yield "efficientnet", "EfficientNet", {"size": square, **STATISTICS}, n, False
    yield "efficientnet_offset", "EfficientNet", {
        "size": square, "rescale_factor": 1 / 127.5, "rescale_offset": True, "include_top": False}, n, False
    yield "efficientnet_cropped", "EfficientNet", {
        "size": larger, "crop_size": square, "do_center_crop": True, "do_normalize": False, **STATISTICS}, n, False
    yield "segformer", "Segformer", {"size": square}, n, False
    yield "sam", "Sam", {"size": {"longest_edge": n}, "pad_size": square}, n, False
    yield "sam_padded", "Sam", {"size": {"longest_edge": n - 2}, "pad_size": square}, n, False
    yield "poolformer", "PoolFormer", {"size": {"shortest_edge": n}, "crop_size": square}, n, False
    yield "rescaled_only", "ViT", {"size": square, "do_normalize": False}, n, False
    yield "bytes", "ViT", {"size": square, "do_rescale": False, "do_normalize": False}, n, False
    yield "bytes_normalized", "ViT", {
        "size": square, "do_rescale": False, "image_mean": [123.675, 116.28, 103.53], "image_std": [58, 57, 57]}, n, False
    for filter in sorted(PILImageResampling)[:6]:
        yield f"resample_{int(filter)}", "ViT", {"size": square, "resample": int(filter)}, n, False


DEFAULTS = {
    "ViT": 224, "DeiT": 224, "Beit": 224, "ConvNext": 384, "Bit": 224, "CLIP": 224, "Siglip": 224, "MobileNetV2": 224,
    "EfficientNet": 346, "Segformer": 512, "Sam": 1024, "PoolFormer": 224, "ChineseCLIP": 224, "Blip": 384, "Pvt": 224,
}


def default_cases():
    """Every processor as it comes."""
    for kind, side in DEFAULTS.items():
        yield kind.lower(), kind, {}, side, False


def timm_cases(n):
    """Name, settings: every crop mode with every interpolation, and other shares."""
    for mode in ("center", "squash", "border"):
        for interpolation in INTERPOLATIONS:
            yield f"timm_{mode}_{interpolation}", {"crop_mode": mode, "interpolation": interpolation, "crop_pct": 0.875}
        yield f"timm_{mode}_all", {"crop_mode": mode, "interpolation": "bicubic", "crop_pct": 1.0}
        yield f"timm_{mode}_more", {"crop_mode": mode, "interpolation": "bilinear", "crop_pct": 1.3}


def cases(n, defaults=False):
    """Name, side file, its content, side, and the function that prepares an image, for every case at a size."""
    for name, kind, settings, side, is_bare in default_cases() if defaults else hugging_face_cases(n):
        made = processor(kind, settings)
        content = json.loads(made.to_json_string())
        if is_bare:
            content = {"feature_extractor_type": kind + "FeatureExtractor", **settings}

        def prepare(image, made=made):
            return made(image, return_tensors="np")["pixel_values"][0]
        yield name, "preprocessor_config.json", content, side, prepare
    if defaults:
        return
    for name, settings in timm_cases(n):
        settings = {**settings, "input_size": [3, n, n], "mean": STATISTICS["image_mean"], "std": STATISTICS["image_std"]}
        made = create_transform(**settings, is_training=False)
        content = {"architecture": "vit_tiny_patch16_224", "pretrained_cfg": settings}
        yield name, "config.json", content, n, lambda image, made=made: made(image).numpy()


def steps(prepare):
    """What one step of 1/255 of a pixel makes per channel."""
    size = IMAGES["portrait"][:2]
    black, white = (prepare(Image.new("RGB", size, (value,) * 3)) for value in (0, 255))
    return np.abs(white - black).max(axis=(1, 2)) / 255


def write_images(folder):
    images = {}
    for seed, (name, (width, height, mode)) in enumerate(IMAGES.items()):
        images[name] = draw(width, height, mode, seed)
        images[name].save(folder / f"{name}.png", optimize=True)
    return images


def write_goldens(folder):
    folder.mkdir(parents=True, exist_ok=True)
    images = write_images(folder)
    index = []
    for name, file, content, side, prepare in cases(9):
        expected = np.stack([prepare(eight_bits(image)) for image in images.values()]).astype(np.float32)
        np.save(folder / f"{name}.npy", expected)
        index.append({
            "name": name, "file": file, "content": content, "side": side,
            "steps": [float(step) for step in steps(prepare)]})
    with open(folder / "index.json", "w", encoding="utf-8") as output:
        json.dump({"images": list(images), "cases": index}, output, indent=1)
        output.write("\n")
    print(f"{len(index)} cases in {folder}")


def write_model(path, side):
    """A network that tells three classes apart by the mean of each channel."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("ReduceMean", ["image"], ["scores"], axes=[2, 3], keepdims=0)], "means",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 3, side, side])],
        [onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["n", 3])])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)


def compare(dka, folder, images, name, file, content, side, prepare):
    """The largest difference per image in steps of 1/255."""
    model = folder / name / "onnx"
    model.mkdir(parents=True, exist_ok=True)
    write_model(model / "model.onnx", side)
    (folder / name / file).write_text(json.dumps(content))
    subprocess.run(
        [dka, "evaluate", model / "model.onnx", "--data", folder / "data", "--save-inputs", folder / name / "out", "-q"],
        check=True, stdout=subprocess.DEVNULL)
    step = steps(prepare)[:, None, None]
    result = {}
    for path in sorted((folder / name / "out").glob("*.npy")):
        image = path.stem.split("_", 1)[1]
        result[image] = float((np.abs(np.load(path)[0] - prepare(eight_bits(images[image]))) / step).max())
    return result


def check(dka):
    worst, failed = {}, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        classes = [folder / "data/test" / name for name in "012"]
        for path in classes:
            path.mkdir(parents=True)
        images = write_images(classes[0])
        for path, name in zip(classes[1:], ("tiny", "grey")):
            (classes[0] / f"{name}.png").rename(path / f"{name}.png")
        everything = [case for n in (11, 32, 95) for case in cases(n)] + list(cases(0, defaults=True))
        for number, (name, *rest) in enumerate(everything):
            differences = compare(dka, folder, images, f"{number}_{name}", *rest)
            assert differences.keys() == images.keys(), differences
            for image, difference in differences.items():
                worst[image] = max(worst.get(image, 0), difference)
                # The processors see 16 bits rounded to 8: half a step, and bicubic weights sum to more than 1 in magnitude.
                if difference > (1.75 if image == "grey16" else 1):
                    failed += 1
                    print(f"{name} (side {rest[2]}), {image}: off by {difference:.3f} of 255")
    print(f"{len(everything)} cases, {failed} differences; the largest per image: {worst}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--dka", metavar="PROGRAM")
    options = parser.parse_args()
    if options.output:
        write_goldens(options.output)
    if options.dka and check(options.dka):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
