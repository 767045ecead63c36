# SPDX-License-Identifier: Apache-2.0
"""The network in three states: floating, pretending integers, integers.

Floating it has batch normalisation. `folded` puts that into weights and biases
and gives a network that computes in floats but rounds as the integers will.
`integers` takes the numbers out of that one.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import features
import words

# kind, channels in, channels out, kernel, stride (time, frequency)
LAYERS = [
    ("conv", 1, 24, (5, 5), (2, 2)),        # 25 x 20
    ("depth", 24, 24, (3, 3), (1, 2)),      # 25 x 10
    ("conv", 24, 40, (1, 1), (1, 1)),
    ("depth", 40, 40, (3, 3), (1, 1)),
    ("conv", 40, 64, (1, 1), (1, 1)),
    ("depth", 64, 64, (3, 3), (1, 2)),      # 25 x 5
    ("conv", 64, 80, (1, 1), (1, 1)),
    ("depth", 80, 80, (3, 3), (1, 1)),
    ("conv", 80, 80, (1, 1), (1, 1)),
    ("valid", 80, 112, (1, 5), (1, 1)),     # 25 x 1
    ("depth", 112, 112, (9, 1), (1, 1)),
    ("conv", 112, 112, (1, 1), (1, 1)),
    ("depth", 112, 112, (9, 1), (1, 1)),
    ("conv", 112, 112, (1, 1), (1, 1)),
]
PHONES_AFTER = 11       # the layer whose frames also name phonemes
MIX_AFTER = (2, 6)   # layers whose statistics are mixed in training
EMBEDDING = 48


def padding(size, kernel, stride):
    """TFLite's SAME for one dimension: before, after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolved(x, weight, bias, layer):
    kind, channels, _, kernel, stride = layer
    groups = channels if kind == "depth" else 1
    if kind == "valid":
        return F.conv2d(x, weight, bias, stride)
    top, bottom = padding(x.shape[2], kernel[0], stride[0])
    left, right = padding(x.shape[3], kernel[1], stride[1])
    if top != bottom or left != right:
        x = F.pad(x, (left, right, top, bottom))
        top = left = 0
    return F.conv2d(x, weight, bias, stride, (top, left), groups=groups)


def mixed(x, strength):
    """Statistics of each channel moved towards those of another sample."""
    mean = x.mean((2, 3), keepdim=True)
    deviation = ((x * x).mean((2, 3), keepdim=True) - mean ** 2).clamp(
        min=1e-4).sqrt()
    order = torch.randperm(len(x))
    share = torch.distributions.Beta(0.3, 0.3).sample((len(x), 1, 1, 1))
    share = torch.where(torch.rand(len(x), 1, 1, 1) < strength, share,
                        torch.ones(()))
    new_mean = (share * mean + (1 - share) * mean[order]).detach()
    gain = (share * deviation + (1 - share) * deviation[order]).detach() \
        / deviation
    return x * gain + (new_mean - mean * gain)


class Floating(nn.Module):
    def __init__(self, phones, mix=0.5):
        super().__init__()
        self.mix = mix
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for kind, cin, cout, kernel, stride in LAYERS:
            self.convs.append(nn.Conv2d(
                cin, cout, kernel, stride, bias=False,
                groups=cin if kind == "depth" else 1))
            self.norms.append(nn.BatchNorm2d(cout))
        self.phones = nn.Linear(LAYERS[PHONES_AFTER][2], phones)
        self.embed = nn.Linear(LAYERS[-1][2], EMBEDDING)
        self.full = nn.Linear(EMBEDDING, len(words.LABELS))
        self.drop = nn.Dropout(0.1)
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = x[:, None].contiguous(memory_format=torch.channels_last)
        for i, layer in enumerate(LAYERS):
            x = convolved(x, self.convs[i].weight, None, layer)
            x = F.relu6(self.norms[i](x), inplace=True)
            if self.training and self.mix and i in MIX_AFTER:
                x = mixed(x, self.mix)
            if i == PHONES_AFTER:
                frames = x[:, :, :, 0].transpose(1, 2)
        x = self.drop(x.mean((2, 3)))
        embedding = self.embed(x)
        return self.full(embedding), self.phones(frames), embedding


INPUT_SCALE = 1 / features.STEPS
STEP = 6 / 255          # of every activation: ReLU6 fills -128 to 127 exactly


