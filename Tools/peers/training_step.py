#!/usr/bin/env python3
"""Times PyTorch's training step of a network with Dual-Kernel Adapters: random images, 3 classes, frozen backbone.

    python training_step.py [--batch 8] [--threads 2] [--runs 5]        as the formula reads: two depthwise convolutions
    python training_step.py --fast                                     the fastest form known in eager PyTorch
    python training_step.py --network swin_t|swin_b|resnet50            another network than ViT-B/16
    python training_step.py --network segmenter_b --batch 1            Segmenter-B/16 at 512, bottleneck 192, cross-entropy of pixels

A step: forward, cross-entropy, backward, both gradient norms clipped to 1, Adam in two groups (adapter 1e-3, head 1e-4).
--fast computes the same function: the small kernel is added into the live taps of the large one (27×27 of 51×51 on a 14×14
map), the convolution is one product with its Toeplitz matrix, or goes through the Fourier transform on maps above 14×14, Adam is fused,
convolutional networks hold channels last, and MKL uses its Intel kernels unless --stock-kernels. --check compares both forms.
"""

import argparse
import os
import sys

if "--fast" in sys.argv and not {"--intel-kernels", "--stock-kernels"} & set(sys.argv):
    sys.argv.append("--intel-kernels")

import measuring  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "goldens"))
import hierarchical_torch  # noqa: E402
import segmenter_torch  # noqa: E402

GRID = 14


