"""Swin transformers and residual networks of torchvision with Dual-Kernel Adapters, in PyTorch: the witness for dka's numbers and speed.

    y = x + Up(GELU(DWConv_large(Down x) + DWConv_small(Down x)))

at every point of METHOD's section on insertion points: behind each residual sum of a Swin block, behind each residual block. Weights are
seeded, never downloaded. Two forms of the adapter compute the same function: as the formula reads, and the fastest one known in eager
PyTorch (kernels merged, one product with the Toeplitz matrix on maps up to 14×14, the Fourier transform above).
"""

import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

import exporting

NETWORKS = ("swin_t", "swin_b", "resnet50")


class DualKernelAdapter(nn.Module):
    """The adapter as the formula reads; `last` says that maps hold their channels last."""

    def __init__(self, width, last, bottleneck=16, large=51, small=5):
        super().__init__()
        self.last = last
        self.down = nn.Parameter(torch.zeros(width, bottleneck))
        self.large = nn.Parameter(torch.zeros(bottleneck, 1, large, large))
        self.small = nn.Parameter(torch.zeros(bottleneck, 1, small, small))
        self.up = nn.Parameter(torch.zeros(bottleneck, width))

    def mixed(self, field):
        """Both convolutions of a map [B, d, H, W]."""
        groups, large, small = len(self.large), self.large.shape[-1] // 2, self.small.shape[-1] // 2
        return (functional.conv2d(field, self.large, padding=large, groups=groups)
                + functional.conv2d(field, self.small, padding=small, groups=groups))

    def forward(self, x):
        rows = x if self.last else x.permute(0, 2, 3, 1)
        mixed = self.mixed((rows @ self.down).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        branch = functional.gelu(mixed) @ self.up
        return x + (branch if self.last else branch.permute(0, 3, 1, 2))


class MergedAdapter(DualKernelAdapter):
    """The same function with merged kernels."""

    def mixed(self, field):
        height, width = field.shape[2:]
        centre, small = self.large.shape[-1] // 2, self.small.shape[-1] // 2
        rows, columns = min(centre, height - 1), min(centre, width - 1)
        merged = self.large[:, 0] + functional.pad(self.small[:, 0], [centre - small] * 4)
        live = merged[:, centre - rows:centre + rows + 1, centre - columns:centre + columns + 1]
        if height > 14:
            return self.transformed(field, live, rows, columns)
        # Output (i, j) sees input (u, v) through tap (u - i + rows, v - j + columns).
        down = torch.arange(height)[None, :] - torch.arange(height)[:, None] + rows
        across = torch.arange(width)[None, :] - torch.arange(width)[:, None] + columns
        index = down[:, None, :, None] * (2 * columns + 1) + across[None, :, None, :]
        matrix = live.flatten(1).index_select(1, index.flatten()).unflatten(1, (height * width, height * width))
        product = torch.bmm(field.flatten(2).transpose(0, 1), matrix.transpose(1, 2))
        return product.transpose(0, 1).unflatten(2, (height, width))

    def transformed(self, field, live, rows, columns):
        """The convolution as a product of Fourier transforms."""
        height, width = field.shape[2:]
        size = (height + 2 * rows, width + 2 * columns)
        spectrum = torch.fft.rfft2(field, s=size) * torch.fft.rfft2(live, s=size).conj()
        whole = torch.fft.irfft2(spectrum, s=size)
        return torch.roll(whole, (rows, columns), (2, 3))[:, :, :height, :width]


class AdaptedSwinBlock(nn.Module):
    """A Swin block with an adapter after each residual sum."""

    def __init__(self, block, make):
        super().__init__()
        width = block.norm1.normalized_shape[0]
        self.block, self.first, self.second = block, make(width, True), make(width, True)

    def forward(self, x):
        x = self.first(x + self.block.attn(self.block.norm1(x)))
        return self.second(x + self.block.mlp(self.block.norm2(x)))


def backbone(name, classes=1000, seed=7, folds=False):
    """A network with seeded weights in evaluation mode.

    A residual block's last normalization is scaled down, as training leaves it, so that sixteen blocks do not blow the stream up.
    `folds` puts normalizations into the convolutions in front, as the exporter does, so that both sides have the same numbers.
    """
    network = exporting.seed_parameters(torchvision.models.get_model(name, weights=None, num_classes=classes), seed)
    if hasattr(network, "layer1"):
        with torch.no_grad():
            for block in blocks_of(network):
                block.bn3.weight *= 0.2
        if folds:
            fold(network)
    return network


def blocks_of(network):
    """The residual blocks of a convolutional network."""
    return [block for stage in (network.layer1, network.layer2, network.layer3, network.layer4) for block in stage]


def fold(network):
    """Puts every batch normalization into its convolution."""
    def put(holder, convolution, normalization):
        setattr(holder, convolution, fuse_conv_bn_eval(getattr(holder, convolution), getattr(holder, normalization)))
        setattr(holder, normalization, nn.Identity())
    put(network, "conv1", "bn1")
    for block in blocks_of(network):
        for number in "123":
            put(block, "conv" + number, "bn" + number)
        if block.downsample is not None:
            put(block.downsample, "0", "1")


def adapted(network, make, classes=3):
    """The network with adapters that `make(width, channels last)` gives, frozen otherwise, and a new head; returns (network,
    adapters in the order of the file, head)."""
    network.requires_grad_(False)
    adapters = []
    if hasattr(network, "features"):
        for stage in network.features:
            for index, block in enumerate(stage if isinstance(stage, nn.Sequential) else ()):
                if hasattr(block, "attn"):
                    stage[index] = AdaptedSwinBlock(block, make)
                    adapters += [stage[index].first, stage[index].second]
        network.head = head = nn.Linear(network.head.in_features, classes)
    else:
        for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
            for index, block in enumerate(stage):
                adapter = make(block.conv3.out_channels, False)
                stage[index] = nn.Sequential(block, adapter)
                adapters.append(adapter)
        network.fc = head = nn.Linear(network.fc.in_features, classes)
    return network, adapters, head
