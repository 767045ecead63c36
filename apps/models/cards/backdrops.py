# SPDX-License-Identifier: Apache-2.0
"""What stands behind the cards in training: backdrops of SIDE x SIDE pixels.

Everything is drawn by numbers from the generator that is handed in. The
evaluation has backdrops of its own kinds, in held_out.py.
"""

import numpy as np
from PIL import Image, ImageDraw

import glyphs

SIDE = 160


def resized(array, width, height):
    return np.asarray(Image.fromarray(array.astype(np.float32), "F")
                      .resize((width, height), Image.BICUBIC))


def noise(rng, first=3, last=64, stretch=1):
    """Smooth noise from 0 to 1: octaves from `first` to `last` cells a side."""
    total, weight, cells = np.zeros((SIDE, SIDE), np.float32), 1.0, first
    fall = rng.uniform(0.4, 0.8)
    while cells <= last:
        across = max(2, int(cells / stretch))
        total += weight * resized(rng.standard_normal((cells, across)),
                                  SIDE, SIDE)
        cells, weight = cells * 2, weight * fall
    total -= total.min()
    return total / max(total.max(), 1e-6)


def colour(rng):
    """Any colour, more often a dull one than a loud one."""
    grey = rng.uniform(0.05, 0.95)
    return np.clip(grey + rng.normal(0, rng.choice([0.04, 0.12, 0.3]), 3), 0, 1)


def painted(value, rng):
    """A map from 0 to 1 becomes a run between two or three colours."""
    value = value[..., None]
    low, high = colour(rng), colour(rng)
    out = low + (high - low) * value
    if rng.random() < 0.4:
        out += np.maximum(value - 0.5, 0) * 2 * (colour(rng) - high)
    return out


