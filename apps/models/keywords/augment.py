# SPDX-License-Identifier: Apache-2.0
"""Clips as they may sound in a room, to a microphone, from other throats.

All of a batch at once, in torch: placed in a window of a second, another
talker before or after, faster or slower, reverberant, coloured, in noise, loud
or faint, rounded to 16 bits, and through filters moved as by a longer or
shorter vocal tract.
"""

import numpy as np
import torch

import features

WINDOW = 16000
RIR = 4480                      # together a length that is quick to transform
SPECTRUM = WINDOW + RIR
WARPS = np.exp(np.linspace(np.log(0.80), np.log(1.25), 23))
NATURAL = 11                    # of WARPS: none


class Clips:
    """The clips of archives that voices.py made, all in one array."""

    def __init__(self, paths):
        audio, starts, ends, files, self.at = [], [], [], [], 0
        fields = {name: [] for name in ("labels", "phones", "voices",
                                        "running")}
        for number, path in enumerate(paths):
            z = np.load(path)
            files.append(np.full(len(z["ends"]), number))
            end = z["ends"].astype(np.int64)
            audio.append(z["audio"])
            ends.append(end + self.at)
            starts.append(np.concatenate([[0], end[:-1]]) + self.at)
            self.at += len(audio[-1])
            for name, parts in fields.items():
                parts.append(z[name])
        self.audio = torch.from_numpy(np.concatenate(audio))
        self.start = torch.from_numpy(np.concatenate(starts))
        self.length = torch.from_numpy(np.concatenate(ends)) - self.start
        self.files = np.concatenate(files)
        for name, parts in fields.items():
            setattr(self, name, np.concatenate(parts))


