# SPDX-License-Identifier: Apache-2.0
"""What the model hears: the front end, as README.md tells it, in numpy.

    features.py CLIP.wav OUT.bin    the 49 x 40 int8 of a clip's first second
"""

import sys
import wave

import numpy as np

RATE = 16000
FRAME, HOP, FFT = 480, 320, 512
FRAMES, BANDS = 49, 40
WINDOW_SAMPLES = FRAME + (FRAMES - 1) * HOP     # 15840
LOW_HZ, HIGH_HZ = 60.0, 3800.0
FLOOR = 1e-3
STEPS = 20.0            # of a stored value in one neper: the scale is 1 / 20


def mel(f):
    return 1127.0 * np.log(1.0 + f / 700.0)


def filters(warp=1.0):
    """[257, 40]: weights of the magnitudes. `warp` moves the frequencies, as a
    shorter (below 1) or longer vocal tract would."""
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2)
    bins = mel(np.arange(FFT // 2 + 1) * (RATE / FFT) * warp)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rise, fall))
    weights[0] = 0.0
    return weights


def hann():
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)


def log_mel(samples):
    """[frames, 40] of samples between -1 and 1."""
    count = (len(samples) - FRAME) // HOP + 1
    at = np.arange(count)[:, None] * HOP + np.arange(FRAME)
    magnitudes = np.abs(np.fft.rfft(samples[at] * hann(), FFT))
    return np.log(magnitudes @ filters() + FLOOR)


def quantized(logs):
    """The model's input of 49 frames: without their mean, as int8."""
    steps = (logs - logs.mean(0)) * STEPS
    return np.clip(np.floor(steps + 0.5), -128, 127).astype(np.int8)


def clip(path):
    with wave.open(path) as w:
        x = np.frombuffer(w.readframes(w.getnframes()), np.int16)
    x = np.pad(x, (0, max(0, WINDOW_SAMPLES - len(x))))[:WINDOW_SAMPLES]
    return quantized(log_mel(x / 32768.0))


if __name__ == "__main__":
    clip(sys.argv[1]).tofile(sys.argv[2])
