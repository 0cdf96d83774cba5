#!/usr/bin/env python3
"""Exports tiny seeded vision models in every form that users bring, with what a recogniser must find in each.

    python export_backbones.py -o DIR             everything (867 files, 94 MB in all)
    python export_backbones.py -o DIR --subset    the files that are committed under Tests/Fixtures/backbones

The models have two blocks and random weights. Each is exported by TorchScript (opset 11, 13, 17) and by torch.export
("dynamo", opset 18, 20, 24), with fixed and with dynamic batch, as it comes and after onnxslim. Each file is compared with
PyTorch in ONNX Runtime. Only timm_vit at opset 18 keeps all node metadata of the dynamo exporter, the others their name
scopes. `DIR/index.json` describes every file:

    file, family ("vit" or null), variant, exporter, opset, dynamic, slim, optimizer
    image [h, w], patch, blocks, dim, heads, grid [h, w], prefix_tokens
    head      {"kind": "cls" | "distilled" | "mean" | "cls+mean" | "vector", "classes", "features", "linears"}
    dka       per placement {"modules", "parameters"}: bottleneck 16, kernels 51 and 5, no bias, head excluded
    probe     expected logits, in float64 by PyTorch, of the image x[i] = sin(0.37 i), i over the flattened [2,3,h,w];
              a file with a fixed batch takes the first image only
    bytes, relative_difference (ONNX Runtime against PyTorch on seeded images)

Files of other families are there for tests that must refuse them. What ONNX Runtime's optimisers make of a file
(OPTIMIZED) must be recognised as the file itself; so must `….fp16`, which onnxconverter-common brings to float16 but for
input and output. `not_exported` lists combinations that the exporter itself refuses, with its reason.
"""

import argparse
import copy
import json
import os
import shutil
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import onnxslim
import torch

import exporting
import hierarchical_backbones

CLASSES = 5
BLOCKS = 2
EXPORTS = [("torchscript", 11), ("torchscript", 13), ("torchscript", 17), ("dynamo", 18), ("dynamo", 20), ("dynamo", 24)]
SHORT = {"torchscript": "ts", "dynamo": "dy"}

# The committed files: every pattern that differs, every exporter at least once (variant, export, batch, slim).
SUBSET = {
    "timm_vit.ts11.fixed", "timm_vit.ts13.dynamic", "timm_vit.ts17.fixed.slim", "timm_vit.ts17.dynamic",
    "timm_vit.dy18.fixed", "timm_vit.dy20.dynamic.slim", "timm_vit.dy24.dynamic",
    "timm_vit_rect.ts17.dynamic.slim", "timm_vit_avg.ts17.dynamic", "timm_vit_gap.dy18.dynamic.slim",
    "timm_vit_reg4.dy20.dynamic", "timm_deit_distilled.ts17.dynamic",
    "timm_deit_distilled.dy18.dynamic", "timm_deit3.ts11.dynamic.slim",
    "timm_vit_nopos.ts17.dynamic.slim", "timm_beit.ts17.fixed", "timm_dinov3.dy18.dynamic.slim",
    "torchvision_vit.ts17.dynamic", "torchvision_vit.dy18.dynamic", "torchvision_vit.dy24.fixed.slim",
    "hf_vit.ts11.dynamic", "hf_vit.dy18.dynamic", "hf_deit.dy20.fixed.slim", "hf_deit_teacher.ts17.fixed",
    "hf_dinov2.ts17.dynamic", "hf_dinov2_registers.dy18.dynamic.slim",
    "timm_swin.ts17.fixed.slim", "timm_swin.ts17.fixed", "hf_swin.ts17.fixed", "hf_swin.dy18.fixed.slim", "timm_swin.ts11.dynamic.slim", "timm_swin_pad.dy20.fixed.slim",
    "timm_swinv2.ts17.fixed.slim", "torchvision_swin.ts17.dynamic.slim", "torchvision_swin_pad.dy18.dynamic.slim",
    "torchvision_swinv2.dy24.fixed.slim", "hf_swin.ts11.dynamic.slim", "hf_swin_pad.dy18.dynamic.slim",
    "hf_swinv2.ts17.dynamic.slim", "timm_resnet.ts17.dynamic", "timm_resnext.ts17.dynamic.slim",
    "timm_resnetv2.dy18.dynamic.slim", "torchvision_resnet.ts11.fixed", "hf_resnet.dy20.dynamic", "torchvision_mobilenet.ts17.dynamic",
    "mlp.ts17.dynamic", "timm_convnext.ts17.dynamic.slim", "timm_pvt.dy18.dynamic.slim",
    "torchvision_efficientnet.ts17.dynamic",
    "timm_vit.dy18.dynamic.ort-extended", "timm_vit.dy18.dynamic.ort-transformers",
    "timm_swin.ts17.fixed.ort-extended", "torchvision_resnet.ts17.dynamic.ort-extended",
    "hf_dinov2.ts17.fixed.ort-extended",
    "timm_clip.ts17.dynamic", "timm_siglip.dy18.dynamic.slim", "timm_siglip.ts17.fixed",
    "timm_siglip.dy24.fixed.slim", "timm_eva02.ts13.dynamic", "hf_dinov2_swiglu.dy18.dynamic.slim",
}