class Rooms:
    """Impulse responses and noises made by program, transforms and filters."""

    def __init__(self, clips, talk, seed):
        """`talk`: indices of clips that make the babble."""
        self.rng = torch.Generator().manual_seed(seed)
        self.responses = torch.stack([self.response() for _ in range(200)])
        self.noises = torch.stack(
            [self.noise(i) for i in range(60)]
            + [self.tones() for _ in range(30)]
            + [self.babble(clips, talk) for _ in range(40)])
        self.wordless = len(self.noises) - 40
        bank = np.stack([features.filters(w) for w in WARPS])
        self.filters = torch.from_numpy(bank).float()
        self.hann = torch.from_numpy(features.hann()).float()

    def uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=self.rng)

    def response(self):
        """The transform of a room's echo: a direct sound, then a decaying one."""
        t = torch.arange(RIR) / 16000.0
        decay = float(self.uniform(0.08, 0.6))
        tail = torch.randn(RIR, generator=self.rng) * torch.exp(-6.9 * t / decay)
        tail *= (torch.rand(RIR, generator=self.rng)
                 < (0.05 + t * 20).clamp(max=1))
        tail[:int(self.uniform(16, 120))] = 0
        # Walls swallow the highs.
        shade = float(self.uniform(0, 0.8))
        tail[1:] = tail[1:] * (1 - shade) + tail[:-1] * shade
        ratio = 10 ** (float(self.uniform(-3, 18)) / 20)
        h = tail / tail.norm().clamp(min=1e-6) / ratio
        h[0] = 1
        return torch.fft.rfft(h, SPECTRUM)

    def noise(self, i, seconds=20):
        """Noise of a random colour; some of it swells, hums, or clicks."""
        n = 16000 * seconds
        f = torch.fft.rfftfreq(n, 1 / 16000)
        tilt = float(self.uniform(-0.2, 1.4))
        shape = (f + 20) ** -tilt
        for _ in range(3):
            centre, width = self.uniform(4, 9, 1), self.uniform(0.2, 1.0, 1)
            bump = self.uniform(-1.5, 1.5, 1)
            shape = shape * torch.exp(
                bump * torch.exp(-((f + 1).log() - centre) ** 2 / width))
        phase = torch.randn(len(f), 2, generator=self.rng)
        x = torch.fft.irfft(torch.view_as_complex(phase) * shape, n)
        x = x / x.std()
        t = torch.arange(n) / 16000.0
        if i % 3 == 1:
            slow = torch.randn(1, 1, seconds * 4, generator=self.rng)
            slow = torch.nn.functional.interpolate(slow, size=n, mode="linear")
            x = x * torch.exp(slow[0, 0])
        if i % 5 == 2:
            base = float(self.uniform(45, 400))
            for k in range(1, 6):
                x = x + float(self.uniform(0, 1.5)) / k * torch.sin(
                    6.2832 * base * k * t)
        if i % 5 == 3:
            hits = torch.rand(n, generator=self.rng) < 3 / 16000
            strike = torch.exp(-torch.arange(1600) / float(
                self.uniform(20, 300))) * torch.randn(1600, generator=self.rng)
            x = x * 0.3
            for at in hits.nonzero()[:, 0].tolist():
                room = min(1600, n - at)
                x[at:at + room] += strike[:room] * float(self.uniform(2, 12))
        return (x / x.std() * 2000).clamp(-32767, 32767).short()

    def tones(self, seconds=20):
        """Notes, one or three at once, that begin, glide, buzz, and die away; or
        signals, of few pitches that neither glide nor die."""
        n = 16000 * seconds
        x = torch.zeros(n)
        at = 0
        pitches = self.uniform(2.2, 3.5, int(self.uniform(1, 5)))
        signals = float(self.uniform(0, 1)) < 0.4
        while at < n:
            count = min(int(10 ** float(self.uniform(3.0, 4.5))), n - at)
            t = torch.arange(count) / 16000.0
            fade = torch.exp(-t * 10 ** float(self.uniform(-1, 1.5)))
            for _ in range(int(self.uniform(1, 4))):
                f = 10 ** float(self.uniform(1.8, 3.4))
                glide = float(self.uniform(-1, 1)) * float(self.uniform(0, 1))
                if signals:
                    f = 10 ** float(pitches[int(self.uniform(0, len(pitches)))])
                    glide, fade = 0.0, torch.ones(count)
                note = torch.sin(6.2832 * f * (t + glide * t * t))
                sharp = 10 ** float(self.uniform(-1, 1.5))
                x[at:at + count] += fade * torch.tanh(note * sharp)
            at += int(count * float(self.uniform(0.5, 1.5)))
        x += torch.randn(n, generator=self.rng) * float(self.uniform(0, 0.05))
        return (x / x.std() * 2000).clamp(-32767, 32767).short()

    def babble(self, clips, talk, seconds=20):
        n = 16000 * seconds
        x = torch.zeros(n)
        for _ in range(int(self.uniform(1, 7))):
            at = 0
            while at < n:
                i = int(talk[int(torch.randint(len(talk), (1,),
                                               generator=self.rng))])
                part = clips.audio[clips.start[i]:clips.start[i]
                                   + clips.length[i]].float()[:n - at]
                x[at:at + len(part)] += part / part.std().clamp(min=1)
                at += len(part) + int(self.uniform(0, 8000))
        return (x / x.std() * 2000).clamp(-32767, 32767).short()

    def placed(self, clips, index, start, speed):
        """[B, WINDOW]: each clip read at `speed` from sample `start` on."""
        t = (torch.arange(WINDOW)[None] - start[:, None]) * speed[:, None]
        length = clips.length[index][:, None]
        inside = (t >= 0) & (t < length - 1)
        t = torch.where(inside, t, torch.zeros(()))
        whole = t.floor().long()
        part = t - whole
        at = whole + clips.start[index][:, None]
        x = (clips.audio[at].float() * (1 - part)
             + clips.audio[at + 1].float() * part)
        return x * inside / 32768

    def colours(self, count):
        """[count, bins]: the gain of a microphone, and where its band ends."""
        f = torch.fft.rfftfreq(SPECTRUM, 1 / 16000)
        mels = torch.log(1 + f / 700)[None] / np.log(1 + 8000 / 700)
        gain = torch.zeros(count, len(f))
        for k in range(1, 5):
            gain += self.uniform(-4, 4, count, 1) * torch.cos(
                np.pi * k * mels + self.uniform(0, 6.28, count, 1))
        gain = 10 ** (gain / 20)
        high = self.uniform(20, 350, count, 1)
        low = self.uniform(3000, 9000, count, 1)
        return gain / torch.sqrt(1 + (high / (f + 1)) ** 4) \
            / torch.sqrt(1 + (f / low) ** 8)

    def heard(self, clips, index, start, speed, other, other_start, warp,
              clean):
        """[B, 49, 40], as the model gets it but in floats.

        `other` is -1 or a second clip; `clean` is the share of the batch that
        stays as it was recorded.
        """
        count = len(index)
        x = self.placed(clips, index.clamp(min=0), start, speed)
        x = x * (index >= 0)[:, None]
        if (other >= 0).any():
            loud = self.uniform(0.3, 1.2, count, 1) * (other >= 0)[:, None]
            x = x + loud * self.placed(clips, other.clamp(min=0), other_start,
                                       self.uniform(0.9, 1.15, count))
        changed = (torch.rand(count, 1, generator=self.rng) >= clean).float()

        spectrum = torch.fft.rfft(x, SPECTRUM)
        pick = torch.randint(len(self.responses), (count,), generator=self.rng)
        echo = (torch.rand(count, 1, generator=self.rng) < 0.6) * changed > 0
        spectrum = torch.where(echo, spectrum * self.responses[pick], spectrum)
        colour = torch.where(changed > 0, self.colours(count), torch.ones(()))
        x = torch.fft.irfft(spectrum * colour, SPECTRUM)[:, :WINDOW]

        peak = x.abs().amax(1, keepdim=True)
        x = x / peak.clamp(min=1e-4) * (index >= 0)[:, None]
        loud = (x ** 2).sum(1, keepdim=True) / (x.abs() > 0.02).sum(
            1, keepdim=True).clamp(min=800)
        pick = torch.randint(len(self.noises), (count,), generator=self.rng)
        # Where nobody is to speak, nobody babbles either.
        pick = torch.where(index >= 0, pick, pick % self.wordless)
        at = torch.randint(self.noises.shape[1] - WINDOW, (count, 1),
                           generator=self.rng)
        noise = self.noises[pick[:, None], at + torch.arange(WINDOW)] / 2000.0
        ratio = torch.where(torch.rand(count, 1, generator=self.rng) < 0.7,
                            self.uniform(3, 30, count, 1),
                            self.uniform(30, 70, count, 1))
        ratio = torch.where(changed > 0, ratio, self.uniform(25, 60, count, 1))
        loud = torch.where(index[:, None] >= 0, loud.sqrt(),
                           torch.ones(()) * 0.1)
        x = x + noise * loud * 10 ** (-ratio / 20)
        x = x * 10 ** (self.uniform(-40, 8, count, 1) / 20)
        x = (x * 32768).round().clamp(-32768, 32767) / 32768
        return self.features(x, warp)

    def logs(self, x, warp):
        frames = x.unfold(1, features.FRAME, features.HOP) * self.hann
        magnitudes = torch.fft.rfft(frames, features.FFT).abs()
        return torch.log(torch.bmm(magnitudes, self.filters[warp])
                         + features.FLOOR)

    def features(self, x, warp):
        logs = self.logs(x[:, :features.WINDOW_SAMPLES], warp)
        steps = (logs - logs.mean(1, keepdim=True)) * features.STEPS
        return steps.add(0.5).floor().clamp(-128, 127) / features.STEPS
