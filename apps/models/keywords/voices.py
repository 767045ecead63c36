#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Speech to learn from and to be judged by, as clips of 16 kHz.

    voices.py WORK DATA

Lets Debian's synthesisers speak into WORK/speech.npz and collects the
recordings of people in DATA (fsdd.tar, human-speech.tar) and in a few of Debian's
packages into WORK/human.npz.
Each archive holds `audio` (all clips one after the other, int16), `ends` (where
each stops), `labels` (index in words.LABELS), `phones` (a text for each) and
`voices` (its voice: "espeak-ng/en-us+f2", "person/theo", ...), and
`running` where the clip is longer than a word. Silence before and after is cut.
"""

import ctypes
import glob
import io
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import wave

import numpy as np
import scipy.signal

import words

RATE = 16000
SEED = 5

# Never trained on: two people, and voices of each synthesiser.
HELD_PEOPLE = ["nicolas", "theo"]
HELD_VOICES = ["flite/rms", "festival/ked_diphone"]
# People in Debian's packages, each with the words one says and in which file.
PROMPTS = {
    "allison": ("/usr/share/asterisk/sounds/en_US_f_Allison/digits/{}.wav",
                {str(i): word for i, word in enumerate(words.KEYWORDS[10:])}),
    "csmash": ("/usr/share/games/csmash/wav/{}.wav",
               {word: word for word in words.KEYWORDS[10:]}),
    "alsa": ("/usr/share/sounds/alsa/{}.wav",
             {f"{place}_{side}": side.lower() for side in ("Left", "Right")
              for place in ("Front", "Rear", "Side")}),
}
HELD_VARIANTS = ["f5", "m7", "Andy", "linda", "caleb", "steph2", "klatt4",
                 "grandma", "Mario", "iven3"]


def held(voice):
    """Is this voice for testing only?"""
    return (voice in HELD_VOICES or voice[7:] in HELD_PEOPLE
            or voice.startswith("prompt/")
            or voice.split("+")[-1] in HELD_VARIANTS or "scotland" in voice)


def held_clip(i):
    """Is the i-th recording of people who say none of our words?"""
    return i % 4 == 0


ACCENTS = ["en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-029",
           "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc"]
ROBOTS = re.compile("robo|Robot|Demonic|whisper|serious|Tweaky|croak|fast")
VARIANTS = "/usr/lib/*/espeak-ng-data/voices/!v/*"

FLITE = ["kal", "kal16", "awb", "rms", "slt"]
# Voices whose terms let everyone use what they say.
RHVOICE = {"alan": "en", "bdl": "en", "clb": "en", "slt": "en",
           "aleksandr": "ru", "aleksandr-hq": "ru", "anna": "ru", "elena": "ru",
           "irina": "ru", "anatol": "uk", "natalia": "uk",
           "spomenka": "eo", "azamat": "ky", "nazgul": "ky", "kiko": "mk"}
FESTIVAL = {"kal_diphone": "en", "ked_diphone": "en",
            "cmu_us_slt_arctic_hts": "en", "lp_diphone": "it",
            "pc_diphone": "it", "suo_fi_lj_diphone": "fi",
            "hy_fi_mv_diphone": "fi", "czech_dita": "cs", "czech_krb": "cs",
            "czech_machac": "cs", "czech_ph": "cs", "upc_ca_ona_hts": "ca",
            "msu_ru_nsh_clunits": "ru"}
ENCODINGS = {"cs": "iso-8859-2", "it": "latin-1", "ca": "latin-1",
             "fi": "latin-1"}

FORTUNES = "/usr/share/games/fortunes/*"
WORD = "[a-z]+(?:'[a-z]+)*"
FOR_TESTS, FOR_TRAINING = 0, 2       # of three parts

# espeak-ng's English phonemes, merged to those that matter here.
PHONES = ["-", "i", "I", "E", "a", "A", "V", "O", "U", "u", "3", "@", "eI",
          "aI", "OI", "aU", "oU", "p", "b", "t", "d", "k", "g", "f", "v", "T",
          "D", "s", "z", "S", "Z", "tS", "dZ", "m", "n", "N", "l", "r", "w",
          "j", "h"]
MERGED = {"i:": "i", "I2": "I", "e": "E", "aa": "a", "a#": "@", "A:": "A",
          "A@": "A", "A~": "A", "0": "A", "O2": "A", "O:": "O", "O@": "O",
          "o@": "O", "u:": "u", "U@": "u", "3:": "3", "@2": "@", "@5": "@",
          "i@": "i @", "i@3": "i @", "e@": "E @", "aI@": "aI @", "aI3": "aI 3",
          "aU@": "aU @", "@L": "@ l", "@-": "", "t2": "t", "t#": "t",
          "d#": "d", "l#": "l", "n-": "@ n", "r-": "r", "z/2": "z", "x": "k",
          "L": "l", "?": "", "u": "u", "E2": "E", "I#": "I", "R": "r",
          "o": "oU", "R2": "r", "z#": "z", "h#": "h", "w#": "w", "E#": "E",
          "@3": "@", "o:": "O", "oU#": "oU", "n^": "n j", "l^": "l", "*": "r",
          "**": "r", "B": "b", "Q": "g", "s2": "s", "a2": "a"}


def merged(text):
    """espeak-ng's phonemes, separated by _ and blanks, as names of PHONES."""
    out = []
    for phone in re.split(r"[_ \n]+", text):
        phone = re.sub(r"[',;|!%=]", "", phone)
        if phone and phone not in PHONES:
            if phone not in MERGED:
                return ""
            phone = MERGED[phone]
        out += phone.split()
    return " ".join(out)


