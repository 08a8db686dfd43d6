"""Makes pairs of clean and degraded speech and judges each with the reference implementation of ITU-T P.862.2.

Usage: pesq_pairs.py PROMPTS PAIRS

PROMPTS holds alsa-utils' spoken prompts (48 kHz, mono). PAIRS gets NAME.clean.wav and NAME.degraded.wav for each pair
(16 kHz, 16 bit) and scores.tsv with a line "NAME<TAB>SCORE" for each. Everything random comes from a fixed seed.
"""

import sys
from pathlib import Path

import numpy
import pesq
from scipy.io import wavfile
from scipy.signal import butter, resample_poly, sosfilt

RATE = 16_000
PACKET = RATE // 50
FULL = 32_767
random = numpy.random.default_rng(20)


def noise(ratio_db):
    """White noise below the speech by so much."""

    def apply(speech):
        power = numpy.mean(speech**2) / 10 ** (ratio_db / 10)
        return speech + random.normal(0, numpy.sqrt(power), len(speech))

    return apply


def clipping(share):
    """Everything above this share of the peak is cut off."""

    def apply(speech):
        limit = share * numpy.max(numpy.abs(speech))
        return numpy.clip(speech, -limit, limit)

    return apply


def loss(probability):
    """Packets of 20 ms are replaced by silence, each by itself."""

    def apply(speech):
        kept = random.random(len(speech) // PACKET + 1) >= probability
        return speech * numpy.repeat(kept, PACKET)[: len(speech)]

    return apply


def telephone(speech):
    """Nothing above 3.4 kHz, and 40 ms late."""
    narrow = sosfilt(butter(6, 3_400, fs=RATE, output="sos"), speech)
    return numpy.concatenate([numpy.zeros(RATE // 25), narrow])[: len(speech)]


DEGRADATIONS = {
    "noise-30-dB": noise(30),
    "noise-10-dB": noise(10),
    "clipping-40": clipping(0.4),
    "clipping-10": clipping(0.1),
    "loss-5": loss(0.05),
    "loss-20": loss(0.2),
    "telephone": telephone,
}


def spoken(path):
    """A prompt at 16 kHz, with half a second of silence around it, its peak at half of full scale."""
    rate, sound = wavfile.read(path)
    sound = resample_poly(sound.astype(float), RATE, rate)
    sound *= FULL / 2 / numpy.max(numpy.abs(sound))
    silence = numpy.zeros(RATE // 2)
    return numpy.concatenate([silence, sound, silence])


def pcm(sound):
    return numpy.clip(numpy.round(sound), -FULL - 1, FULL).astype(numpy.int16)


def main(prompts, pairs):
    names = sorted(path for path in prompts.glob("*.wav") if path.stem != "Noise")
    if len(names) < 8:
        sys.exit(f"fewer than 8 spoken prompts in {prompts}: install alsa-utils")
    with open(pairs / "scores.tsv", "w", encoding="utf-8") as scores:
        for path in names[:8]:
            speech = spoken(path)
            for degradation, apply in DEGRADATIONS.items():
                name = f"{path.stem}.{degradation}"
                clean, degraded = pcm(speech), pcm(apply(speech))
                wavfile.write(pairs / f"{name}.clean.wav", RATE, clean)
                wavfile.write(pairs / f"{name}.degraded.wav", RATE, degraded)
                score = pesq.pesq(RATE, clean, degraded, "wb")
                scores.write(f"{name}\t{score:.6f}\n")


main(Path(sys.argv[1]), Path(sys.argv[2]))
