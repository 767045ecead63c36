# SPDX-License-Identifier: Apache-2.0
"""Training scenes: a card before a backdrop, seen by a poor camera.

A whole batch is drawn at once at the size the model sees. For each pixel
the way back through the perspective gives its place on the card's plane,
where the pictogram reaches from -1 to 1; cover, colour and light follow
from that place.

    scenes = Scenes(seed=1, nothing=0.2, strangers=glyphs.STRANGERS)
    images, labels = scenes.batch(64)   # uint8 [64, 3, 96, 96], int64 [64]
"""

import math

import torch
import torch.nn.functional as F

import backdrops
import glyphs
from glyphs import SIZE

BACKDROPS = 6000
TILT = math.radians(38)         # a little more than is promised
ROLL = math.radians(42)


class Scenes:
    def __init__(self, seed, nothing, strangers):
        """`nothing` is the share of scenes without a card of ours."""
        self.rng = torch.Generator().manual_seed(seed)
        self.nothing, self.strangers = nothing, len(strangers)
        self.backdrops = torch.from_numpy(backdrops.pool(BACKDROPS, seed))
        codes = [code for _, code in glyphs.CLASSES] + strangers
        self.levels = self.blurred(torch.from_numpy(glyphs.read(codes)))
        ramp = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
        self.y, self.x = torch.meshgrid(ramp, ramp, indexing="ij")

    # Numbers, one per scene.

    def uniform(self, n, low, high, *shape):
        return torch.rand(n, *shape, generator=self.rng) * (high - low) + low

    def normal(self, n, *shape):
        return torch.randn(n, *shape, generator=self.rng)

    def chance(self, n, p):
        return torch.rand(n, generator=self.rng) < p

    def below(self, n, limit):
        return torch.randint(limit, (n,), generator=self.rng)

    # Parts of a scene.

    @staticmethod
    def blurred(glyph):
        """[n, 4, ...] becomes [3, n, 4, ...]: sharp, soft, softer.

        A camera picture shrunk to 96 pixels by picking points is sharp and
        jagged; a small or unsharp one is neither. The model meets both.
        """
        levels = [glyph]
        for sigma in (1.3, 2.6):
            reach = 6
            line = torch.exp(-(torch.arange(-reach, reach + 1.0) / sigma) ** 2
                             / 2)
            line = (line / line.sum()).expand(4, 1, 1, -1)
            soft = F.conv2d(glyph, line, padding=(0, reach), groups=4)
            levels.append(F.conv2d(soft, line.transpose(2, 3),
                                   padding=(reach, 0), groups=4))
        return torch.stack(levels)

    def behind(self, n):
        """Backdrops, each turned, moved and scaled by chance."""
        angle = self.uniform(n, -math.pi, math.pi)
        scale = self.uniform(n, 0.25, 1.0)
        turn = torch.stack([
            scale * torch.cos(angle), -scale * torch.sin(angle),
            self.uniform(n, -0.5, 0.5),
            scale * torch.sin(angle), scale * torch.cos(angle),
            self.uniform(n, -0.5, 0.5)], 1).view(n, 2, 3)
        turn[::2] = torch.eye(2, 3)     # every other one as it was drawn
        grid = F.affine_grid(turn, (n, 3, SIZE, SIZE), align_corners=False)
        flat = self.backdrops[self.below(n, len(self.backdrops))].float() / 255
        return F.grid_sample(flat, grid, padding_mode="reflection",
                             align_corners=False)

    def way_back(self, n):
        """Where each pixel lies on the card's plane: u, v [n, SIZE, SIZE].

        Also the picture's middle and half size, both in units of half a
        frame.
        """
        size = torch.exp(self.uniform(n, math.log(0.33), math.log(0.95)))
        room = (1.08 - 0.8 * size).clamp(min=0.05)[:, None]
        middle = self.uniform(n, -1, 1, 2) * room
        yaw, pitch = (self.normal(n) * TILT / 2 for _ in range(2))
        yaw, pitch = yaw.clamp(-TILT, TILT), pitch.clamp(-TILT, TILT)
        roll = (self.normal(n) * ROLL / 2).clamp(-ROLL, ROLL)
        away = self.uniform(n, 3, 8)    # small is near: strong perspective
        wide = torch.exp(self.normal(n) * 0.12).clamp(0.75, 1.33)

        cy, sy, cp, sp = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()
        cr, sr = roll.cos(), roll.sin()
        # The card's two axes in space, after roll, then pitch, then yaw.
        right = torch.stack([cy * cr + sy * sp * sr, cp * sr,
                             -sy * cr + cy * sp * sr], 1)
        down = torch.stack([-cy * sr + sy * sp * cr, cp * cr,
                            sy * sr + cy * sp * cr], 1)
        lens = size * away
        origin = torch.stack([middle[:, 0] * away / lens,
                              middle[:, 1] * away / lens, away], 1)
        forth = torch.stack([right, down, origin], 2)
        forth[:, 0] *= (lens * wide)[:, None]
        forth[:, 1] *= (lens / wide)[:, None]
        a, b, c = forth.unbind(1)
        back = torch.stack([torch.cross(b, c, dim=1), torch.cross(c, a, dim=1),
                            torch.cross(a, b, dim=1)], 2)
        pixels = torch.stack([self.x, self.y, torch.ones_like(self.x)], 0)
        place = (back @ pixels.view(3, -1)).view(n, 3, SIZE, SIZE)
        # Which side of the vanishing line we are on: that of the middle.
        hold = (back @ torch.cat([forth[:, :2, 2] / forth[:, 2:, 2],
                                  torch.ones(n, 1)], 1)[..., None])[:, 2]
        depth = place[:, 2] * hold.sign()[:, :, None]
        depth = depth.clamp(min=1e-3 * float(depth.abs().mean()))
        uv = place[:, :2] * hold.sign()[:, :, None, None] / depth[:, None]
        return uv[:, 0], uv[:, 1], middle, size

    def card_colours(self, n):
        """White paper mostly, some tinted, some dark like a screen."""
        pick = torch.rand(n, generator=self.rng)
        white = 1 - self.uniform(n, 0, 0.12) [:, None] \
            - self.uniform(n, 0, 0.05, 3)
        tint = self.uniform(n, 0.5, 1.0, 3)
        dark = self.uniform(n, 0, 0.15)[:, None] + self.uniform(n, 0, 0.05, 3)
        anything = self.uniform(n, 0, 1, 3)
        pick = pick[:, None]
        out = torch.where(pick < 0.6, white, tint)
        out = torch.where((pick > 0.78) & (pick < 0.92), dark, out)
        return torch.where(pick >= 0.92, anything, out)

    def card(self, image, u, v, size, shown):
        """Lays a card on the image where `shown`."""
        n = len(image)
        half_u = self.uniform(n, 1.0, 1.7)
        half_v = self.uniform(n, 1.0, 1.7)
        tall = self.chance(n, 0.2)
        half_u = torch.where(tall, self.uniform(n, 1.02, 1.2), half_u)
        half_v = torch.where(tall, self.uniform(n, 1.6, 2.4), half_v)
        huge = self.chance(n, 0.15)[:, None, None] * 8.0
        corner = self.uniform(n, 0, 0.3)[:, None, None]
        off = self.normal(n, 2) * 0.06

        du = (u - off[:, :1, None]).abs() - half_u[:, None, None] - huge
        dv = (v - off[:, 1:, None]).abs() - half_v[:, None, None] - huge
        du, dv = du + corner, dv + corner
        outside = torch.sqrt(du.clamp(min=0) ** 2 + dv.clamp(min=0) ** 2 + 1e-8)
        far = outside + torch.maximum(du, dv).clamp(max=0) - corner

        sharp = (size * SIZE / 2)[:, None, None]        # pixels per unit
        shown = shown[:, None, None]
        shadow = torch.sigmoid(-far * self.uniform(n, 4, 20)[:, None, None])
        shadow = shadow * self.uniform(n, -0.4, 0.6).clamp(min=0)[:, None, None]
        image = image * (1 - (shadow * shown)[:, None])

        cover = (0.5 - far * sharp).clamp(0, 1) * shown
        edge = self.uniform(n, -0.15, 0.15)[:, None, None]
        frame = (0.5 + (far + edge.clamp(min=0)) * sharp).clamp(0, 1) \
            * (edge > 0)
        paper = self.card_colours(n)[:, :, None, None]
        ink = self.uniform(n, 0, 1, 3)[:, :, None, None]
        ink = torch.where(self.chance(n, 0.5)[:, None, None, None],
                          ink * 0.2, ink)
        shade = 1 + self.uniform(n, -0.06, 0.06)[:, None, None] * u.clamp(-2, 2)
        face = (paper + (ink - paper) * frame[:, None]) * shade[:, None]
        return image + (face - image) * cover[:, None]

    def picture(self, image, u, v, index, shown):
        level = self.below(len(index), 3)
        grid = torch.stack([u, v], 3).clamp(-4, 4)
        glyph = F.grid_sample(self.levels[level, index], grid,
                              align_corners=False)
        glyph = glyph * shown[:, None, None, None]
        # A printer short of colour, or a screen with too much of it.
        grey = glyph[:, :3].mean(1, keepdim=True)
        rich = self.uniform(len(index), 0.5, 1.25)[:, None, None, None]
        paint = (grey + (glyph[:, :3] - grey) * rich).clamp(min=0)
        return image * (1 - glyph[:, 3:]) + paint

    def fingers(self, image, middle, size):
        """A finger, or something of another colour, over an edge."""
        n = len(image)
        shown = self.chance(n, 0.35)
        angle = self.uniform(n, -math.pi, math.pi)
        reach = size * self.uniform(n, 0.65, 1.3)
        lean = angle + self.uniform(n, -0.5, 0.5)
        tip_x = middle[:, 0] + reach * angle.cos()
        tip_y = middle[:, 1] + reach * angle.sin()
        dx = self.x - tip_x[:, None, None]
        dy = self.y - tip_y[:, None, None]
        cx, cy = lean.cos()[:, None, None], lean.sin()[:, None, None]
        along = (dx * cx + dy * cy).clamp(min=0)
        wide = (size * self.uniform(n, 0.12, 0.3))[:, None, None]
        far = torch.sqrt((dx - along * cx) ** 2 + (dy - along * cy) ** 2) - wide
        cover = (0.5 - far * SIZE / 2).clamp(0, 1) * shown[:, None, None]
        light = self.uniform(n, 0.25, 0.95)
        skin = torch.stack([light, light * self.uniform(n, 0.68, 0.82),
                            light * self.uniform(n, 0.5, 0.72)], 1)
        fill = torch.where(self.chance(n, 0.7)[:, None], skin,
                           self.uniform(n, 0, 1, 3))[:, :, None, None]
        round_off = 1 - 0.3 * ((far + wide) / wide).clamp(0, 1) ** 2
        return image + (fill * round_off[:, None] - image) * cover[:, None]

    # What light, lens and sensor do to it.

    def light(self, image):
        n = len(image)

        def column(values):
            return values[:, None, None]

        angle = self.uniform(n, -math.pi, math.pi)
        plane = self.x * column(angle.cos()) + self.y * column(angle.sin())
        ramp = 1 + column(self.normal(n) * 0.2).clamp(-0.5, 0.5) * plane
        edge = torch.sigmoid((plane - column(self.uniform(n, -0.8, 0.8)))
                             * column(self.uniform(n, 3, 60)))
        depth = column(self.uniform(n, 0.2, 0.55) * self.chance(n, 0.2))
        ramp = ramp * (1 - depth * edge)
        corner = column(self.uniform(n, -0.15, 0.3).clamp(min=0))
        ramp = ramp * (1 - corner * (self.x ** 2 + self.y ** 2) / 2)
        gain = torch.exp(self.normal(n) * 0.3).clamp(0.35, 1.6)
        warmth = self.normal(n) * 0.12
        tint = torch.stack([gain * torch.exp(warmth),
                            gain * torch.exp(self.normal(n) * 0.04),
                            gain * torch.exp(-warmth)], 1)
        image = image * ramp[:, None] * tint[:, :, None, None]

        gx, gy = self.uniform(n, -1, 1), self.uniform(n, -1, 1)
        spot = torch.exp(-((self.x - column(gx)) ** 2
                           + (self.y - column(gy)) ** 2)
                         / column(self.uniform(n, 0.01, 0.2)))
        glare = column(self.uniform(n, 0.2, 0.8) * self.chance(n, 0.12))
        haze = column(self.uniform(n, -0.2, 0.2).clamp(min=0))
        image = image + (glare * spot + haze * 0.5)[:, None]
        bend = torch.exp(self.normal(n) * 0.2)[:, None, None, None]
        image = image.clamp(1e-4, 1) ** bend
        grey = image.mean(1, keepdim=True)
        rich = torch.where(self.chance(n, 0.06), torch.zeros(n),
                           self.uniform(n, 0.5, 1.3))[:, None, None, None]
        return grey + (image - grey) * rich

    def blur(self, image):
        """Out of focus by the short axis, moved by the long one."""
        n, reach = len(image), 3
        short = self.uniform(n, -0.6, 1.1).clamp(min=0.2)
        long = short + self.uniform(n, -3, 2).clamp(min=0)
        angle = self.uniform(n, 0, math.pi)[:, None, None]
        ramp = torch.arange(-reach, reach + 1.0)
        y, x = torch.meshgrid(ramp, ramp, indexing="ij")
        along = x * angle.cos() + y * angle.sin()
        beside = y * angle.cos() - x * angle.sin()
        kernel = torch.exp(-(along / long[:, None, None]) ** 2 / 2
                           - (beside / short[:, None, None]) ** 2 / 2)
        kernel = kernel / kernel.sum((1, 2), keepdim=True)
        kernel = kernel.repeat_interleave(3, 0)[:, None]
        wide = F.pad(image.reshape(1, n * 3, SIZE, SIZE), (reach,) * 4,
                     mode="replicate")
        return F.conv2d(wide, kernel, groups=n * 3).view(n, 3, SIZE, SIZE)

    def sensor(self, image):
        n = len(image)
        read = self.uniform(n, -0.05, 0.08).clamp(min=0)[:, None, None, None]
        noise = self.normal(n, 3, SIZE, SIZE)
        return image + noise * read * (0.5 + image)

    def compress(self, image):
        """The loss of a JPEG file, the same for the whole batch."""
        if torch.rand((), generator=self.rng) < 0.6:
            return image
        k = torch.arange(8.0)
        waves = torch.cos((2 * k + 1) * k[:, None] * math.pi / 16) / 2
        waves[0] /= math.sqrt(2)
        step = (1 + k + k[:, None]) * float(self.uniform(1, 0.003, 0.03))
        tiles = image.view(-1, SIZE // 8, 8, SIZE // 8, 8).transpose(2, 3)
        kept = torch.round(waves @ tiles @ waves.T / step) * step
        return (waves.T @ kept @ waves).transpose(2, 3).reshape(image.shape)

    def batch(self, n):
        ours = torch.rand(n, generator=self.rng) >= self.nothing
        index = self.below(n, len(glyphs.CLASSES))
        label = torch.where(ours, index + 1, torch.zeros_like(index))
        strange = len(glyphs.CLASSES) + self.below(n, self.strangers)
        index = torch.where(ours, index, strange)
        # Nothing is a bare backdrop, an empty card, or a stranger's.
        kind = torch.rand(n, generator=self.rng)
        has_card = (ours & (kind > 0.04)) | (~ours & (kind > 0.4))
        has_picture = ours | (kind > 0.5)

        u, v, middle, size = self.way_back(n)
        image = self.behind(n)
        image = self.card(image, u, v, size, has_card)
        image = self.picture(image, u, v, index, has_picture)
        image = self.fingers(image, middle, size)
        image = self.light(image)
        image = torch.cat([self.blur(image[:n // 2]), image[n // 2:]])
        image = self.sensor(image)
        image = self.compress(image)
        return (image * 255).round().clamp(0, 255).to(torch.uint8), label