def transcribed(texts, voice):
    got = subprocess.run(["espeak-ng", "-q", "-x", "--sep=_", "-v", voice],
                         input="\n\n".join(texts), text=True, check=True,
                         capture_output=True).stdout
    lines = [line for line in got.split("\n") if line.strip()]
    if len(lines) != len(texts):
        raise RuntimeError(f"{voice}: {len(texts)} texts, {len(lines)} lines")
    return dict(zip(texts, map(merged, lines)))


def trimmed(x, rate, faint=3e-5):
    """Mono floats at 16 kHz, largest 0.5, ends cut off where the power is below
    the `faint` part of the largest. A small part: f and th are 40 dB below vowels."""
    x = x.astype(np.float64)
    if rate != RATE:
        factor = np.gcd(rate, RATE)
        x = scipy.signal.resample_poly(x, RATE // factor, rate // factor)
    x = x - x.mean() if len(x) else x
    frames = len(x) // 160
    if frames < 8:
        return None
    if faint:
        power = (x[:frames * 160].reshape(frames, 160) ** 2).mean(1)
        power = np.convolve(power, np.ones(3) / 3, "same")
        loud = np.flatnonzero(power > power.max() * faint)
        x = x[max(loud[0] - 2, 0) * 160:min(loud[-1] + 3, frames) * 160]
    if len(x) < 1280:
        return None
    return (x / np.abs(x).max() * 16384).astype(np.int16)


def read_wave(file, faint=3e-5):
    with wave.open(file) as w:
        x = np.frombuffer(w.readframes(w.getnframes()), np.int16)
        return trimmed(x[::w.getnchannels()], w.getframerate(), faint)


class Espeak:
    """libespeak-ng, which speaks a word in milliseconds."""

    def __init__(self):
        self.lib = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self.lib.espeak_Initialize(2, 0, None, 0)
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short),
                                ctypes.c_int, ctypes.c_void_p)
        self.callback = kind(self.heard)
        self.lib.espeak_SetSynthCallback(self.callback)
        self.parts = []

    def heard(self, samples, count, _events):
        if samples and count:
            self.parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, voice, text, rate, pitch, span):
        if self.lib.espeak_SetVoiceByName(voice.encode()):
            return None
        for parameter, value in ((1, rate), (3, pitch), (4, span)):
            self.lib.espeak_SetParameter(parameter, value, 0)
        self.parts = []
        text = text.encode()
        self.lib.espeak_Synth(text, len(text) + 1, 0, 0, 0, 1, None, None)
        self.lib.espeak_Synchronize()
        if not self.parts:
            return None
        return trimmed(np.concatenate(self.parts), self.rate)


