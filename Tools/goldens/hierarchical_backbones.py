"""Tiny Swin transformers and residual convolutional networks, with what a recogniser must find in each.

Facts of a network: family, image [h, w], stages (a list of {"grid": [h, w], "channels", "blocks"}), layouts (how the points
of a block hold their map, one per point), head, and what Dual-Kernel Adapters add per placement. Grids are those that
the network's own code makes; 8×8 maps under windows of 4 are shifted, under windows of 3 padded to 9×9.
"""

import torch

import exporting

CLASSES = 5
DEPTHS = (2, 1)
WIDTH = 12


def dka_counts(stages, per_block):
    """Modules and parameters of every placement; one point per block is the same point thrice."""
    def parameters(modules):
        return sum(modules * stage["blocks"] * exporting.adapter_parameters(stage["channels"]) for stage in stages)

    blocks = sum(stage["blocks"] for stage in stages)
    entry = lambda modules, tensors: {"modules": modules * blocks, "parameters": parameters(tensors)}
    counts = {"both": entry(per_block, per_block), "both-shared": entry(per_block, 1), "block": entry(1, 1),
              "before-add": entry(per_block, per_block)}
    return counts


def facts(family, layouts, grids, channels, blocks, features, image=32):
    stages = [{"grid": [grid, grid], "channels": width, "blocks": count}
              for grid, width, count in zip(grids, channels, blocks)]
    return {"family": family, "image": [image, image], "layouts": layouts, "stages": stages,
            "head": {"kind": "mean", "classes": CLASSES, "features": features, "linears": 1},
            "dka": dka_counts(stages, len(layouts))}


def swin_facts(layouts):
    return facts("swin", layouts, (8, 4), (WIDTH, 2 * WIDTH), DEPTHS, 2 * WIDTH)


def timm_swin(fused, version=1, window=4):
    import timm

    timm.layers.set_fused_attn(fused)
    make = timm.models.swin_transformer.SwinTransformer if version == 1 else (
        timm.models.swin_transformer_v2.SwinTransformerV2)
    model = make(img_size=32, patch_size=4, window_size=window, embed_dim=WIDTH, depths=DEPTHS, num_heads=(2, 2),
                 mlp_ratio=2, num_classes=CLASSES)
    return model, swin_facts(["BHWC", "BLC"])


def torchvision_swin(fused, version=1, window=4):
    from torchvision.models import swin_transformer as swin

    blocks = {} if version == 1 else {"block": swin.SwinTransformerBlockV2, "downsample_layer": swin.PatchMergingV2}
    model = swin.SwinTransformer(patch_size=[4, 4], embed_dim=WIDTH, depths=list(DEPTHS), num_heads=[2, 2],
                                 window_size=[window, window], mlp_ratio=2, num_classes=CLASSES, **blocks)
    return model, swin_facts(["BHWC", "BHWC"])


def hugging_face_swin(fused, version=1, window=4):
    """Always with attention in parts: torch.export refuses the fused form."""
    import transformers

    transformers.logging.set_verbosity_error()
    name = "Swin" if version == 1 else "Swinv2"
    settings = getattr(transformers, name + "Config")(
        image_size=32, patch_size=4, embed_dim=WIDTH, depths=list(DEPTHS), num_heads=[2, 2], window_size=window,
        mlp_ratio=2.0, num_labels=CLASSES, attn_implementation="eager")
    return exporting.Logits(getattr(transformers, name + "ForImageClassification")(settings)), swin_facts(["BLC", "BLC"])


def resnet_facts(channels, blocks):
    return facts("resnet", ["BCHW"], (8, 4, 2, 1)[:len(blocks)], channels, blocks, channels[-1])


def timm_resnet(fused):
    from timm.models.resnet import Bottleneck, ResNet

    return ResNet(Bottleneck, layers=(1, 2, 1, 1), channels=(4, 8, 8, 16), num_classes=CLASSES), resnet_facts(
        (16, 32, 32, 64), (1, 2, 1, 1))


def timm_resnext(fused):
    """Bottlenecks whose inner convolution has 4 groups, of 2 and of 4 channels."""
    from timm.models.resnet import Bottleneck, ResNet

    model = ResNet(Bottleneck, layers=(1, 2, 1, 1), channels=(4, 4, 8, 8), cardinality=4, base_width=32,
                   num_classes=CLASSES)
    return model, resnet_facts((16, 16, 32, 32), (1, 2, 1, 1))


def timm_resnetv2(fused):
    """Pre-activation: BatchNormalization stays since it stands in front of its convolution."""
    from timm.layers import BatchNormAct2d
    from timm.models.resnetv2 import ResNetV2, create_conv2d

    model = ResNetV2(layers=(1, 2, 1, 1), channels=(16, 32, 32, 64), num_classes=CLASSES, stem_chs=8,
                     conv_layer=create_conv2d, norm_layer=BatchNormAct2d)
    return model, resnet_facts((16, 32, 32, 64), (1, 2, 1, 1))


def torchvision_resnet(fused):
    """Basic blocks. torchvision fixes the widths, so the later stages are made narrow."""
    from torchvision.models.resnet import BasicBlock, ResNet

    class Narrow(ResNet):
        def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
            return super()._make_layer(block, {64: 8, 128: 8, 256: 16, 512: 16}[planes], blocks, stride, dilate)

    model = Narrow(BasicBlock, [2, 1, 1, 1], num_classes=CLASSES)
    model.fc = torch.nn.Linear(16, CLASSES)
    return model, resnet_facts((8, 8, 16, 16), (2, 1, 1, 1))


def hugging_face_resnet(fused):
    import transformers

    transformers.logging.set_verbosity_error()
    settings = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 2], num_labels=CLASSES)
    return exporting.Logits(transformers.ResNetForImageClassification(settings)), resnet_facts((16, 32), (1, 2))


def torchvision_mobilenet(fused):
    """Inverted residuals; blocks whose input and output differ have no addition, so no point."""
    from torchvision.models import MobileNetV2

    model = MobileNetV2(num_classes=CLASSES, width_mult=0.25, dropout=0,
                        inverted_residual_setting=[[1, 32, 1, 1], [6, 32, 3, 2], [6, 64, 2, 2]])
    return model, facts("mobilenet", ["BCHW"], (16, 8, 4), (8, 8, 16), (1, 2, 1), 1280)


VARIANTS = {
    "timm_swin": timm_swin,
    "timm_swin_pad": lambda fused: timm_swin(fused, window=3),
    "timm_swinv2": lambda fused: timm_swin(fused, version=2),
    "torchvision_swin": torchvision_swin,
    "torchvision_swin_pad": lambda fused: torchvision_swin(fused, window=3),
    "torchvision_swinv2": lambda fused: torchvision_swin(fused, version=2),
    "hf_swin": hugging_face_swin,
    "hf_swin_pad": lambda fused: hugging_face_swin(fused, window=3),
    "hf_swinv2": lambda fused: hugging_face_swin(fused, version=2),
    "timm_resnet": timm_resnet,
    "timm_resnext": timm_resnext,
    "timm_resnetv2": timm_resnetv2,
    "torchvision_resnet": torchvision_resnet,
    "hf_resnet": hugging_face_resnet,
    "torchvision_mobilenet": torchvision_mobilenet,
}