def plane(rng):
    """A straight run from 0 to 1 in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j]
    return (x * np.cos(angle) + y * np.sin(angle)) / 2.83 + 0.5


def gradient(rng):
    return painted(plane(rng), rng)


def cloudy(rng):
    return painted(noise(rng, rng.integers(2, 6), rng.choice([8, 64, 128])), rng)


def grain(rng):
    return painted(noise(rng, rng.integers(24, 60), 128) ** 2, rng)


def wood(rng):
    rings = noise(rng, 2, 64, rng.uniform(4, 10))
    return painted(np.sin(rings * rng.uniform(8, 40)) / 2 + 0.5, rng)


def stripes(rng):
    wave = np.sin((plane(rng) + 0.1 * noise(rng, 2, 4)) * rng.uniform(15, 120))
    if rng.random() < 0.5:
        wave = np.sign(wave)
    return painted(wave / 2 + 0.5, rng)


def checks(rng):
    a = np.sin(plane(rng) * rng.uniform(15, 80))
    b = np.sin(plane(rng) * rng.uniform(15, 80))
    return painted((a * b > 0).astype(np.float32), rng)


def cells(rng):
    n = rng.integers(6, 60)
    at = rng.uniform(0, SIDE, (n, 2)).astype(np.float32)
    fills = np.stack([colour(rng) for _ in range(n)])
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    nearest = ((y[..., None] - at[:, 0]) ** 2
               + (x[..., None] - at[:, 1]) ** 2).argmin(-1)
    return fills[nearest]


def rooms(rng):
    """A wall above, a table below, the edge between them anywhere."""
    kinds = [gradient, cloudy, wood, grain, stripes]
    wall, table = (kinds[rng.integers(len(kinds))](rng) for _ in range(2))
    edge = plane(rng) > rng.uniform(0.3, 0.7)
    return np.where(edge[..., None], wall, table)


KINDS = [gradient, cloudy, cloudy, grain, wood, stripes, checks, cells,
         rooms, rooms, rooms]


def box(rng, least, most):
    w, h = rng.uniform(least, most, 2) * SIDE
    x, y = rng.uniform(-0.1, 1.1, 2) * SIDE
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def skin(rng):
    light = rng.uniform(0.25, 0.95)
    return np.clip(light * np.array([1.0, rng.uniform(0.68, 0.82),
                                     rng.uniform(0.5, 0.72)]), 0, 1)


def rgb(values):
    return tuple(int(v * 255) for v in values)


def draw_shape(draw, rng):
    fill = rgb(colour(rng))
    outline = rgb(colour(rng)) if rng.random() < 0.4 else None
    kind = rng.integers(6)
    if kind == 0:
        draw.ellipse(box(rng, 0.05, 0.6), fill=fill, outline=outline)
    elif kind == 1:
        draw.rounded_rectangle(box(rng, 0.1, 0.8), rng.integers(1, 12),
                               fill=fill, outline=outline)
    elif kind == 2:
        middle = rng.uniform(0, SIDE, 2)
        n = rng.integers(3, 9)
        angles = np.sort(rng.uniform(0, 2 * np.pi, n))
        reach = rng.uniform(0.05, 0.4, n) * SIDE
        draw.polygon([(middle[0] + r * np.cos(a), middle[1] + r * np.sin(a))
                      for a, r in zip(angles, reach)], fill=fill)
    elif kind == 3:
        points = [tuple(rng.uniform(-20, SIDE + 20, 2)) for _ in range(3)]
        draw.line(points, fill=fill, width=int(rng.integers(1, 14)))
    elif kind == 4:         # lines of writing
        x0, y0, x1, y1 = box(rng, 0.2, 0.8)
        for y in np.arange(y0, y1, rng.uniform(3, 9)):
            x = x0
            while x < x1:
                word = rng.uniform(3, 16)
                draw.line((x, y, x + word, y), fill=fill, width=1)
                x += word + 3
    else:
        draw.arc(box(rng, 0.1, 0.7), rng.integers(360), rng.integers(360),
                 fill=fill, width=int(rng.integers(2, 16)))


def draw_hand(draw, rng):
    """A palm and some fingers, all thumbs."""
    fill = rgb(skin(rng))
    x, y = rng.uniform(0, SIDE, 2)
    size = rng.uniform(0.1, 0.25) * SIDE
    draw.ellipse((x - size, y - size, x + size, y + size), fill=fill)
    turn = rng.uniform(0, 2 * np.pi)
    for finger in range(rng.integers(1, 6)):
        angle = turn + finger * 0.4
        reach = size * rng.uniform(1.8, 2.8)
        tip = x + reach * np.cos(angle), y + reach * np.sin(angle)
        width = size * 0.45
        draw.line((x, y, *tip), fill=fill, width=int(width))
        draw.ellipse((tip[0] - width / 2, tip[1] - width / 2,
                      tip[0] + width / 2, tip[1] + width / 2), fill=fill)


def paste_stranger(image, rng, strangers):
    sprite = strangers[rng.integers(len(strangers))]
    size = int(rng.uniform(0.12, 0.7) * SIDE)
    sprite = sprite.resize((size, size), Image.BILINEAR)
    sprite = sprite.rotate(rng.uniform(0, 360), expand=True)
    image.paste(sprite, tuple(int(v) for v in rng.uniform(-0.2, 1, 2) * SIDE),
                sprite)


def sprites(codes):
    """Pictograms as images that can be pasted."""
    out = []
    for glyph in glyphs.read(codes):
        cover = np.maximum(glyph[3:], 1e-3)
        pixels = np.concatenate([glyph[:3] / cover, glyph[3:]])
        out.append(Image.fromarray((pixels.transpose(1, 2, 0) * 255)
                                   .clip(0, 255).astype(np.uint8), "RGBA"))
    return out


def backdrop(rng, strangers):
    """One backdrop, uint8 [SIDE, SIDE, 3]."""
    flat = KINDS[rng.integers(len(KINDS))](rng)
    image = Image.fromarray((flat * 255).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.choice([0, 0, 2, 5, 12, 25])):
        draw_shape(draw, rng)
    if rng.random() < 0.25:
        draw_hand(draw, rng)
    for _ in range(rng.choice([0, 0, 0, 1, 2, 6])):
        paste_stranger(image, rng, strangers)
    return np.asarray(image)


def pool(count, seed):
    """`count` backdrops, uint8 [count, 3, SIDE, SIDE]."""
    rng = np.random.default_rng(seed)
    strangers = sprites(glyphs.STRANGERS)
    out = np.empty((count, 3, SIDE, SIDE), np.uint8)
    for i in range(count):
        out[i] = backdrop(rng, strangers).transpose(2, 0, 1)
    return out
