#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the model is judged by: voices, people, speech and noises never trained on.

    held_out.py WORK AUDIO OUT

WORK holds the archives of voices.py; AUDIO is a folder with yes_1000ms.wav and
its three companions. OUT becomes a row of records for evaluate.c: a byte that
tells the group (of GROUPS), one with the label (255: a stream that holds none of
our words), one that is 1 where a stream begins, 2 where the window is a whole
clip to be named by itself, 49 x 40 int8 for our model, and 49 x 10 little-endian
floats, the MFCC that the MLPerf reference model takes.
"""

import random
import sys
import wave

import numpy as np

import features
import voices
import words

GROUPS = ["voices", "people", "prompts", "other words", "clips", "speech",
          "near speech", "noise", "other people"]
(VOICES, PEOPLE, PROMPTS, OTHER_WORDS, CLIPS, SPEECH, NEAR_SPEECH, NOISE,
 OTHER_PEOPLE) = range(len(GROUPS))
HOP_FRAMES = 5          # between two windows of a stream: 100 ms
NO_WORD = 255
SEED = 77

MFCC_EDGES = np.linspace(features.mel(20.0), features.mel(4000.0), 42)


def mfcc_filters():
    bins = features.mel(np.arange(257) * features.RATE / features.FFT)[:, None]
    e = MFCC_EDGES
    rise = (bins - e[:-2]) / (e[1:-1] - e[:-2])
    fall = (e[2:] - bins) / (e[2:] - e[1:-1])
    weights = np.maximum(0.0, np.minimum(rise, fall))
    weights[0] = 0.0
    return weights


MFCC_FILTERS = mfcc_filters()
COSINES = 2 * np.cos(np.pi * np.arange(10)[:, None]
                     * (2 * np.arange(40) + 1) / 80) / np.sqrt(80)


class Records:
    def __init__(self, path):
        self.file = open(path, "wb")
        self.filters = features.filters()
        self.count = 0

    def windows(self, x, group, label, alone):
        """All windows of the samples, or the one they are."""
        count = (len(x) - features.FRAME) // features.HOP + 1
        at = np.arange(count)[:, None] * features.HOP + np.arange(480)
        magnitudes = np.abs(np.fft.rfft(x[at] * features.hann(), features.FFT))
        logs = np.log(magnitudes @ self.filters + features.FLOOR)
        mels = magnitudes @ MFCC_FILTERS
        first = True
        for f in range(0, count - features.FRAMES + 1, HOP_FRAMES):
            ours = features.quantized(logs[f:f + features.FRAMES])
            top = x[f * features.HOP:f * features.HOP + 16000].max()
            theirs = np.log(mels[f:f + features.FRAMES] / max(top, 1e-4)
                            + 1e-6) @ COSINES.T
            self.file.write(bytes([group, label, 2 if alone else int(first)]))
            self.file.write(ours.tobytes())
            self.file.write(theirs.astype("<f4").tobytes())
            self.count += 1
            first = False
            if alone:
                break


def coloured(rng, n, tilt):
    f = np.fft.rfftfreq(n, 1 / 16000)
    x = np.fft.irfft((rng.normal(size=len(f)) + 1j * rng.normal(size=len(f)))
                     / (f + 10) ** tilt, n)
    return x / x.std()


def in_room(rng, x, decibels, level):
    """In noise that faint, and that loud."""
    noise = coloured(rng, len(x), rng.uniform(0.2, 1.0))
    loud = np.sqrt((x ** 2).sum() / max((np.abs(x) > 0.02).sum(), 800))
    x = x + noise * loud * 10 ** (-decibels / 20)
    return np.round(np.clip(x * level, -1, 1) * 32767) / 32768


def noises(rng, seconds):
    """Noises and sounds of other kinds than those trained with."""
    n = 16000 * seconds
    t = np.arange(n) / 16000
    kind = rng.integers(6)
    if kind == 0:
        return coloured(rng, n, rng.uniform(0, 1.2))
    if kind == 1:                               # chords, plucked
        x = np.zeros(n)
        for at in range(0, n - 16000, int(rng.integers(3000, 9000))):
            for note in rng.choice([0, 3, 4, 5, 7, 9, 12], 3):
                f = 110 * 2 ** ((note + 12 * rng.integers(0, 3)) / 12)
                k = np.arange(16000)
                x[at:at + 16000] += np.exp(-k / 4000) * np.sign(
                    np.sin(6.2832 * f * k / 16000)) * 0.3
        return x + 0.01 * coloured(rng, n, 0.5)
    if kind == 2:                               # an engine
        speed = 60 + 30 * np.sin(6.2832 * t * rng.uniform(0.05, 0.3))
        return np.tanh(3 * np.sin(6.2832 * np.cumsum(speed) / 16000)) \
            + 0.3 * coloured(rng, n, 0.8)
    if kind == 3:                               # beeps and sweeps
        f = 300 + 2500 * rng.random(n // 4000 + 1).repeat(4000)[:n]
        on = (rng.random(n // 4000 + 1) < 0.4).repeat(4000)[:n]
        return np.sin(6.2832 * np.cumsum(f) / 16000) * on \
            + 0.02 * coloured(rng, n, 0.3)
    if kind == 4:                               # knocks, keys, cutlery
        x = 0.01 * coloured(rng, n, 0.7)
        for at in rng.integers(0, n - 3200, seconds * 4):
            k = np.arange(3200)
            f = rng.uniform(150, 5000)
            x[at:at + 3200] += rng.uniform(0.1, 1) * np.exp(
                -k / rng.uniform(30, 600)) * np.sin(6.2832 * f * k / 16000)
        return x
    return coloured(rng, n, 0.3) * (1 + np.sin(                 # waves
        6.2832 * t * rng.uniform(0.1, 3))) ** 2


def read(path):
    with wave.open(path) as w:
        return np.frombuffer(w.readframes(w.getnframes()), np.int16) / 32768


def speech():
    """An hour of sentences, by variants of espeak-ng."""
    rng, espeak = random.Random(SEED), voices.Espeak()
    total = 0
    for text in voices.sentences(voices.FOR_TESTS):
        voice = f"{rng.choice(voices.ACCENTS)}+{rng.choice(voices.HELD_VARIANTS)}"
        x = espeak.say(voice, text, rng.randint(130, 200),
                       rng.randint(20, 80), rng.randint(20, 80))
        if x is not None:
            total += len(x)
            yield x / 32768
        if total >= 60 * 60 * 16000:
            return


def quiet(seconds):
    return np.zeros(int(16000 * seconds))


def level(rng):
    return 10 ** (rng.uniform(-30, 0) / 20)


def write_stream(out, rng, said, group):
    """Sentences with pauses between them, in pieces of half a minute."""
    x = np.concatenate([part for s in said
                        for part in (s, quiet(rng.uniform(0.05, 0.8)))])
    for at in range(0, len(x) - 16000, 16000 * 30):
        out.windows(in_room(rng, x[at:at + 16000 * 30], rng.uniform(10, 45),
                            level(rng)), group, NO_WORD, False)


def write_noises(out, rng):
    for _ in range(40):
        x = noises(rng, 30)
        out.windows(np.round(x / np.abs(x).max() * level(rng) * 32767) / 32768,
                    NOISE, NO_WORD, False)


def write_words(out, rng, groups):
    """Single clips: each as one window, and as a stream with silence around it."""
    for group, clips in groups.items():
        # Voices by synthesisers are many; 1000 of each group will do.
        pick = rng.permutation(len(clips))[:1000]
        for x, label in (clips[i] for i in pick):
            x = x / 32768
            # The recordings of people have noise of their own.
            decibels = rng.uniform(
                15 if group in (VOICES, OTHER_WORDS) else 30, 45)
            gain = level(rng)
            if group != OTHER_PEOPLE:
                side = max(16000 - len(x), 0) / 32000
                whole = np.concatenate([quiet(side), x, quiet(side + 0.1)])
                out.windows(in_room(rng, whole[:16000], decibels, gain), group,
                            label, True)
            whole = np.concatenate([quiet(1.1), x, quiet(1.1)])
            out.windows(in_room(rng, whole, decibels, gain), group, label,
                        False)


def held_clips(work):
    """By group, those that are held back; and the longer ones, which hold no word."""
    groups = {g: [] for g in (VOICES, PEOPLE, PROMPTS, OTHER_WORDS, OTHER_PEOPLE)}
    running = []
    for name in ("speech", "human"):
        z = np.load(f"{work}/{name}.npz")
        samples, ends, label = z["audio"], z["ends"], z["labels"]
        for i, voice in enumerate(z["voices"]):
            x = slice(ends[i - 1] if i else 0, ends[i])
            if voice.startswith("people/"):
                if voices.held_clip(i):
                    groups[OTHER_PEOPLE].append((samples[x], NO_WORD))
            elif voices.held(voice):
                if z["running"][i]:
                    running.append(samples[x] / 32768)
                    continue
                group = PEOPLE if voice.startswith("person/") else \
                    PROMPTS if voice.startswith("prompt/") else \
                    VOICES if label[i] >= words.FIRST else OTHER_WORDS
                groups[group].append((samples[x], label[i]))
    return groups, running


def main():
    work, audio, path = sys.argv[1:]
    out, rng = Records(path), np.random.default_rng(SEED)
    groups, running = held_clips(work)
    write_words(out, rng, groups)
    for name, label in (("yes", "yes"), ("no", "no"),
                        ("silence", "silence"), ("noise", "unknown")):
        x = read(f"{audio}/{name}_1000ms.wav")
        out.windows(x[:16000], CLIPS, words.LABELS.index(label), True)
    write_stream(out, rng, speech(), SPEECH)
    write_stream(out, rng, running, NEAR_SPEECH)
    write_noises(out, rng)
    print(f"{out.count} windows", file=sys.stderr)


if __name__ == "__main__":
    main()
