# SPDX-License-Identifier: Apache-2.0
"""The network in three states: floating, pretending integers, integers.

Floating it has batch normalisation. `folded` puts that into weights and
biases and gives a network that computes in floats but rounds weights and
activations as the integers will, so that training can go on and get used
to it. `integers` takes the numbers out of that one, and `Integers` computes
with them as the TFLite reference kernels do: 8-bit values, 32-bit sums, one
scale and zero point per tensor.

All convolutions are 3x3 or 1x1, padded as TFLite's SAME, and end in ReLU6.
"""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import glyphs

# kind, channels in, channels out, stride. "depth" is a depthwise 3x3,
# "point" a 1x1. At 96x96 the early layers carry the time; plain 3x3
# convolutions there cost no more than depthwise ones, and quantize better.
LAYERS = [
    ("conv", 3, 16, 2),             # 48
    ("conv", 16, 32, 2),            # 24
    ("conv", 32, 64, 2),            # 12
    ("conv", 64, 96, 1),
    ("depth", 96, 96, 2),           # 6
    ("point", 96, 160, 1),
    ("depth", 160, 160, 1),
    ("point", 160, 192, 1),
    ("depth", 192, 192, 1),
    ("point", 192, 256, 1),
]
INPUT_SCALE, INPUT_ZERO = 1 / 128, 128
STEP = 6 / 255          # of every activation: ReLU6 fills 0 to 255 exactly


def kernel(kind):
    return 1 if kind == "point" else 3


def padded(x, kind, stride):
    """SAME: on even sizes stride 2 pads only at the bottom and right."""
    if kind == "point":
        return x
    return F.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))


def real(images):
    """uint8 images as the numbers they stand for."""
    x = (images.float() - INPUT_ZERO) * INPUT_SCALE
    return x.contiguous(memory_format=torch.channels_last)