def rounded(x):
    """Rounds, but lets the gradient pass as if it had not."""
    return x + (x.round() - x).detach()


def weight_scales(w):
    """What a step is worth: of each output's weights, or of all of them."""
    w = w.detach()
    top = w.abs().amax((1, 2, 3), keepdim=True) if w.dim() == 4 \
        else w.abs().max()
    return (top / 127).clamp(min=1e-8)


def as_stored(w):
    scale = weight_scales(w)
    return rounded(w / scale).clamp(-127, 127) * scale


class Folded(nn.Module):
    """Without normalisation, rounding weights and activations as the integers
    in the file do, so that training can go on and get used to it."""

    def __init__(self, phones):
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for kind, cin, cout, kernel, _ in LAYERS:
            self.weights.append(nn.Parameter(torch.zeros(
                cout, 1 if kind == "depth" else cin, *kernel)))
            self.biases.append(nn.Parameter(torch.zeros(cout)))
        self.phones = nn.Linear(LAYERS[PHONES_AFTER][2], phones)
        self.embed = nn.Linear(LAYERS[-1][2], EMBEDDING)
        self.full = nn.Linear(EMBEDDING, len(words.LABELS))
        # What a step of the embedding and of the logits is worth.
        self.register_buffer("steps", torch.ones(2))

    def forward(self, x):
        x = x[:, None].contiguous(memory_format=torch.channels_last)
        for i, layer in enumerate(LAYERS):
            x = convolved(x, as_stored(self.weights[i]), self.biases[i], layer)
            x = rounded(F.relu6(x) / STEP) * STEP
            if i == PHONES_AFTER:
                frames = x[:, :, :, 0].transpose(1, 2)
        x = rounded(x.mean((2, 3)) / STEP) * STEP
        x = F.linear(x, as_stored(self.embed.weight), self.embed.bias)
        embedding = self.limited(x, self.steps[0])
        x = F.linear(embedding, as_stored(self.full.weight), self.full.bias)
        return self.limited(x, self.steps[1]), self.phones(frames), embedding

    @staticmethod
    def limited(x, step):
        return rounded(x / step).clamp(-128, 127) * step


@torch.no_grad()
def folded(floating, x):
    """The network folded; `x` shows how far its outputs reach."""
    out = Folded(floating.phones.out_features)
    floating.eval()
    for i, (conv, norm) in enumerate(zip(floating.convs, floating.norms)):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        out.weights[i].copy_(conv.weight * gain[:, None, None, None])
        out.biases[i].copy_(norm.bias - norm.running_mean * gain)
    for name in ("phones", "embed", "full"):
        getattr(out, name).load_state_dict(
            getattr(floating, name).state_dict())
    logits, _, embedding = floating(x)
    out.steps.copy_(torch.stack([embedding.abs().max(), logits.abs().max()])
                    * 1.05 / 127)
    return out.to(memory_format=torch.channels_last)


@torch.no_grad()
def integers(net):
    """A list of layers, each a dict of numbers and int arrays, laid out as
    TFLite wants them: out, y, x, in, or 1, y, x, channel for depthwise ones."""
    def stored(w, b, input_scale):
        scales = weight_scales(w).float()
        q = (w / scales).round().clamp(-127, 127).int().numpy()
        flat = scales.reshape(-1)
        bias = b.double() / (np.float32(input_scale) * flat.double())
        return {"scales": flat.numpy(), "weights": q,
                "bias": bias.round().long().numpy()}

    layers, scale = [], INPUT_SCALE
    for (kind, _, _, _, stride), w, b in zip(LAYERS, net.weights, net.biases):
        layer = stored(w, b, scale)
        order = (1, 2, 3, 0) if kind == "depth" else (0, 2, 3, 1)
        layer["weights"] = layer["weights"].transpose(order)
        layer.update(kind=kind, stride=stride, out_scale=STEP, out_zero=-128)
        layers.append(layer)
        scale = STEP
    for kind, full, step in (("embed", net.embed, net.steps[0]),
                             ("full", net.full, net.steps[1])):
        layer = stored(full.weight, full.bias, scale)
        layer.update(kind=kind, out_scale=float(step), out_zero=0)
        layers.append(layer)
        scale = float(step)
    return layers