# Files that are written in float16 too. The converter refuses or breaks others, where Casts to float32 stand already.
FLOAT16 = {
    "timm_vit.ts11.fixed", "hf_vit.dy18.dynamic", "torchvision_swin.ts17.dynamic.slim", "hf_swin_pad.dy18.dynamic.slim",
    "hf_resnet.dy20.dynamic", "timm_vit.dy18.dynamic.ort-transformers",
}
SUBSET |= {stem + ".fp16" for stem in FLOAT16}

# What ONNX Runtime's optimisers rewrite. Below operator set 17 they write LayerNormalization, which ONNX's checker refuses there.
OPTIMIZED = {
    "timm_vit.dy18.dynamic": ("extended", "transformers"), "timm_swin.ts17.fixed": ("extended",),
    "torchvision_resnet.ts17.dynamic": ("extended",), "hf_dinov2.ts17.fixed": ("extended",),
}


def facts(dim, heads, patch, image, prefix, kind, features=None, linears=1):
    """What a recogniser must find in a vision transformer."""
    return {
        "family": "vit", "image": list(image), "patch": patch, "blocks": BLOCKS, "dim": dim, "heads": heads,
        "grid": [image[0] // patch, image[1] // patch], "prefix_tokens": prefix,
        "head": {"kind": kind, "classes": CLASSES, "features": features or dim, "linears": linears},
    }


def timm_vit(fused, image=(32, 32), dim=24, heads=2, prefix=1, kind="cls", distilled=False, **arguments):
    import timm
    from timm.models.deit import VisionTransformerDistilled
    from timm.models.vision_transformer import VisionTransformer

    timm.layers.set_fused_attn(fused)
    make = VisionTransformerDistilled if distilled else VisionTransformer
    model = make(img_size=image, patch_size=8, embed_dim=dim, depth=BLOCKS, num_heads=heads, mlp_ratio=2,
                 num_classes=CLASSES, **arguments)
    return model, facts(dim, heads, 8, image, prefix, kind, linears=2 if distilled else 1)


def timm_beit(fused):
    """Relative positions in every block; nothing is added to the patches."""
    import timm
    from timm.models.beit import Beit

    timm.layers.set_fused_attn(fused)
    model = Beit(img_size=32, patch_size=8, embed_dim=24, depth=BLOCKS, num_heads=2, mlp_ratio=2, num_classes=CLASSES,
                 use_abs_pos_emb=False, use_rel_pos_bias=True, init_values=0.1)
    return model, facts(24, 2, 8, (32, 32), 1, "mean")


def timm_dinov3(fused):
    """Positions as rotations of queries and keys, four register tokens; nothing is added to the patches."""
    import timm
    from timm.models.eva import Eva

    timm.layers.set_fused_attn(fused)
    model = Eva(img_size=32, patch_size=8, embed_dim=24, depth=BLOCKS, num_heads=2, mlp_ratio=2, num_classes=CLASSES,
                use_abs_pos_emb=False, use_rot_pos_emb=True, rope_type="dinov3", num_reg_tokens=4, init_values=0.1,
                use_fc_norm=False, global_pool="token")
    return model, facts(24, 2, 8, (32, 32), 5, "cls")


def timm_eva02(fused):
    """Positions as rotations beside stored ones, a gated MLP (SwiGLU) with a norm inside."""
    import timm
    from timm.models.eva import Eva

    timm.layers.set_fused_attn(fused)
    model = Eva(img_size=32, patch_size=8, embed_dim=24, depth=BLOCKS, num_heads=2, mlp_ratio=2, num_classes=CLASSES,
                qkv_fused=False, swiglu_mlp=True, scale_mlp=True, use_rot_pos_emb=True, ref_feat_shape=(4, 4))
    return model, facts(24, 2, 8, (32, 32), 1, "mean")


def torchvision_vit(fused):
    from torchvision.models.vision_transformer import VisionTransformer

    if not fused:
        raise NotImplementedError("torchvision's attention is always the fused form, which needs opset 14")
    model = VisionTransformer(image_size=32, patch_size=8, num_layers=BLOCKS, num_heads=3, hidden_dim=24, mlp_dim=48,
                              num_classes=CLASSES)
    return model, facts(24, 3, 8, (32, 32), 1, "cls")


def hugging_face(fused, config, model, kind, prefix, features=1, linears=1, **arguments):
    import transformers

    transformers.logging.set_verbosity_error()
    settings = getattr(transformers, config)(
        hidden_size=24, num_hidden_layers=BLOCKS, num_attention_heads=2, image_size=32, patch_size=8, num_labels=CLASSES,
        attn_implementation="sdpa" if fused else "eager", **arguments)
    network = exporting.Logits(getattr(transformers, model)(settings))
    return network, facts(24, 2, 8, (32, 32), prefix, kind, features=features * 24, linears=linears)


VIT_VARIANTS = {
    "timm_vit": lambda fused: timm_vit(fused),
    "timm_vit_rect": lambda fused: timm_vit(fused, image=(32, 48), dim=24, heads=3),
    "timm_vit_avg": lambda fused: timm_vit(fused, kind="mean", global_pool="avg"),
    "timm_vit_gap": lambda fused: timm_vit(fused, prefix=0, kind="mean", global_pool="avg", class_token=False),
    "timm_vit_layerscale": lambda fused: timm_vit(fused, init_values=0.1),
    "timm_vit_reg4": lambda fused: timm_vit(fused, prefix=5, init_values=0.1, reg_tokens=4, no_embed_class=True),
    "timm_deit_distilled": lambda fused: timm_vit(fused, dim=24, heads=3, prefix=2, kind="distilled", distilled=True),
    "timm_deit3": lambda fused: timm_vit(fused, init_values=0.1, no_embed_class=True),
    "timm_vit_nopos": lambda fused: timm_vit(fused, prefix=0, kind="mean", pos_embed="none", class_token=False,
                                             global_pool="avg"),
    "timm_clip": lambda fused: timm_vit(fused, pre_norm=True),
    "timm_siglip": lambda fused: timm_vit(fused, prefix=0, kind="vector", class_token=False, global_pool="map"),
    "timm_beit": timm_beit,
    "timm_dinov3": timm_dinov3,
    "timm_eva02": timm_eva02,
    "torchvision_vit": torchvision_vit,
    "hf_vit": lambda fused: hugging_face(fused, "ViTConfig", "ViTForImageClassification", "cls", 1, intermediate_size=48),
    "hf_deit": lambda fused: hugging_face(fused, "DeiTConfig", "DeiTForImageClassification", "cls", 2,
                                          intermediate_size=48),
    "hf_deit_teacher": lambda fused: hugging_face(fused, "DeiTConfig", "DeiTForImageClassificationWithTeacher",
                                                  "distilled", 2, linears=2, intermediate_size=48),
    "hf_dinov2": lambda fused: hugging_face(fused, "Dinov2Config", "Dinov2ForImageClassification", "cls+mean", 1,
                                            features=2, mlp_ratio=2),
    "hf_dinov2_swiglu": lambda fused: hugging_face(fused, "Dinov2Config", "Dinov2ForImageClassification", "cls+mean", 1,
                                                   features=2, mlp_ratio=2, use_swiglu_ffn=True),
    "hf_dinov2_registers": lambda fused: hugging_face(
        fused, "Dinov2WithRegistersConfig", "Dinov2WithRegistersForImageClassification", "cls+mean", 5, features=2,
        mlp_ratio=2, num_register_tokens=4),
}


def plain_mlp():
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 4), torch.nn.ReLU(),
                               torch.nn.Linear(4, CLASSES))


