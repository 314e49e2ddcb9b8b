#!/usr/bin/env python3
"""Measures the speech files: length, level, pauses, and whether a recogniser understands them after the telephone band.

Not part of the build or of CI. usage:
    python3 -m venv /tmp/voices && /tmp/voices/bin/pip install pocketsphinx numpy
    /tmp/voices/bin/python loadtest/voices/check.py
Fails when an English sentence is not recognised whole among all English sentences, or when a file in another
language is taken for one of them.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy
from pocketsphinx import Decoder

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENGLISH = {"awb", "rms"}
FRAME = 160  # samples in 20 ms at 8 kHz
SILENT = 0.01  # -40 dBFS: a frame below it counts as a pause


def sentences():
    for line in (HERE / "sentences.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def words(text):
    return re.sub(r"[^a-z' ]", "", text.lower()).strip()


def pcm(path, rate):
    heard = ["sox", "-t", "raw", "-e", "mu-law", "-r", "8000", "-c", "1", path]
    wanted = ["-t", "raw", "-e", "signed", "-b", "16", "-r", str(rate), "-c", "1", "-"]
    return subprocess.run([*heard, *wanted], capture_output=True, check=True).stdout


def levels(path):
    samples = numpy.frombuffer(pcm(path, 8000), numpy.int16) / 32768
    frames = numpy.sqrt((samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(1))
    loud = numpy.flatnonzero(frames >= SILENT)
    pause = max(int(numpy.diff(loud).max()) - 1, 0) * 20
    decibels = lambda value: 20 * numpy.log10(value)
    return len(samples) // 8, decibels(abs(samples).max()), decibels(numpy.sqrt((samples**2).mean())), pause


def recognise(decoder, path):
    decoder.start_utt()
    decoder.process_raw(pcm(path, 16000), full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr if decoder.hyp() else ""


def main():
    rows = list(sentences())
    choices = " | ".join(words(text) for _, voice, text in rows if voice in ENGLISH)
    with tempfile.NamedTemporaryFile("w", suffix=".gram") as grammar:
        grammar.write(f"#JSGF V1.0;\ngrammar voices;\npublic <sentence> = {choices};\n")
        grammar.flush()
        decoder = Decoder(jsgf=grammar.name, loglevel="FATAL")
    wrong = 0
    for name, voice, text in rows:
        path = ROOT / f"{name}.ulaw"
        length, peak, rms, pause = levels(path)
        heard = recognise(decoder, path)
        right = heard == (words(text) if voice in ENGLISH else "")
        wrong += not right
        verdict = "ok" if right else f"WRONG: {heard!r}"
        print(f"{path.stem:17} {voice:4} {length:6} ms  peak {peak:5.1f}  rms {rms:6.1f} dBFS  pause {pause:4} ms  {verdict}")
    sys.exit(1 if wrong else 0)


main()
