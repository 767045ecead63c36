#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo clip: cards held into a camera, one after another.

    clip.py FILE.mjpeg

15 pictures a second, 320x240, JPEG files one after another. A hand brings
each card in from the right, holds it still as well as hands can, and takes it
away below. Backdrop, camera and cards are those of held_out.py, which the
model never trained on.
"""

import math
import sys

import numpy as np

import glyphs
import held_out

RATE = 15               # pictures a second
WIDTH, HEIGHT = 320, 240
COMES, STAYS, GOES, PAUSE = 0.6, 1.2, 0.5, 0.5     # seconds
SHOWN = ["key", "cat", "rocket", "umbrella", "light bulb"]
NUMBER, LIGHT = 50, 30  # of the backdrop and the lamp; a plain room by day


def eased(t):
    """From 0 to 1, slow at both ends."""
    t = min(max(t, 0), 1)
    return t * t * (3 - 2 * t)


def pose(t, restless):
    """The card's place `t` seconds after it began to come."""
    away = 1 - eased(t / COMES)
    down = eased((t - COMES - STAYS) / GOES)
    yaw, pitch, roll, x, y = (
        scale * math.sin(t * speed + phase)
        for scale, speed, phase in zip((0.12, 0.1, 0.06, 3, 3),
                                       (2.1, 1.7, 1.3, 2.9, 2.3), restless))
    middle = np.array([WIDTH / 2 + x + away * WIDTH * 0.85,
                       HEIGHT / 2 + y + away * 30 + down * HEIGHT * 1.1])
    return held_out.placed(yaw - 0.9 * away, pitch + 0.5 * down, roll + 0.4 * away,
                           6, middle, 62)


def picture(backdrop, card, t, restless, light, noise):
    image = backdrop.copy()
    if card is not None and t < COMES + STAYS + GOES:
        place = pose(t, restless)
        held_out.lay(image, card, 110, place)
        held_out.hold(np.random.default_rng(3), image, place)
    out = held_out.exposed(np.random.default_rng(light), image)
    out = np.clip(out + noise.normal(0, 0.006, out.shape), 0, 1)
    return held_out.as_file(
        held_out.Image.fromarray((out * 255).round().astype(np.uint8)), 70)


def main(path):
    light = (held_out.SEED, LIGHT)
    noise = np.random.default_rng(light)
    backdrop = held_out.hall(np.random.default_rng((held_out.SEED, NUMBER)),
                             WIDTH, HEIGHT)
    codes = dict(glyphs.CLASSES)
    with open(path, "wb") as out:
        def show(card, seconds, restless=()):
            for i in range(round(seconds * RATE)):
                out.write(picture(backdrop, card, i / RATE, restless, light,
                                  noise).getvalue())

        show(None, PAUSE)
        for number, name in enumerate(SHOWN):
            rng = np.random.default_rng((held_out.SEED, number))
            card = held_out.drawn_card(rng, glyphs.read([codes[name]])[0], 110)
            show(card, COMES + STAYS + GOES + PAUSE, rng.uniform(0, 7, 5))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