def timm_convnext():
    from timm.models.convnext import ConvNeXt

    return ConvNeXt(depths=(1, 2, 1, 1), dims=(8, 8, 16, 16), kernel_sizes=3, num_classes=CLASSES)


def torchvision_efficientnet():
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig

    settings = [MBConvConfig(2, 3, 1, 8, 8, 2, 1, 1), MBConvConfig(2, 3, 2, 8, 16, 2, 1, 1)]
    return EfficientNet(settings, dropout=0, num_classes=CLASSES, last_channel=32)


def timm_pvt():
    """Attention whose keys are fewer than its queries, on a map that shrinks: no windows."""
    import timm
    from timm.models.pvt_v2 import PyramidVisionTransformerV2

    timm.layers.set_fused_attn(True)
    return PyramidVisionTransformerV2(depths=(1, 1), embed_dims=(8, 16), num_heads=(1, 2), mlp_ratios=(2, 2),
                                      sr_ratios=(2, 1), num_classes=CLASSES)


OTHER_VARIANTS = {"mlp": plain_mlp, "timm_convnext": timm_convnext, "timm_pvt": timm_pvt,
                  "torchvision_efficientnet": torchvision_efficientnet}
OTHER_EXPORTS = [("torchscript", 17), ("dynamo", 18)]


