#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the keywords model and leaves its numbers for write.c.

    train.py [--work DIR] [--steps N] [--settle N]

Works in DIR (build/keywords), on what scenes.py made there. The floating network
learns from windows-*.npz. It then tells in which of wordless-*.npz it hears words
nevertheless; folded and rounded it settles on the former and on these. float.pt holds
the first network, folded.pt the second, both written every few minutes; at the end
comes keywords.numbers, a text:

    keywords 1
    input FRAMES BANDS SCALE ZERO
    conv|valid|depth DOWN ACROSS SHAPE[4] OUT_SCALE OUT_ZERO
      ... a scale for each output, weights, biases
    pool
    embed|full OUT IN OUT_SCALE OUT_ZERO
      ... the scale, weights [OUT, IN], OUT biases
    softmax SCALE ZERO
    end

SHAPE is [out, y, x, in], for depthwise layers [1, y, x, channels]. Scales are
hexadecimal floats, everything else decimal. The same seed on the same machine
gives the same numbers.
"""

import argparse
import glob
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import features
import network
import scenes
import voices
import words

SEED = 6
BATCH = 128
PHONES_WEIGHT = 0.3
RATE, DECAY, SETTLE_RATE = 6e-3, 0.03, 5e-4
EVERY = 500             # steps between reports
MISTAKE = 0.25          # as sure of a word as this, where there is none
MISTAKES = 0.15         # their share in what the network settles on
# Off `unknown`, which is more of what is learnt from than of what people say to a
# listener: at equal mistakes in streams more words are found.
UNKNOWN_LESS = 1.5


class Windows:
    """Batches in which each of scenes.KINDS has its share."""

    def __init__(self, paths, seed):
        archives = [np.load(path) for path in paths]

        def all_of(name):
            return np.concatenate([z[name] for z in archives])

        self.labels = torch.from_numpy(all_of("labels").astype(np.int64))
        self.phones = torch.from_numpy(all_of("phones").astype(np.int64))
        self.features = torch.from_numpy(all_of("features"))
        kinds = all_of("kinds")
        self.by_kind = [np.flatnonzero(kinds == k)
                        for k in range(len(scenes.KINDS))]
        share = np.array(list(scenes.KINDS.values()), float)
        self.share = share / share.sum()
        self.rng = np.random.default_rng(seed)

    def add(self, batches, share):
        """Another kind, that gets this share."""
        count = len(self.labels)
        for name in ("labels", "phones", "features"):
            old = getattr(self, name)
            new = np.concatenate([b[name] for b in batches])
            setattr(self, name, torch.cat([old, torch.from_numpy(new).to(old.dtype)]))
        self.by_kind.append(np.arange(count, len(self.labels)))
        self.share = np.append(self.share * (1 - share), share)

    def next(self):
        rng = self.rng
        index = torch.from_numpy(np.concatenate(
            [rng.choice(of, n) for of, n in zip(
                self.by_kind, rng.multinomial(BATCH, self.share))]))
        x = self.features[index].float() / features.STEPS
        # Some bands or frames are as if nothing were there.
        for i in range(BATCH):
            bands, band, frames, frame = rng.random(4)
            bands, frames = int(bands * 16) - 9, int(frames * 15) - 9
            if bands > 0:
                band = int(band * (features.BANDS - bands))
                x[i, :, band:band + bands] = 0
            if frames > 0:
                frame = int(frame * (features.FRAMES - frames))
                x[i, frame:frame + frames] = 0
        return x, self.labels[index], self.phones[index]


def phones_loss(frames, phones):
    """How badly the frames spell what is said, where that is known."""
    count = (phones > 0).sum(1)
    known = count > 0
    loss = F.ctc_loss(frames[known].log_softmax(2).transpose(0, 1),
                      phones[known], torch.full((int(known.sum()),),
                                                frames.shape[1]),
                      count[known], reduction="none", zero_infinity=True)
    return (loss / count[known]).mean()


def train(net, windows, steps, rate, decay, path):
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
        x, labels, phones = windows.next()
        logits, frames, _ = net(x)
        loss = F.cross_entropy(logits, labels, label_smoothing=0.05) \
            + PHONES_WEIGHT * phones_loss(frames, phones)
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
                  f"{time.monotonic() - began:.0f} s", file=sys.stderr,
                  flush=True)
            right = lost = 0.0
            torch.save(net.state_dict(), path)


@torch.no_grad()
def mistakes(net, path):
    """Of windows without a word, those in which the network hears one."""
    archive = np.load(path)
    got = {name: archive[name] for name in ("labels", "phones", "features")}
    net.eval()
    heard = np.concatenate([
        net(torch.from_numpy(part).float() / features.STEPS)[0].softmax(1)
        [:, words.FIRST:].amax(1).numpy()
        for part in np.array_split(got["features"], len(got["labels"]) // BATCH)])
    return {name: values[heard > MISTAKE] for name, values in got.items()}


def write_numbers(layers, path):
    def scale(value):
        return float(np.float32(value)).hex()

    def values(out, array):
        flat = array.reshape(-1)
        for at in range(0, len(flat), 20):
            out.write(" ".join(map(str, flat[at:at + 20].tolist())) + "\n")

    with open(path, "w", encoding="ascii") as out:
        out.write(f"keywords 1\ninput {features.FRAMES} {features.BANDS} "
                  f"{scale(network.INPUT_SCALE)} 0\n")
        for layer in layers:
            kind = layer["kind"]
            if kind == "embed":
                out.write("pool\n")
            out.write(kind)
            numbers = layer.get("stride", ()) + layer["weights"].shape
            out.write("".join(f" {n}" for n in numbers))
            out.write(f" {scale(layer['out_scale'])} {layer['out_zero']}\n")
            out.write(" ".join(map(scale, layer["scales"])) + "\n")
            values(out, layer["weights"])
            values(out, layer["bias"])
        out.write(f"softmax {scale(1 / 256)} -128\nend\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", default="build/keywords")
    parser.add_argument("--steps", type=int, default=8500)
    parser.add_argument("--settle", type=int, default=1500)
    options = parser.parse_args()
    work = options.work

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    windows = Windows(sorted(glob.glob(f"{work}/windows-*.npz")), SEED)
    floating = network.Floating(len(voices.PHONES))
    train(floating, windows, options.steps, RATE, DECAY, f"{work}/float.pt")
    mined = [mistakes(floating, path)
             for path in sorted(glob.glob(f"{work}/wordless-*.npz"))]
    print(f"{sum(len(m['labels']) for m in mined)} mistakes", file=sys.stderr,
          flush=True)
    sample = torch.cat([windows.next()[0] for _ in range(8)])
    net = network.folded(floating, sample)
    windows.add(mined, MISTAKES)
    train(net, windows, options.settle, SETTLE_RATE, 0.0, f"{work}/folded.pt")
    with torch.no_grad():
        net.full.bias[words.UNKNOWN] -= UNKNOWN_LESS
    write_numbers(network.integers(net), f"{work}/keywords.numbers")


if __name__ == "__main__":
    main()
