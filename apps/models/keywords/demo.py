#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo clip, and clips with the features they have to give.

    demo.py FOLDER      writes FOLDER/demo/words.wav, and in FOLDER/golden
                        CLIP.wav, CLIP.logmel.f32 (49 x 40 little-endian
                        floats) and CLIP.features.i8 (49 x 40)

The voices are those kept for testing.
"""

import os
import subprocess
import sys
import tempfile
import wave

import numpy as np

import features
import voices

SPOKEN = [("yes", "flite"), ("seven", "en-us+f5"), ("left", "flite"),
          ("stop", "en-us+linda"), ("three", "flite"), ("go", "en-us+m7")]
SEED = 9


def say(espeak, text, voice):
    if voice != "flite":
        return espeak.say(voice, text, 150, 50, 50) / 32768
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.wav"
        subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", path],
                       check=True)
        return voices.read_wave(path) / 32768


def noise(rng, count):
    f = np.fft.rfftfreq(count, 1 / features.RATE)
    x = np.fft.irfft((rng.normal(size=len(f)) + 1j * rng.normal(size=len(f)))
                     / np.sqrt(f + 30), count)
    return x / x.std()


def save(path, x):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(features.RATE)
        w.writeframes(np.round(np.clip(x, -1, 1) * 32767).astype(
            "<i2").tobytes())


def main():
    folder, rng = sys.argv[1], np.random.default_rng(SEED)
    os.makedirs(f"{folder}/demo", exist_ok=True)
    os.makedirs(f"{folder}/golden", exist_ok=True)
    espeak = voices.Espeak()
    words = [(name, say(espeak, name, voice)) for name, voice in SPOKEN]

    parts = [np.zeros(16000)]
    for _, x in words:
        parts += [x, np.zeros(int(rng.uniform(12000, 16000)))]
    x = np.concatenate(parts)
    save(f"{folder}/demo/words.wav", x * 0.6 + 0.004 * noise(rng, len(x)))

    for name, x in words[:2] + [("noise", np.zeros(8000))]:
        x = np.pad(x, 4000)[:features.RATE]
        x = np.pad(x, (0, features.RATE - len(x)))
        x = x * 0.3 + (0.02 if name == "noise" else 0.001) * noise(rng, len(x))
        path = f"{folder}/golden/{name}"
        save(f"{path}.wav", x)
        with wave.open(f"{path}.wav") as w:
            stored = np.frombuffer(w.readframes(features.RATE), np.int16)
        logs = features.log_mel(stored[:features.WINDOW_SAMPLES] / 32768.0)
        logs.astype("<f4").tofile(f"{path}.logmel.f32")
        features.quantized(logs).tofile(f"{path}.features.i8")


if __name__ == "__main__":
    main()