class DualKernelAdapter(nn.Module):
    """y = x + Up(GELU(DW51(Down x) + DW5(Down x))); the class token skips the convolutions."""

    def __init__(self, width, bottleneck=16, large=51, small=5):
        super().__init__()
        self.down = nn.Linear(width, bottleneck, bias=False)
        self.large = nn.Conv2d(bottleneck, bottleneck, large, padding=large // 2, groups=bottleneck, bias=False)
        self.small = nn.Conv2d(bottleneck, bottleneck, small, padding=small // 2, groups=bottleneck, bias=False)
        self.up = nn.Linear(bottleneck, width, bias=False)

    def mixed(self, tokens):
        """Both convolutions of the patch tokens [B, N, d]."""
        field = tokens.transpose(1, 2).unflatten(2, (GRID, GRID))
        return (self.large(field) + self.small(field)).flatten(2).transpose(1, 2)

    def forward(self, x):
        hidden = self.down(x)
        hidden = torch.cat([hidden[:, :1], self.mixed(hidden[:, 1:])], dim=1)
        return x + self.up(functional.gelu(hidden))


class ToeplitzAdapter(DualKernelAdapter):
    """The same function, its convolutions merged and written as one batched product."""

    def __init__(self, width):
        super().__init__(width)
        # Output (i, j) sees input (u, v) through tap (u - i + 13, v - j + 13) of the 27×27 live taps.
        taps = torch.arange(GRID)[None, :] - torch.arange(GRID)[:, None] + GRID - 1
        index = taps[:, None, :, None] * (2 * GRID - 1) + taps[None, :, None, :]
        self.register_buffer("index", index.flatten(), persistent=False)

    def mixed(self, tokens):
        reach = GRID - 1
        centre, small = self.large.kernel_size[0] // 2, self.small.kernel_size[0] // 2
        live = self.large.weight[:, 0, centre - reach:centre + reach + 1, centre - reach:centre + reach + 1]
        merged = live + functional.pad(self.small.weight[:, 0], [reach - small] * 4)
        matrix = merged.flatten(1).index_select(1, self.index).unflatten(1, (GRID * GRID, GRID * GRID))
        return torch.bmm(tokens.permute(2, 0, 1), matrix.transpose(1, 2)).permute(1, 2, 0)


class AdaptedBlock(nn.Module):
    """A transformer block with an adapter after each residual sum."""

    def __init__(self, block, make):
        super().__init__()
        width = block.norm1.normalized_shape[0]
        self.block, self.first, self.second = block, make(width), make(width)

    def forward(self, x, *arguments, **named):
        x = self.first(x + self.block.attn(self.block.norm1(x)))
        return self.second(x + self.block.mlp(self.block.norm2(x)))


def build(make, classes=3):
    """ViT-B/16 with adapters, seeded; the parameters of the backbone are frozen."""
    torch.manual_seed(7)
    model = timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=classes)
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    model.blocks = nn.Sequential(*(AdaptedBlock(block, make) for block in model.blocks))
    torch.manual_seed(8)
    for name, parameter in model.named_parameters():
        if ".first." in name or ".second." in name:
            nn.init.normal_(parameter, std=0.02)
    return model


def build_hierarchical(name, is_fast):
    """A hierarchical network with adapters, seeded; returns (network, parameters of the adapters, of the head)."""
    make = hierarchical_torch.MergedAdapter if is_fast else hierarchical_torch.DualKernelAdapter
    network, adapters, head = hierarchical_torch.adapted(hierarchical_torch.backbone(name), make)
    torch.manual_seed(8)
    parameters = [parameter for adapter in adapters for parameter in adapter.parameters()]
    for parameter in parameters:
        nn.init.normal_(parameter, std=0.02)
    if is_fast and name == "resnet50":
        network = network.to(memory_format=torch.channels_last)
    return network, parameters, list(head.parameters())


class TokenAdapter(nn.Module):
    """The adapter on tokens [B, 1 + 32·32, C] of Segmenter-B/16, its convolutions as the formula reads or merged."""

    def __init__(self, make):
        super().__init__()
        self.adapter = make(768, True, bottleneck=192)

    def forward(self, x):
        hidden = x @ self.adapter.down
        field = hidden[:, 1:].transpose(1, 2).unflatten(2, (32, 32))
        mixed = torch.cat([hidden[:, :1], self.adapter.mixed(field).flatten(2).transpose(1, 2)], dim=1)
        return x + functional.gelu(mixed) @ self.adapter.up


def build_segmenter(is_fast):
    """Segmenter-B/16 with adapters, seeded; returns (network, parameters of the adapters, of the decoder)."""
    make = hierarchical_torch.MergedAdapter if is_fast else hierarchical_torch.DualKernelAdapter
    network = segmenter_torch.segmenter_b()
    network.requires_grad_(False)
    network.decoder.requires_grad_(True)
    encoder = network.encoder
    encoder.blocks = nn.Sequential(*(AdaptedBlock(block, lambda width: TokenAdapter(make)) for block in encoder.blocks))
    adapters = [parameter for name, parameter in encoder.named_parameters() if ".adapter." in name]
    torch.manual_seed(8)
    for parameter in adapters:
        parameter.requires_grad_(True)
        nn.init.normal_(parameter, std=0.02)
    return network, adapters, list(network.decoder.parameters())


class Step:
    """One training step on a fixed random batch."""

    def __init__(self, name, batch, is_fast):
        if name == "vit_b_16":
            self.model = build(ToeplitzAdapter if is_fast else DualKernelAdapter).train()
            self.adapter = [parameter for key, parameter in self.model.named_parameters()
                            if parameter.requires_grad and not key.startswith("head")]
            self.head = list(self.model.head.parameters())
        elif name == "segmenter_b":
            self.model, self.adapter, self.head = build_segmenter(is_fast)
        else:
            # Statistics stay in inference form, and nothing is dropped.
            self.model, self.adapter, self.head = build_hierarchical(name, is_fast)
        groups = [{"params": self.adapter, "lr": 1e-3}, {"params": self.head, "lr": 1e-4}]
        self.optimizer = torch.optim.Adam(groups, fused=is_fast)
        generator = torch.Generator().manual_seed(7)
        side = 512 if name == "segmenter_b" else 224
        self.images = torch.randn(batch, 3, side, side, generator=generator)
        if is_fast and name == "resnet50":
            self.images = self.images.to(memory_format=torch.channels_last)
        self.labels = torch.arange(batch) % 3
        if name == "segmenter_b":
            self.labels = (torch.arange(batch * side * side) // 7 % 3).reshape(batch, side, side)

    def __call__(self):
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        nn.utils.clip_grad_norm_(self.adapter, 1.0)
        nn.utils.clip_grad_norm_(self.head, 1.0)
        self.optimizer.step()
        return loss.item()


def check():
    """The fast forms give the plain forms' gradients."""
    torch.manual_seed(7)
    compare(DualKernelAdapter(32), ToeplitzAdapter(32), torch.randn(2, 1 + GRID * GRID, 32))
    for shape in ((2, 7, 7, 32), (2, 28, 28, 32)):
        plain, fast = (kind(32, True) for kind in (hierarchical_torch.DualKernelAdapter, hierarchical_torch.MergedAdapter))
        for parameter in plain.parameters():
            nn.init.normal_(parameter, std=0.1)
        compare(plain, fast, torch.randn(shape))


def compare(plain, fast, x):
    """Stops where two modules have other gradients with equal parameters."""
    fast.load_state_dict(plain.state_dict())
    plain, fast, x = plain.double(), fast.double(), x.double()
    for module in (plain, fast):
        module(x).square().sum().backward()
    for (name, one), other in zip(plain.named_parameters(), fast.parameters()):
        difference = float((one.grad - other.grad).abs().max() / one.grad.abs().max())
        print(f"{name}: relative difference of the gradient {difference:.1e}")
        if not difference < 1e-12:
            raise SystemExit("the fast form is another function")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["vit_b_16", "segmenter_b", *hierarchical_torch.NETWORKS], default="vit_b_16")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--stock-kernels", action="store_true", help="with --fast: leave MKL's choice of kernels alone")
    parser.add_argument("--check", action="store_true", help="compare the fast form with the plain one and end")
    parser.add_argument("--warm-up", type=int, default=1)
    measuring.add_options(parser, runs=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.check:
        check()
        return
    step = Step(options.network, options.batch, options.fast)
    trainable = sum(parameter.numel() for parameter in step.adapter)
    for _ in range(options.warm_up):
        step()
    measuring.report(
        options, {"what": "training step", "peer": "torch", "version": torch.__version__, "batch": options.batch,
                  "fast": options.fast, "adapter_parameters": trainable},
        lambda: {"step": measuring.timed(step)}, lambda medians: {"images_per_second": options.batch / medians["step"]})


if __name__ == "__main__":
    main()