class RHVoice:
    """libRHVoice: its program would load the voices anew for each word."""

    class Callbacks(ctypes.Structure):
        rate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
        play = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short),
                                ctypes.c_uint, ctypes.c_void_p)
        _fields_ = [("set_sample_rate", rate), ("play_speech", play),
                    ("others", ctypes.c_void_p * 7)]

    class Parameters(ctypes.Structure):
        _fields_ = [("voice", ctypes.c_char_p), ("absolute", ctypes.c_double * 3),
                    ("relative", ctypes.c_double * 3), ("marks", ctypes.c_int),
                    ("mark_list", ctypes.c_char_p), ("capitals", ctypes.c_int),
                    ("flags", ctypes.c_int)]

    def __init__(self):
        class Init(ctypes.Structure):
            _fields_ = [("data", ctypes.c_char_p), ("config", ctypes.c_char_p),
                        ("resources", ctypes.c_void_p),
                        ("callbacks", RHVoice.Callbacks),
                        ("options", ctypes.c_uint)]

        self.lib = ctypes.CDLL("libRHVoice.so.5")
        for name in ("new_tts_engine", "new_message"):
            getattr(self.lib, f"RHVoice_{name}").restype = ctypes.c_void_p
        self.rate, self.parts = 0, []
        self.callbacks = RHVoice.Callbacks(RHVoice.Callbacks.rate(self.rated),
                                           RHVoice.Callbacks.play(self.heard))
        self.engine = ctypes.c_void_p(self.lib.RHVoice_new_tts_engine(
            ctypes.byref(Init(b"/usr/share/RHVoice", b"/etc/RHVoice", None,
                              self.callbacks, 0))))
        if not self.engine:
            raise RuntimeError("libRHVoice: no voices")

    def rated(self, rate, _user):
        self.rate = rate
        return 1

    def heard(self, samples, count, _user):
        self.parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 1

    def say(self, voice, text, rate, pitch):
        """`rate` and `pitch`: 1 is as the voice likes it."""
        parameters = RHVoice.Parameters(
            voice.encode(), (0, 0, 0), (rate, pitch, 1))
        text = text.encode()
        message = ctypes.c_void_p(self.lib.RHVoice_new_message(
            self.engine, text, len(text), 0, ctypes.byref(parameters), None))
        if not message:
            return None
        self.parts = []
        self.lib.RHVoice_speak(message)
        self.lib.RHVoice_delete_message(message)
        if not self.parts:
            return None
        return trimmed(np.concatenate(self.parts), self.rate)


def sentences(part):
    """A third of what people wrote, without our words and those that sound the same,
    in an order of its own."""
    texts = []
    for path in sorted(glob.glob(FORTUNES)):
        if not path.endswith((".dat", ".u8")):
            with open(path, encoding="utf-8") as file:
                texts += file.read().split("\n%\n")
    random.Random(SEED).shuffle(texts)
    texts = [t for t in (" ".join(text.split()) for text in texts)
             if re.fullmatch(r"[A-Za-z ,.;:!?'\"()-]{40,300}", t)]
    ours = set(words.KEYWORDS)
    for accent in ("en-us", "en-gb"):
        said = sorted({w for t in texts for w in re.findall(WORD, t.lower())})
        sounds = transcribed(said, accent)
        same = {sounds.get(w) for w in words.KEYWORDS}
        ours |= {w for w in said if sounds[w] in same}
    return [re.sub(f"(?i:{WORD})", lambda m: "" if m[0].lower() in ours else m[0], t)
            for t in texts[part::3]]


def sentence(rng, vocabulary):
    """One that somebody wrote, or words in a row, some of them near to ours."""
    if rng.random() < 0.5:
        return rng.choice(vocabulary["sentences"])
    listed = vocabulary["running"] * 5 + vocabulary["others"] + vocabulary["near"]
    return " ".join(rng.choice(listed) for _ in range(rng.randint(8, 14)))


