#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Scenes to judge the cards model by, made another way than its training.

    held_out.py scenes FILE     draws the evaluation scenes
    held_out.py demo DIR        draws the demo pictures

Each scene is a camera picture of 240 to 640 pixels a side: backdrops of
kinds never trained on, strangers never trained on, a card drawn large and
seen in perspective, hands with nails, a lens, a colour sensor with its
filter mosaic, a real JPEG file. Only then it is shrunk to the model's 96x96,
the way atoll-classify does. FILE holds one record a scene: a byte with the
label, then 96 x 96 x 3 bytes, rows from the top, red first.
"""

import io
import math
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import glyphs
from glyphs import SIZE

SEED = 7_000_003
EACH = 50               # scenes of each card
NOTHING = 600           # scenes of none
TILT, ROLL = math.radians(35), math.radians(35)


def colour(rng, low=20, high=235):
    return tuple(int(v) for v in rng.uniform(low, high, 3))


def near(fill, rng, spread=14):
    return tuple(int(np.clip(v + rng.normal(0, spread), 0, 255)) for v in fill)


# Backdrops. Each takes a size and gives an RGB image.

def bricks(rng, w, h):
    image = Image.new("RGB", (w, h), colour(rng, 90, 200))
    draw = ImageDraw.Draw(image)
    fill = colour(rng)
    high = rng.uniform(0.05, 0.16) * h
    wide, gap = high * rng.uniform(1.0, 3.0), max(2, high * 0.08)
    for row in range(int(h / high) + 2):
        for column in range(-1, int(w / wide) + 2):
            x = (column + 0.5 * (row % 2)) * wide
            draw.rectangle((x, row * high, x + wide - gap,
                            (row + 1) * high - gap), fill=near(fill, rng))
    return image


def plaid(rng, w, h):
    x, y = np.arange(w), np.arange(h)
    out = np.ones((h, w, 3)) * colour(rng, 60, 220)
    for _ in range(rng.integers(2, 5)):
        fill, period = np.array(colour(rng)), rng.uniform(0.08, 0.4) * w
        width, start = rng.uniform(0.1, 0.5), rng.uniform(0, 1)
        bx = ((x / period + start) % 1 < width) * 0.4
        by = ((y / period + start) % 1 < width) * 0.4
        cover = np.clip(bx[None, :] + by[:, None], 0, 0.8)[..., None]
        out = out * (1 - cover) + fill * cover
    return Image.fromarray(out.astype(np.uint8)).rotate(
        rng.uniform(-30, 30), Image.BILINEAR, fillcolor=colour(rng))


def books(rng, w, h):
    image = Image.new("RGB", (w, h), colour(rng, 20, 90))
    draw = ImageDraw.Draw(image)
    shelves = rng.integers(1, 4)
    deep = h / shelves
    for shelf in range(shelves):
        x, foot = 0.0, (shelf + 1) * deep - deep * 0.06
        while x < w:
            wide = rng.uniform(0.02, 0.09) * w
            fill, top = colour(rng), foot - deep * rng.uniform(0.55, 0.9)
            draw.rectangle((x, top, x + wide - 1, foot), fill=fill)
            band = top + (foot - top) * rng.uniform(0.1, 0.4)
            draw.rectangle((x, band, x + wide - 1, band + deep * 0.06),
                           fill=near(fill, rng, 60))
            x += wide
        draw.rectangle((0, foot, w, foot + deep * 0.06),
                       fill=near((140, 100, 60), rng))
    return image


def pebbles(rng, w, h):
    fill = colour(rng, 60, 190)
    image = Image.new("RGB", (w, h), near(fill, rng, 40))
    draw = ImageDraw.Draw(image)
    size = rng.uniform(0.015, 0.08) * w
    for _ in range(int(min(900, 2 * w * h / size ** 2))):
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        a, b = size * rng.uniform(0.4, 1.0, 2)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=near(fill, rng, 25),
                     outline=near(fill, rng, 40))
    return image


def leaves(rng, w, h):
    image = Image.new("RGB", (w, h), (30, 45, 20))
    draw = ImageDraw.Draw(image)
    base = near((70, 120, 45), rng, 35)
    for _ in range(rng.integers(60, 260)):
        x, y, turn = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(0, 7)
        reach = rng.uniform(0.04, 0.14) * w
        points = []
        for t in np.linspace(0, 2 * np.pi, 14):
            along, beside = reach * np.cos(t), reach * 0.4 * np.sin(t) ** 3
            points.append((x + along * np.cos(turn) - beside * np.sin(turn),
                           y + along * np.sin(turn) + beside * np.cos(turn)))
        draw.polygon(points, fill=near(base, rng, 22))
    return image


def hall(rng, w, h):
    """A wall with a window and a picture over a floor of planks."""
    image = Image.new("RGB", (w, h), colour(rng, 110, 240))
    draw = ImageDraw.Draw(image)
    skyline = h * rng.uniform(0.45, 0.8)
    x, y = rng.uniform(-0.1, 0.8) * w, rng.uniform(-0.1, 0.2) * h
    wide, high = rng.uniform(0.2, 0.5) * w, rng.uniform(0.2, 0.45) * h
    draw.rectangle((x, y, x + wide, y + high), fill=(236, 244, 250),
                   outline=(250, 250, 245), width=max(2, w // 60))
    draw.line((x + wide / 2, y, x + wide / 2, y + high), fill=(250, 250, 245),
              width=max(2, w // 90))
    x = rng.uniform(0, 0.9) * w
    draw.rectangle((x, h * 0.15, x + w * 0.2, h * 0.4), fill=colour(rng),
                   outline=colour(rng, 20, 90), width=max(2, w // 70))
    floor = colour(rng, 60, 190)
    draw.rectangle((0, skyline, w, h), fill=floor)
    centre = rng.uniform(0.2, 0.8) * w
    for i in range(-14, 15):
        draw.line((centre + i * w * 0.05, skyline, centre + i * w * 0.35, h),
                  fill=near(floor, rng, 18), width=max(1, w // 120))
    return image


def keyboard(rng, w, h):
    body, key = colour(rng, 10, 200), colour(rng, 10, 240)
    image = Image.new("RGB", (w, h), body)
    draw = ImageDraw.Draw(image)
    pitch = rng.uniform(0.07, 0.16) * w
    for row in range(int(h / pitch) + 1):
        for column in range(-1, int(w / pitch) + 1):
            x, y = (column + 0.3 * (row % 3)) * pitch, row * pitch
            draw.rounded_rectangle((x, y, x + pitch * 0.86, y + pitch * 0.86),
                                   pitch * 0.12, fill=near(key, rng, 4))
            draw.text((x + pitch * 0.2, y + pitch * 0.1),
                      chr(65 + rng.integers(26)), fill=near(body, rng, 30))
    return image.rotate(rng.uniform(-15, 15), Image.BILINEAR, fillcolor=body)


def lights(rng, w, h):
    image = Image.new("RGB", (w, h), colour(rng, 5, 60))
    for _ in range(rng.integers(8, 30)):
        layer = Image.new("L", (w, h), 0)
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        r = rng.uniform(0.02, 0.1) * w
        ImageDraw.Draw(layer).ellipse((x - r, y - r, x + r, y + r),
                                      fill=int(rng.uniform(60, 200)))
        image.paste(colour(rng, 120, 255), (0, 0), layer)
    return image.filter(ImageFilter.GaussianBlur(w * 0.008))


def squared_paper(rng, w, h):
    image = Image.new("RGB", (w, h), colour(rng, 200, 250))
    draw = ImageDraw.Draw(image)
    ink, pitch = colour(rng, 90, 200), rng.uniform(0.03, 0.08) * w
    for i in range(int(max(w, h) / pitch) + 1):
        draw.line((i * pitch, 0, i * pitch, h), fill=ink)
        draw.line((0, i * pitch, w, i * pitch), fill=ink)
    pen = colour(rng, 10, 120)
    for _ in range(rng.integers(1, 8)):
        at = rng.uniform(0, 1, 2) * (w, h)
        points = [tuple(at)]
        for _ in range(12):
            at = at + rng.normal(0, 0.05, 2) * w
            points.append(tuple(at))
        draw.line(points, fill=pen, width=max(1, w // 150))
    return image


def cables(rng, w, h):
    image = Image.new("RGB", (w, h), colour(rng, 60, 220))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(3, 12)):
        t = np.linspace(0, 1, 40)
        ends = rng.uniform(-0.2, 1.2, (4, 2)) * (w, h)
        curve = ((1 - t) ** 3)[:, None] * ends[0] \
            + (3 * t * (1 - t) ** 2)[:, None] * ends[1] \
            + (3 * t ** 2 * (1 - t))[:, None] * ends[2] \
            + (t ** 3)[:, None] * ends[3]
        draw.line([tuple(p) for p in curve], fill=colour(rng),
                  width=int(rng.uniform(0.006, 0.03) * w) + 1, joint="curve")
    return image


BACKDROPS = [bricks, plaid, books, pebbles, leaves, hall, hall, keyboard,
             lights, squared_paper, cables]


# The card.

def pasted(card, glyph, box):
    size = box[2] - box[0], box[3] - box[1]
    pixels = np.concatenate([glyph[:3] / np.maximum(glyph[3:], 1e-3),
                             glyph[3:]])
    sprite = Image.fromarray((pixels.transpose(1, 2, 0) * 255).clip(0, 255)
                             .astype(np.uint8), "RGBA")
    sprite = sprite.resize(size, Image.BICUBIC)
    card.paste(sprite, box[:2], sprite)


def drawn_card(rng, glyph, unit):
    """A card whose picture is 2 * unit pixels; its middle is the image's.

    Without a glyph it stays empty.
    """
    kind = rng.choice(["paper", "paper", "paper", "tinted", "phone", "night"])
    across, down = (int(unit * v) for v in rng.uniform(1.1, 1.6, 2))
    if kind in ("phone", "night"):
        across, down = int(unit * 1.15), int(unit * rng.uniform(1.9, 2.3))
    card = Image.new("RGBA", (2 * across, 2 * down), (0, 0, 0, 0))
    draw = ImageDraw.Draw(card)
    whole = (0, 0, 2 * across - 1, 2 * down - 1)
    if kind in ("phone", "night"):
        screen = (18, 18, 20) if kind == "night" else (250, 250, 250)
        bezel = int(unit * 0.1)
        draw.rounded_rectangle(whole, unit * 0.3, fill=(25, 25, 28, 255))
        draw.rounded_rectangle((bezel, bezel, whole[2] - bezel,
                                whole[3] - bezel), unit * 0.22,
                               fill=(*screen, 255))
    else:
        fill = near((244, 243, 238), rng, 6)
        if kind == "tinted":
            fill = colour(rng, 140, 250)
        line = colour(rng, 0, 200) if rng.random() < 0.4 else None
        draw.rounded_rectangle(whole, unit * rng.choice([0.02, 0.15]),
                               fill=(*fill, 255), outline=line,
                               width=int(unit * rng.uniform(0.02, 0.08)))
    if glyph is not None:
        box = (across - unit, down - unit, across + unit, down + unit)
        pasted(card, glyph, box)
    return card


def placed(yaw, pitch, roll, away, middle, size):
    """A function from card units, -1 to 1 over the picture, to pixels."""
    cy, sy, cp, sp = (math.cos(yaw), math.sin(yaw),
                      math.cos(pitch), math.sin(pitch))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) \
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) \
        @ np.array([[math.cos(roll), -math.sin(roll), 0],
                    [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])

    def place(u, v):
        x, y, z = turn @ (u, v, 0)
        return middle + size * away * np.array([x, y]) / (z + away)
    return place


def perspective(rng, size, w, h):
    """A card somewhere in the picture, tilted and turned by chance."""
    yaw, pitch = rng.uniform(-TILT, TILT), rng.uniform(-TILT, TILT)
    if rng.random() < 0.5:
        yaw, pitch = yaw / 3, pitch / 3
    roll = np.clip(rng.normal(0, ROLL / 2.5), -ROLL, ROLL)
    away = rng.uniform(4, 9)
    room = np.maximum(0.05, np.array([w, h]) / 2 - 0.95 * size)
    middle = np.array([w, h]) / 2 + rng.uniform(-1, 1, 2) * room
    return placed(yaw, pitch, roll, away, middle, size)


def coefficients(corners, source):
    """What PIL's PERSPECTIVE wants: from picture pixels to source pixels."""
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y],
                 [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(right, float))