class Floating(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for kind, cin, cout, stride in LAYERS:
            self.convs.append(nn.Conv2d(
                cin, cout, kernel(kind), stride, bias=False,
                groups=cin if kind == "depth" else 1))
            self.norms.append(nn.BatchNorm2d(cout))
        self.full = nn.Linear(LAYERS[-1][2], len(glyphs.LABELS))
        self.to(memory_format=torch.channels_last)

    def forward(self, images):
        x = real(images)
        for (kind, _, _, stride), conv, norm in zip(LAYERS, self.convs,
                                                    self.norms):
            x = F.relu6(norm(conv(padded(x, kind, stride))))
        return self.full(x.mean((2, 3)))


def rounded(x):
    """Rounds, but lets the gradient pass as if it had not."""
    return x + (x.round() - x).detach()


def weight_range(w):
    """Scale and zero point of a weight tensor, zero exactly among them."""
    low = min(float(w.detach().min()), 0.0)
    high = max(float(w.detach().max()), 0.0)
    scale = float(np.float32((high - low) / 255))
    return scale, int(round(-low / scale))


def as_stored(w):
    scale, zero = weight_range(w)
    return (rounded(w / scale) + zero).clamp(0, 255).sub(zero).mul(scale)


class Folded(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for kind, cin, cout, _ in LAYERS:
            side = kernel(kind)
            self.weights.append(nn.Parameter(torch.zeros(
                cout, 1 if kind == "depth" else cin, side, side)))
            self.biases.append(nn.Parameter(torch.zeros(cout)))
        self.full = nn.Linear(LAYERS[-1][2], len(glyphs.LABELS))
        self.register_buffer("logits", torch.zeros(2))  # their range

    def forward(self, images):
        x = real(images)
        for (kind, cin, _, stride), w, b in zip(LAYERS, self.weights,
                                                self.biases):
            x = F.conv2d(padded(x, kind, stride), as_stored(w), b, stride,
                         groups=cin if kind == "depth" else 1)
            x = rounded(F.relu6(x) / STEP) * STEP
        x = rounded(x.mean((2, 3)) / STEP) * STEP
        return F.linear(x, as_stored(self.full.weight), self.full.bias)


@torch.no_grad()
def folded(floating, images):
    """The network folded; `images` show how far its outputs reach."""
    out = Folded()
    floating.eval()
    for i, (conv, norm) in enumerate(zip(floating.convs, floating.norms)):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        out.weights[i].copy_(conv.weight * gain[:, None, None, None])
        out.biases[i].copy_(norm.bias - norm.running_mean * gain)
    out.full.load_state_dict(floating.full.state_dict())
    logits = floating(images)
    out.logits.copy_(torch.stack([logits.min(), logits.max()]) * 1.1)
    out.to(memory_format=torch.channels_last)
    return out


@torch.no_grad()
def integers(net):
    """A list of layers, each a dict of numbers and int arrays.

    Weights are laid out as TFLite wants them: out, y, x, in for
    convolutions, 1, y, x, channel for depthwise ones.
    """
    def stored(w, b, input_scale):
        scale, zero = weight_range(w)
        q = (w / scale).round().add(zero).clamp(0, 255).int().numpy()
        bias = (b.double() / (np.float32(input_scale) * np.float32(scale)))
        return {"scale": scale, "zero": zero, "weights": q,
                "bias": bias.round().long().numpy()}

    layers, scale = [], INPUT_SCALE
    for (kind, _, _, stride), w, b in zip(LAYERS, net.weights, net.biases):
        layer = stored(w, b, scale)
        order = (1, 2, 3, 0) if kind == "depth" else (0, 2, 3, 1)
        layer["weights"] = layer["weights"].transpose(order)
        layer.update(kind=kind, stride=stride, out_scale=STEP, out_zero=0)
        layers.append(layer)
        scale = STEP
    low, high = (float(v) for v in net.logits)
    out_scale = (high - low) / 255
    layer = stored(net.full.weight, net.full.bias, STEP)
    layer.update(kind="full", stride=1, out_scale=out_scale,
                 out_zero=int(round(-low / out_scale)))
    layers.append(layer)
    return layers


def multiplier(real_value):
    """TFLite's m and e: real_value = m / 2^31 * 2^e, m in [2^30, 2^31)."""
    fraction, e = math.frexp(real_value)
    m = int(math.floor(fraction * 2 ** 31 + 0.5))
    return (2 ** 30, e + 1) if m == 2 ** 31 else (m, e)


def rescaled(acc, real_value):
    """acc * real_value in TFLite's two roundings; real_value < 1."""
    m, e = multiplier(real_value)
    high = (acc * m + 2 ** 30) >> 31
    mask = (1 << -e) - 1
    rest = high & mask
    return (high >> -e) + (rest > (mask >> 1) + (high < 0))


class Integers:
    """Exact results of the integers: images in, stored logits out."""

    def __init__(self, layers):
        self.layers = layers

    def __call__(self, images):
        # Doubles hold these integer sums exactly, and torch convolves them.
        x = images.double() - INPUT_ZERO
        scale = INPUT_SCALE
        for layer in self.layers[:-1]:
            kind = layer["kind"]
            order = (3, 0, 1, 2) if kind == "depth" else (0, 3, 1, 2)
            w = torch.from_numpy(layer["weights"].transpose(order).copy())
            acc = F.conv2d(padded(x, kind, layer["stride"]),
                           w.double() - layer["zero"],
                           torch.from_numpy(layer["bias"]).double(),
                           layer["stride"],
                           groups=len(w) if kind == "depth" else 1)
            x = self.stored(acc, scale, layer).double()
            scale = layer["out_scale"]
        n = x.shape[2] * x.shape[3]
        x = torch.div(x.sum((2, 3)) + n // 2, n, rounding_mode="floor")
        last = self.layers[-1]
        acc = F.linear(x, torch.from_numpy(last["weights"]).double()
                       - last["zero"], torch.from_numpy(last["bias"]).double())
        return self.stored(acc, scale, last)

    @staticmethod
    def stored(acc, scale, layer):
        product = np.float32(scale) * np.float32(layer["scale"])
        y = rescaled(acc.round().long(),
                     float(product) / float(np.float32(layer["out_scale"])))
        return (y + layer["out_zero"]).clamp(0, 255)
