#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the cards model and leaves its numbers for write.c.

    train.py [--work DIR] [--threads N] [--settle-only]

The floating network learns first. Then it is folded and rounded, and settles:
it gets used to the rounding and meets many more pictograms that it has to
refuse. Works in DIR (build/cards): float.pt holds the floating network,
folded.pt the one that rounds, both written every few minutes; at the end
comes cards.numbers, a text:

    cards 1
    input SIDE CHANNELS SCALE ZERO
    conv STRIDE OUT KH KW IN SCALE ZERO OUT_SCALE OUT_ZERO
      ... weights [OUT, KH, KW, IN], then OUT biases
    depth STRIDE 1 KH KW CHANNELS SCALE ZERO OUT_SCALE OUT_ZERO
      ... weights [1, KH, KW, CHANNELS], then CHANNELS biases
    pool SIDE
    full OUT IN SCALE ZERO OUT_SCALE OUT_ZERO
      ... weights [OUT, IN], then OUT biases
    softmax SCALE ZERO
    end

Scales are hexadecimal floats, everything else decimal. The same seed, the
same number of threads and the same machine give the same numbers.
"""

import argparse
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import glyphs
import network
import scenes

SEED = 20
STEPS = 13000           # of learning, and
SETTLE = 4500           # of settling
BATCH = 64
REUSE = 4               # how often a scene is seen; drawing is the dear part
WINDOW = 16384          # scenes at hand to pick from
EVERY = 500            # steps between reports


class Stream:
    """Batches picked at random from a window of scenes that moves on."""

    def __init__(self, seed, nothing, strangers):
        self.scenes = scenes.Scenes(seed, nothing, strangers)
        self.rng = self.scenes.rng
        self.images = torch.empty(WINDOW, 3, scenes.SIZE, scenes.SIZE,
                                  dtype=torch.uint8)
        self.labels = torch.empty(WINDOW, dtype=torch.int64)
        self.filled = self.at = self.debt = 0
        while self.filled < WINDOW // 4:
            self.draw()

    def draw(self):
        images, labels = self.scenes.batch(BATCH)
        self.images[self.at:self.at + BATCH] = images
        self.labels[self.at:self.at + BATCH] = labels
        self.at = (self.at + BATCH) % WINDOW
        self.filled = min(self.filled + BATCH, WINDOW)

    def next(self):
        self.debt += 1
        if self.debt == REUSE:
            self.debt = 0
            self.draw()
        pick = torch.randint(self.filled, (BATCH,), generator=self.rng)
        return self.varied(self.images[pick]), self.labels[pick]

    def varied(self, images):
        """A cheap change, so that no scene is seen twice the same."""
        dy, dx = torch.randint(-3, 4, (2,), generator=self.rng).tolist()
        x = F.pad(images.float(), (3,) * 4, mode="replicate")
        x = x[:, :, 3 + dy:3 + dy + scenes.SIZE, 3 + dx:3 + dx + scenes.SIZE]
        gain = 1 + torch.randn(BATCH, 3, 1, 1, generator=self.rng) * 0.05
        return (x * gain).round().clamp(0, 255)


def train(net, stream, steps, rate, decay, path):
    """One run with a rate that rises, then falls to nothing."""
    plain = [p for p in net.parameters() if p.dim() < 2]
    heavy = [p for p in net.parameters() if p.dim() >= 2]
    optimizer = torch.optim.AdamW([{"params": heavy, "weight_decay": decay},
                                   {"params": plain, "weight_decay": 0.0}],
                                  lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=steps, pct_start=0.08)
    net.train()
    right = lost = 0.0
    began = time.monotonic()
    for step in range(1, steps + 1):
        images, labels = stream.next()
        logits = net(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        lost += float(loss)
        right += float((logits.argmax(1) == labels).float().mean())
        if step % EVERY == 0 or step == steps:
            count = (step - 1) % EVERY + 1
            print(f"step {step}/{steps}: loss {lost / count:.3f}, "
                  f"right {right / count:.3f}, "
                  f"{time.monotonic() - began:.0f} s", file=sys.stderr)
            right = lost = 0.0
            torch.save(net.state_dict(), path)


@torch.no_grad()
def share_right(net, images, labels):
    right = 0
    for at in range(0, len(images), 128):
        got = net(images[at:at + 128]).argmax(1)
        right += int((got == labels[at:at + 128]).sum())
    return right / len(images)


def write_numbers(layers, path):
    def scale(value):
        return float(np.float32(value)).hex()

    def values(out, array):
        flat = array.reshape(-1)
        for at in range(0, len(flat), 20):
            out.write(" ".join(map(str, flat[at:at + 20].tolist())) + "\n")

    with open(path, "w", encoding="ascii") as out:
        out.write("cards 1\n")
        out.write(f"input {scenes.SIZE} 3 {scale(network.INPUT_SCALE)} "
                  f"{network.INPUT_ZERO}\n")
        side = scenes.SIZE
        for layer in layers:
            kind, shape = layer["kind"], layer["weights"].shape
            if kind == "full":
                out.write(f"pool {side}\nfull")
            else:
                side //= layer["stride"]
                name = "depth" if kind == "depth" else "conv"
                out.write(f"{name} {layer['stride']}")
            out.write("".join(f" {size}" for size in shape))
            out.write(f" {scale(layer['scale'])} {layer['zero']} "
                      f"{scale(layer['out_scale'])} {layer['out_zero']}\n")
            values(out, layer["weights"])
            values(out, layer["bias"])
        out.write(f"softmax {scale(1 / 256)} 0\nend\n")


def learn(work):
    floating = network.Floating()
    train(floating, Stream(SEED, 0.2, glyphs.STRANGERS), STEPS, 4e-3, 0.02,
          f"{work}/float.pt")


def settle(work):
    stream = Stream(SEED + 1, 0.3, glyphs.STRANGERS + glyphs.MORE_STRANGERS)
    images, labels = zip(*(stream.scenes.batch(BATCH) for _ in range(16)))
    images, labels = torch.cat(images), torch.cat(labels)
    floating = network.Floating()
    floating.load_state_dict(torch.load(f"{work}/float.pt"))
    net = network.folded(floating, images)
    print(f"floating: {share_right(floating, images, labels):.4f} right, "
          f"folded and rounded: {share_right(net, images, labels):.4f}",
          file=sys.stderr)
    train(net, stream, SETTLE, 8e-4, 0.0, f"{work}/folded.pt")
    layers = network.integers(net)
    write_numbers(layers, f"{work}/cards.numbers")
    print(f"rounded: {share_right(net, images, labels):.4f} right, integers: "
          f"{share_right(network.Integers(layers), images, labels):.4f}",
          file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", default="build/cards")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--settle-only", action="store_true",
                        help="begin with the float.pt that is there")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    os.makedirs(options.work, exist_ok=True)
    if not options.settle_only:
        learn(options.work)
    settle(options.work)


if __name__ == "__main__":
    main()