def lay(image, card, unit, place):
    """Lays the card in perspective, over a soft shadow."""
    w, h = image.size
    cw, ch = card.size
    source = [(0, 0), (cw, 0), (cw, ch), (0, ch)]
    corners = [place((u - cw / 2) / unit, (v - ch / 2) / unit)
               for u, v in source]
    laid = card.transform((w, h), Image.PERSPECTIVE,
                          coefficients(corners, source), Image.BICUBIC)
    shade = laid.getchannel("A").point(lambda v: v * 0.35)
    shade = shade.filter(ImageFilter.GaussianBlur(w * 0.015))
    image.paste((10, 10, 12), (w // 60, w // 50), shade)
    image.paste(laid, (0, 0), laid)


def hold(rng, image, place):
    """A thumb with a nail over the lower half of the card's edge."""
    w, h = image.size
    angle = rng.uniform(0.1, 0.9) * math.pi
    tip = place(1.15 * math.cos(angle), 1.15 * math.sin(angle))
    middle = place(0, 0)
    way = (tip - middle) / np.linalg.norm(tip - middle)
    thick = np.linalg.norm(tip - middle) * rng.uniform(0.14, 0.24)
    light = rng.uniform(0.3, 0.95)
    fill = tuple(int(255 * light * v) for v in (1, 0.76, 0.64))
    draw = ImageDraw.Draw(image)
    far = tip + way * (w + h)
    draw.line((*tip, *far), fill=fill, width=int(2 * thick))
    draw.ellipse((*(tip - thick), *(tip + thick)), fill=fill)
    nail, r = tip - way * thick * 0.2, thick * 0.55
    draw.ellipse((*(nail - r), *(nail + r)),
                 fill=tuple(min(255, int(v * 1.12) + 8) for v in fill))


# The camera.

def exposed(rng, image):
    """Light on the scene, as floats from 0 to 1."""
    w, h = image.size
    y, x = np.mgrid[-1:1:h * 1j, -1:1:w * 1j]
    lamp = rng.uniform(-1.5, 1.5, 2)
    fall = 1 / (1 + rng.uniform(0, 0.35)
                * ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2))
    kelvin = rng.normal(0, 0.1)
    tint = np.array([1 + kelvin, 1, 1 - kelvin]) * rng.uniform(0.65, 1.35)
    out = np.asarray(image, float) / 255 * fall[..., None] * tint
    if rng.random() < 0.2:      # the shadow of a blind
        bars = np.sin((y * 0.4 + x) * rng.uniform(4, 14)) > 0.2
        bars = Image.fromarray((bars * 255).astype(np.uint8)).filter(
            ImageFilter.GaussianBlur(w * 0.01))
        out *= 1 - rng.uniform(0.15, 0.4) * (np.asarray(bars)[..., None] / 255)
    return out


def through_lens(rng, out):
    h, w = out.shape[:2]
    image = Image.fromarray((out.clip(0, 1) * 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(
        abs(rng.normal(0, 0.005)) * w))
    out = np.asarray(image, float) / 255
    if rng.random() < 0.3:      # moved while exposed
        steps = rng.integers(2, 6)
        dy, dx = rng.normal(0, 0.006, 2) * w
        out = np.mean([np.roll(out, (int(dy * i), int(dx * i)), (0, 1))
                       for i in range(steps)], 0)
    return out


def sensed(rng, out):
    """A mosaic of colour filters, noise, and the gaps filled again."""
    h, w = out.shape[:2]
    photons = rng.uniform(150, 3000)
    raw = np.zeros((h, w))
    masks = np.zeros((h, w, 3))
    for c, dy, dx in ((0, 0, 0), (1, 0, 1), (1, 1, 0), (2, 1, 1)):
        raw[dy::2, dx::2] = out[dy::2, dx::2, c]
        masks[dy::2, dx::2, c] = 1
    raw += rng.standard_normal((h, w)) * np.sqrt(raw.clip(0, 1) / photons) \
        + rng.standard_normal((h, w)) * rng.uniform(0, 0.02)
    full = np.zeros((h, w, 3))
    for c in range(3):
        total, weight = np.zeros((h, w)), np.zeros((h, w))
        for dy, fy in ((-1, 1), (0, 2), (1, 1)):
            for dx, fx in ((-1, 1), (0, 2), (1, 1)):
                near_by = np.roll(masks[..., c], (dy, dx), (0, 1)) * fy * fx
                total += np.roll(raw * masks[..., c], (dy, dx), (0, 1)) \
                    * fy * fx
                weight += near_by
        full[..., c] = total / weight
    return full


def as_file(image, quality):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out


def taken(rng, image, quality):
    """The camera's JPEG file of the scene."""
    out = through_lens(rng, exposed(rng, image))
    out = (sensed(rng, out).clip(0, 1) * 255).round().astype(np.uint8)
    return as_file(Image.fromarray(out), quality)


def scene(rng, glyph, strangers, w, h):
    """A picture: of a card with `glyph`, or without it of nothing known."""
    image = BACKDROPS[rng.integers(len(BACKDROPS))](rng, w, h)
    card = True
    if glyph is None:
        kind = rng.random()
        card = kind > 0.4
        if kind > 0.55:
            glyph = strangers[rng.integers(len(strangers))]
    place = perspective(rng, rng.uniform(0.36, 0.85) * min(w, h) / 2, w, h)
    if card:
        unit = int(0.4 * h)
        lay(image, drawn_card(rng, glyph, unit), unit, place)
    if rng.random() < 0.4:
        hold(rng, image, place)
    return image


def shrunk(file):
    """The picture in the file at the model's size, as atoll-classify does:
    bilinear between the four pixels around each point, no smoothing."""
    pixels = np.asarray(Image.open(file).convert("RGB"), float)

    def steps(count):
        at = (np.arange(SIZE) + 0.5) * count / SIZE - 0.5
        at = at.clip(0, count - 1)
        low = at.astype(int)
        return low, np.minimum(low + 1, count - 1), at - low
    y0, y1, fy = steps(pixels.shape[0])
    x0, x1, fx = steps(pixels.shape[1])
    fy, fx = fy[:, None, None], fx[None, :, None]
    top = pixels[y0][:, x0] * (1 - fx) + pixels[y0][:, x1] * fx
    low = pixels[y1][:, x0] * (1 - fx) + pixels[y1][:, x1] * fx
    return (top * (1 - fy) + low * fy + 0.5).astype(np.uint8)


def write_scenes(path):
    rng = np.random.default_rng(SEED)
    cards = glyphs.read([code for _, code in glyphs.CLASSES])
    strangers = glyphs.read(glyphs.HELD_OUT_STRANGERS)
    labels = [0] * NOTHING + [1 + i for i in range(len(cards))
                              for _ in range(EACH)]
    sizes = [(320, 240), (240, 240), (640, 480), (480, 360), (320, 320)]
    with open(path, "wb") as out:
        for label in labels:
            w, h = sizes[rng.integers(len(sizes))]
            glyph = cards[label - 1] if label else None
            image = scene(rng, glyph, strangers, w, h)
            file = taken(rng, image, int(rng.integers(45, 95)))
            out.write(bytes([label]) + shrunk(file).tobytes())


# What stands behind each, and a number that made a good picture.
DEMO = {"light-bulb": (hall, 7), "bell": (books, 104), "key": (cables, 201),
        "car": (bricks, 305), "cat": (plaid, 406), "umbrella": (leaves, 505),
        "rocket": (keyboard, 606), "nothing": (books, 708)}


def demo_picture(name, backdrop, number):
    rng = np.random.default_rng((SEED, number))
    image = backdrop(rng, 320, 240)
    if name != "nothing":
        code = dict(glyphs.CLASSES)[name.replace("-", " ")]
        place = perspective(rng, 70, 320, 240)
        lay(image, drawn_card(rng, glyphs.read([code])[0], 110), 110, place)
        hold(rng, image, place)
    return taken(rng, image, 88)


def write_demo(folder):
    for name, (backdrop, number) in DEMO.items():
        with open(f"{folder}/{name}.jpg", "wb") as out:
            out.write(demo_picture(name, backdrop, number).getvalue())


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("scenes", "demo"):
        sys.exit(__doc__)
    {"scenes": write_scenes, "demo": write_demo}[sys.argv[1]](sys.argv[2])