def dka_counts(dim, blocks):
    """Modules and parameters of every placement."""
    one = exporting.adapter_parameters(dim)
    modules = {"both": 2 * blocks, "both-shared": 2 * blocks, "block": blocks, "before-add": 2 * blocks,
               "parallel": 2 * blocks}
    tensors = dict(modules, **{"both-shared": blocks})
    return {name: {"modules": modules[name], "parameters": tensors[name] * one} for name in modules}


def probe_image(image):
    """The image of `probe`: x[i] = sin(0.37 i) over the flattened [2,3,h,w], as float32."""
    count = 2 * 3 * image[0] * image[1]
    values = np.sin(0.37 * np.arange(count, dtype=np.float64)).astype(np.float32)
    return torch.from_numpy(values.reshape(2, 3, *image))


def probe_logits(model, image):
    """The expected logits of the probe image, computed in float64."""
    with torch.no_grad():
        logits = copy.deepcopy(model).double()(probe_image(image).double())
    return [[round(value, 9) for value in row] for row in logits.tolist()]


def keep_name_scopes_only(path):
    """Leaves all metadata but `name_scopes` out of nodes and values: half of a tiny file, and alike in every variant."""
    model = onnx.load(path)
    for item in [*model.graph.node, *model.graph.value_info]:
        kept = [entry for entry in item.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        del item.metadata_props[:]
        item.metadata_props.extend(kept)
    onnx.save(model, path)


def optimised_by_onnxruntime(source, target, kind, description):
    """Rewrites `source` as ONNX Runtime's "extended" level or its transformer optimiser saves it."""
    if kind == "extended":
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = target
        onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    else:
        from onnxruntime.transformers import optimizer

        optimizer.optimize_model(source, model_type="vit", num_heads=description["heads"], hidden_size=description["dim"],
                                 opt_level=1).save_model_to_file(target)


def in_float16(source, target):
    """Writes `source` as the `_fp16` files of public repositories are: weights and values in float16, a Cast at both ends."""
    from onnxconverter_common import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


class Writer:
    """Writes the wanted files and collects their descriptions."""

    def __init__(self, directory, wanted, seed):
        self.directory = directory
        self.wanted = wanted
        self.seed = seed
        self.entries = []
        self.refused = []
        self.scratch = tempfile.mkdtemp()

    def wants(self, stem):
        if stem.endswith(".fp16") and stem.removesuffix(".fp16") not in FLOAT16:
            return False
        return self.wanted is None or stem in self.wanted

    def add(self, stem, source, model, description):
        """Adds one file, and what it is in float16, where they are wanted."""
        if self.wants(stem):
            self.write(stem, source, model, description, 1e-4)
        if self.wants(stem + ".fp16"):
            converted = os.path.join(self.scratch, stem + ".fp16.onnx")
            in_float16(source, converted)
            self.write(stem + ".fp16", converted, model, description | {"float16": True}, 1e-2)

    def write(self, stem, source, model, description, tolerance):
        """Checks one file against PyTorch, moves it into place and notes what it is."""
        image = description["image"]
        batch = 2 if description["dynamic"] else 1
        difference = exporting.relative_difference(model, source, [3, *image], batch)
        if not difference < tolerance:
            raise SystemExit(f"{stem}: differs from PyTorch by {difference:.1e}")
        target = os.path.join(self.directory, stem + ".onnx")
        shutil.copyfile(source, target)
        size = os.path.getsize(target)
        if size > 300_000:
            print(f"warning: {stem} has {size} bytes", file=sys.stderr)
        entry = {"file": stem + ".onnx", "bytes": size, "relative_difference": float(f"{difference:.1e}")}
        self.entries.append(entry | description)

    def export_variant(self, variant, build, exports):
        """All wanted files of one variant. `build` takes "is fused attention allowed" and gives a model and facts."""
        for exporter, opset in exports:
            for dynamic in (False, True):
                stem = f"{variant}.{SHORT[exporter]}{opset}.{'dynamic' if dynamic else 'fixed'}"
                derived = [stem, stem + ".slim", stem + ".ort-extended", stem + ".ort-transformers"]
                if any(self.wants(name) or self.wants(name + ".fp16") for name in derived):
                    self.export_one(stem, variant, build, exporter, opset, dynamic)

    def export_one(self, stem, variant, build, exporter, opset, dynamic):
        raw = os.path.join(self.scratch, stem + ".onnx")
        try:
            model, description = build(opset >= 14)
            exporting.seed_parameters(model, self.seed)
            exporting.export(model, raw, [3, *description["image"]], exporter, opset, dynamic)
        except Exception as error:  # the exporters raise many types; the reason goes into the index
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self.refused.append({"variant": variant, "exporter": exporter, "opset": opset, "dynamic": dynamic,
                                 "reason": reason[:200]})
            return
        if (variant, opset) != ("timm_vit", 18):
            keep_name_scopes_only(raw)
        description = {"variant": variant, "exporter": exporter, "opset": opset, "dynamic": dynamic, "slim": False,
                       "optimizer": None} | description | {"probe": probe_logits(model, description["image"])}
        if description["family"] == "vit":
            description["dka"] = dka_counts(description["dim"], description["blocks"])
        self.add(stem, raw, model, description)
        if self.wants(stem + ".slim") or self.wants(stem + ".slim.fp16"):
            slim = os.path.join(self.scratch, stem + ".slim.onnx")
            onnx.save(onnxslim.slim(raw), slim)
            self.add(stem + ".slim", slim, model, description | {"slim": True})
        for kind in OPTIMIZED.get(stem, ()):
            name = f"{stem}.ort-{kind}"
            if self.wants(name) or self.wants(name + ".fp16"):
                rewritten = os.path.join(self.scratch, name + ".onnx")
                optimised_by_onnxruntime(raw, rewritten, kind, description)
                self.add(name, rewritten, model, description | {"optimizer": "onnxruntime-" + kind})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--subset", action="store_true", help="write only the committed fixtures")
    parser.add_argument("--variants", help="comma-separated names, to write only these variants")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    torch.set_num_threads(2)
    os.makedirs(options.output, exist_ok=True)
    recognised = VIT_VARIANTS | hierarchical_backbones.VARIANTS
    names = options.variants.split(",") if options.variants else [*recognised, *OTHER_VARIANTS]
    writer = Writer(options.output, SUBSET if options.subset else None, options.seed)
    for name in names:
        if name in recognised:
            writer.export_variant(name, recognised[name], EXPORTS)
        elif name in OTHER_VARIANTS:
            other = OTHER_VARIANTS[name]
            writer.export_variant(name, lambda fused, make=other: (make(), {"family": None, "image": [32, 32]}),
                                  OTHER_EXPORTS)
        else:
            raise SystemExit(f"no variant '{name}'; known: {', '.join([*recognised, *OTHER_VARIANTS])}")
        print(f"{name}: {len(writer.entries)} files so far", file=sys.stderr)
    shutil.rmtree(writer.scratch)
    if options.subset and not options.variants:
        missing = sorted(SUBSET - {entry["file"].removesuffix(".onnx") for entry in writer.entries})
        if missing:
            raise SystemExit(f"not written: {', '.join(missing)}")
    index = {
        "seed": options.seed,
        "versions": {package.__name__: package.__version__ for package in (torch, onnx, onnxruntime, onnxslim)},
        "probe": "x[i] = sin(0.37 i), i over the flattened [2,3,h,w], float32",
        "files": writer.entries,
        "not_exported": writer.refused,
    }
    with open(os.path.join(options.output, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=1)
        file.write("\n")
    total = sum(entry["bytes"] for entry in writer.entries)
    print(f"{len(writer.entries)} files, {total} bytes, {len(writer.refused)} combinations not exported")


if __name__ == "__main__":
    main()
