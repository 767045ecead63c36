#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Windows of a second to learn from, heard through augment.py.

    scenes.py WORK COUNT SEED OUT.npz
    scenes.py --wordless WORK COUNT SEED OUT.npz

The second makes windows without a word. Each has `features` (int8 [49, 40]), a
`labels` entry, the `kind` (of KINDS) and `clips` (index among the clips of
WORK/speech.npz and WORK/human.npz, or -1), and `phones`, what is said in it from
beginning to end, padded with zeros; none where that is not known.
"""

import sys

import numpy as np
import torch

import augment
import features
import voices
import words

# What may be in a window, and of how many in a hundred windows. Few people who say
# other things, or every stranger becomes `unknown`.
KINDS = {"word": 42, "digit": 21, "other": 12, "running": 12, "part": 4,
         "people": 1, "noise": 8}
WORDLESS = {"word": 0, "digit": 0, "other": 30, "running": 50, "part": 5,
            "people": 2, "noise": 13}
NAMES = list(KINDS)
# Shares of the synthesisers. All voices but espeak-ng's are cut from, or modelled
# after, what people said, and few.
MAKERS = {"espeak-ng": 0.3, "flite": 0.15, "festival": 0.25, "rhvoice": 0.3}
BATCH = 128
PHONES = 24


class Scenes:
    """`kinds`: KINDS or WORDLESS."""

    def __init__(self, work, seed, kinds):
        share = np.array(list(kinds.values()))
        self.share = share / share.sum()
        self.clips = clips = augment.Clips([f"{work}/speech.npz",
                                            f"{work}/human.npz"])
        self.rng = np.random.default_rng(seed)
        voice, index = np.unique(clips.voices, return_inverse=True)
        free = ~np.array([voices.held(v) for v in voice])[index]
        maker = np.array([v.split("/")[0] for v in voice])[index]
        keyword = clips.labels >= words.FIRST
        synthetic = np.isin(maker, list(MAKERS))

        def of(mask):
            return np.flatnonzero(free & mask)

        # By maker, then by label: voices cut from human speech count for more.
        self.words = [[of((maker == m) & (clips.labels == words.FIRST + k))
                       for k in range(len(words.KEYWORDS))]
                      for m in MAKERS]
        self.digits = [of((maker == "person") & (clips.labels == words.FIRST + k))
                       for k in range(10, 20)]
        other = synthetic & ~keyword & ~clips.running
        self.others = [of((maker == m) & other) for m in MAKERS]
        self.running = of(synthetic & clips.running)
        people = np.flatnonzero(maker == "people")
        first = np.searchsorted(clips.files, 1)     # of the people's archive
        self.people = np.array([i for i in people
                                if not voices.held_clip(i - first)])
        self.any = np.concatenate(self.others + [self.people])
        talk = np.concatenate([self.running, self.people])
        self.rooms = augment.Rooms(clips, talk, seed)
        self.phones = np.zeros((len(clips.phones), PHONES), np.int8)
        names = {p: i for i, p in enumerate(voices.PHONES)}
        for i, text in enumerate(clips.phones):
            said = [names[p] for p in text.split()][:PHONES + 1]
            if len(said) <= PHONES and not clips.running[i]:
                self.phones[i, :len(said)] = said

    def maker(self):
        return self.rng.choice(len(MAKERS), p=list(MAKERS.values()))

    def pick(self, kind):
        rng = self.rng
        if kind in ("word", "part"):
            return rng.choice(self.words[self.maker()][rng.integers(20)])
        if kind == "digit":
            return rng.choice(self.digits[rng.integers(10)])
        if kind == "other":
            return rng.choice(self.others[self.maker()])
        if kind == "running":
            return rng.choice(self.running)
        if kind == "people":
            return rng.choice(self.people)
        return -1

    def batch(self):
        rng, clips = self.rng, self.clips
        kinds = rng.choice(len(KINDS), BATCH, p=self.share)
        index = np.array([self.pick(NAMES[k]) for k in kinds])
        speed = np.exp(rng.uniform(np.log(0.82), np.log(1.22), BATCH))
        length = np.where(index >= 0, clips.length.numpy()[index], 0) / speed
        room = augment.WINDOW - length
        # Somewhere within the window, or as much of it as fits.
        start = np.where(room >= 0, rng.uniform(0, 1, BATCH) * room,
                         rng.uniform(0, 1, BATCH) * room)
        part = kinds == NAMES.index("part")
        seen = rng.uniform(0.1, 0.4, BATCH) * length
        start = np.where(part, np.where(rng.random(BATCH) < 0.5, seen - length,
                                        augment.WINDOW - 160 - seen), start)
        # Somebody speaks before or after.
        other = np.where((rng.random(BATCH) < 0.2) & (index >= 0)
                         & (kinds != NAMES.index("running")),
                         rng.choice(self.any, BATCH), -1)
        before = rng.random(BATCH) < 0.5
        gap = rng.uniform(800, 4000, BATCH)
        other_start = np.where(before, start - gap
                               - clips.length.numpy()[other] / 1.1,
                               start + length + gap)
        labels = np.where(index >= 0, clips.labels[index], words.SILENCE)
        labels = np.where(part, words.UNKNOWN, labels)
        # The people are few: their throats vary more.
        spread = np.where(kinds == NAMES.index("digit"), 6, 4.5)
        warp = np.clip(np.round(rng.normal(augment.NATURAL, spread)), 0, 22)
        whole = (room >= -1600) & ~part & (other < 0) & (index >= 0)
        got = self.rooms.heard(
            clips, *(torch.from_numpy(a) for a in (index, start.astype(
                np.float32), speed.astype(np.float32), other,
                other_start.astype(np.float32), warp.astype(np.int64))), 0.15)
        return {"features": (got * features.STEPS).round().numpy().astype(
                    np.int8),
                "labels": labels.astype(np.int8), "kinds": kinds.astype(np.int8),
                "clips": index.astype(np.int32),
                "phones": self.phones[index] * whole[:, None]}


def main():
    work, count, seed, out = sys.argv[-4:]
    torch.set_num_threads(1)
    scenes = Scenes(work, int(seed),
                    WORDLESS if sys.argv[1] == "--wordless" else KINDS)
    batches = [scenes.batch() for _ in range(int(count) // BATCH)]
    np.savez(out, **{name: np.concatenate([b[name] for b in batches])
                     for name in batches[0]})


if __name__ == "__main__":
    with torch.no_grad():
        main()