def spoken_by_espeak(job):
    """Clips of one voice: every keyword, other words, running speech."""
    voice, seed, keyword_times, others, sentences, vocabulary = job
    rng, espeak, clips = random.Random(seed), Espeak(), []
    name = f"espeak-ng/{voice}"

    def say(text, label, running=False):
        x = espeak.say(voice, text + rng.choice(["", ".", "!", "?"]),
                       rng.randint(110, 240), rng.randint(15, 85),
                       rng.randint(10, 90))
        if x is not None:
            clips.append((x, label, "" if running else text, name, running))

    for _ in range(keyword_times):
        for i, word in enumerate(words.KEYWORDS):
            say(word, words.FIRST + i)
    for word in rng.sample(vocabulary["others"], others):
        say(word, words.UNKNOWN)
    for _ in range(others // 2):
        say(rng.choice(vocabulary["near"]), words.UNKNOWN)
    for _ in range(sentences):
        say(sentence(rng, vocabulary), words.UNKNOWN, True)
    return clips


def planned(rng, language, vocabulary, times):
    """What a voice is to say, its label, and the words that are said, if known."""
    plan = []
    if language == "en":
        for _ in range(times):
            plan += [(w, words.FIRST + i, w)
                     for i, w in enumerate(words.KEYWORDS)]
        plan += [(w, words.UNKNOWN, w) for w in vocabulary["near"]
                 + rng.sample(vocabulary["others"], 200)]
        plan += [(sentence(rng, vocabulary), words.UNKNOWN, "")
                 for _ in range(60)]
        return [(text + rng.choice(["", ".", "?"]), *rest)
                for text, *rest in plan]
    for _ in range(12):
        plan += [(w, words.FIRST + i, words.KEYWORDS[i])
                 for i, w in enumerate(words.FOREIGN[language])]
    syllables = words.SYLLABLES.get(language, words.SYLLABLES["latin"])
    for count in [1] * 80 + [8] * 30:
        plan.append((" ".join("".join(rng.sample(syllables, rng.randint(1, 3)))
                              for _ in range(count)), words.UNKNOWN, ""))
    return plan


def spoken(plan, name, folder):
    """The clips that are in folder/0.wav, folder/1.wav, ... for a plan."""
    clips = []
    for i, (text, label, said) in enumerate(plan):
        x = read_wave(f"{folder}/{i}.wav") \
            if os.path.exists(f"{folder}/{i}.wav") else None
        if x is not None:
            clips.append((x, label, said, name, text.count(" ") > 3))
    return clips


def spoken_by_flite(job):
    voice, seed, vocabulary = job
    rng = random.Random(seed)
    plan = planned(rng, "en", vocabulary, 24)
    with tempfile.TemporaryDirectory() as folder:
        for i, (text, _, _) in enumerate(plan):
            stretch = rng.uniform(0.75, 1.5)
            pitch = rng.uniform(90, 150) if voice != "slt" else \
                rng.uniform(150, 230)
            subprocess.run(
                ["flite", "-voice", voice, "--setf",
                 f"duration_stretch={stretch:.2f}", "--setf",
                 f"int_f0_target_mean={pitch:.0f}", "--setf",
                 f"int_f0_target_stddev={rng.uniform(5, 35):.0f}", "-t",
                 text, "-o", f"{folder}/{i}.wav"], check=True)
        return spoken(plan, f"flite/{voice}", folder)


def spoken_by_festival(job):
    voice, seed, vocabulary = job
    rng, language = random.Random(seed), FESTIVAL[voice]
    plan = planned(rng, language, vocabulary, 16)
    with tempfile.TemporaryDirectory() as folder:
        script = [f"(voice_{voice})"]
        for i, (text, _, _) in enumerate(plan):
            script.append(
                f"(Parameter.set 'Duration_Stretch {rng.uniform(.8, 1.4):.2f})"
                "(unwind-protect (begin "
                f'(set! u (Utterance Text "{text}"))(utt.synth u)'
                f"(utt.save.wave u \"{folder}/{i}.wav\" 'riff)) nil)")
        path = f"{folder}/all.scm"
        with open(path, "wb") as out:
            out.write("\n".join(script).encode(
                ENCODINGS.get(language, "utf-8")))
        subprocess.run(["festival", "-b", path], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return spoken(plan, f"festival/{voice}", folder)


def spoken_by_rhvoice(job):
    voice, seed, vocabulary = job
    rng, synthesiser, clips = random.Random(seed), RHVoice(), []
    for text, label, said in planned(rng, RHVOICE[voice], vocabulary, 24):
        x = synthesiser.say(voice, text, rng.uniform(0.65, 1.25),
                            rng.uniform(0.75, 1.4))
        if x is not None:
            clips.append((x, label, said, f"rhvoice/{voice}",
                          text.count(" ") > 3))
    return clips


def vocabulary():
    """Words that are no keyword and do not sound like one."""
    with open("/usr/share/dict/american-english-small", encoding="utf-8") as f:
        listed = [w for w in f.read().split()
                  if re.fullmatch("[a-z]{2,9}", w)]
    rng = random.Random(SEED)
    others = sorted(rng.sample(listed, 2500))
    near = sorted(set(words.NEAR) - set(words.KEYWORDS))
    running = sorted(set(words.FILLERS))
    spelled = transcribed(words.KEYWORDS, "en-us")
    british = transcribed(words.KEYWORDS, "en-gb")
    taken = set(spelled.values()) | set(british.values())

    def left(texts):
        sounds = transcribed(texts, "en-us")
        spelled.update(sounds)
        return [w for w in texts if w not in words.KEYWORDS
                and sounds[w] not in taken]

    result = {"others": left(others), "near": left(near),
              "running": left(running), "sentences": sentences(FOR_TRAINING)}
    return result, spelled


def save(path, clips, spelled):
    np.savez(path, audio=np.concatenate([c[0] for c in clips]),
             ends=np.cumsum([len(c[0]) for c in clips]),
             labels=np.array([c[1] for c in clips]),
             phones=np.array([spelled.get(c[2], "") for c in clips]),
             voices=np.array([c[3] for c in clips]),
             running=np.array([c[4] for c in clips]))


def variants():
    names = {os.path.basename(path) for path in glob.glob(VARIANTS)}
    return sorted(name for name in names if not ROBOTS.search(name))


def synthetic(work, processes):
    vocab, spelled = vocabulary()
    rng, jobs = random.Random(SEED), []
    for i, variant in enumerate(variants()):
        # Each variant meets a few accents, so that all pairs need not be.
        held = variant in HELD_VARIANTS
        for accent in rng.sample(ACCENTS, 3):
            if accent == "en-gb-scotland" and not held:
                accent = "en-us"
            jobs.append((spoken_by_espeak, (
                f"{accent}+{variant}", i * 10 + len(jobs), 3, 60, 9, vocab)))
    jobs += [(spoken_by_flite, (v, 7000 + i, vocab))
             for i, v in enumerate(FLITE)]
    jobs += [(spoken_by_festival, (v, 8000 + i, vocab))
             for i, v in enumerate(FESTIVAL)]
    jobs += [(spoken_by_rhvoice, (v, 9000 + i, vocab))
             for i, v in enumerate(RHVOICE)]
    clips = []
    with multiprocessing.Pool(processes, maxtasksperchild=20) as pool:
        for got in [pool.apply_async(f, (job,)) for f, job in jobs]:
            clips += got.get()
    save(f"{work}/speech.npz", clips, spelled)
    return clips


def human(work, data):
    """Digits as keywords; everything else is known by what it says."""
    said = {"amelia": "amelia", "computer": "computer",
            "heychatterbox": "hey chatterbox", "heycomputer": "hey computer",
            "marvin": "marvin", "sheila": "sheila"}
    clips, texts = [], {}
    with tarfile.open(f"{data}/human-speech.tar") as tar:
        for member in tar:
            if member.name.endswith("en/metadata.csv"):
                for line in tar.extractfile(member).read().decode().split("\n"):
                    fields = line.split(",")
                    if len(fields) > 1:
                        texts[fields[0]] = fields[1].lower()
    spelled = transcribed(sorted(set(said.values()) | set(texts.values())),
                          "en-us")
    digits = dict(zip("0123456789", words.KEYWORDS[10:]))
    spelled.update(transcribed(words.KEYWORDS, "en-us"))
    with tarfile.open(f"{data}/fsdd.tar") as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            name = os.path.basename(member.name)
            match = re.fullmatch(r"(\d)_([a-z]+)_\d+\.wav", name)
            if match:
                # These were cut by those who made them.
                x = read_wave(io.BytesIO(tar.extractfile(member).read()), 0)
                word = digits[match[1]]
                if x is not None:
                    clips.append((x, words.LABELS.index(word), word,
                                  f"person/{match[2]}", False))
    for person, (path, files) in PROMPTS.items():
        for name, word in files.items():
            # Where it is a phrase, its last word.
            clips.append((read_wave(path.format(name))[-RATE:],
                          words.LABELS.index(word), word, f"prompt/{person}",
                          False))
    with tarfile.open(f"{data}/human-speech.tar") as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if not member.name.endswith(".wav"):
                continue
            parts = member.name.split("/")
            # In rooms it is never quiet.
            x = read_wave(io.BytesIO(tar.extractfile(member).read()), 3e-3)
            if x is not None:
                text = texts.get(parts[-1]) or (
                    said.get(parts[-3], "") if parts[-2] != "es" else "")
                clips.append((x, words.UNKNOWN, text,
                              f"people/{parts[-3]}-{parts[-2]}", False))
    save(f"{work}/human.npz", clips, spelled)
    return clips


def main():
    work, data = sys.argv[1:3]
    os.makedirs(work, exist_ok=True)
    for name, clips in (("human", human(work, data)),
                        ("synthetic", synthetic(work, 2))):
        seconds = sum(len(c[0]) for c in clips) / RATE
        print(f"{name}: {len(clips)} clips, {seconds / 60:.0f} minutes, "
              f"{len({c[3] for c in clips})} voices", file=sys.stderr)


if __name__ == "__main__":
    main()
