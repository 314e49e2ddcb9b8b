#!/usr/bin/env bash
# Makes the speech files of the callers and of the example agents from sentences.tsv.
#
# Each file is what a telephone line carries: 8 kHz mu-law, one channel, no header. It starts and ends with 60 ms of
# silence, peaks at -3 dBFS and is a whole number of 20 ms frames, so that it can be sent as it is. The files are
# committed; run this only after changing a sentence.   usage: cargo xtask voices
#
# Needs: flite (English), espeak-ng (Spanish, Hindi), sox.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readonly FRAME_BYTES=160 # 20 ms at 8 kHz
readonly EDGE_S=0.06     # silence kept before and after the words

for tool in flite espeak-ng sox; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing: apt-get install flite espeak-ng sox (Debian, Ubuntu) or brew install flite espeak-ng sox" >&2
        exit 1
    }
done

# speak VOICE TEXT OUT.wav
speak() {
    case $1 in
        awb | rms | slt | kal16) flite -voice "$1" -t "$2" -o "$3" ;;
        es | es-419+* | hi | hi+*) espeak-ng -v "$1" -s 150 -w "$3" "$2" ;;
        *)
            echo "sentences.tsv: voice '$1' is unknown; known are awb, rms, slt, kal16, es, es-419+VARIANT, hi, hi+VARIANT" >&2
            return 1
            ;;
    esac
}

# telephone IN.wav OUT.ulaw: trims, levels, narrows to the telephone band. Without dither, so that every run makes the
# same bytes.
telephone() {
    sox -D "$1" -D -t raw -e mu-law -b 8 -c 1 -r 8000 "$2" \
        silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse \
        norm -9 rate 8000 highpass 100 pad $EDGE_S $EDGE_S norm -3
    local missing=$(((FRAME_BYTES - $(wc -c <"$2") % FRAME_BYTES) % FRAME_BYTES))
    head -c "$missing" /dev/zero | tr '\0' '\377' >>"$2" # 0xFF is mu-law's silence
}

while IFS=$'\t' read -r path voice text; do
    [[ -z $path || $path == \#* ]] && continue
    mkdir -p "$(dirname "$root/$path")"
    speak "$voice" "$text" "$work/spoken.wav"
    telephone "$work/spoken.wav" "$work/line.ulaw"
    mv "$work/line.ulaw" "$root/$path.ulaw"
    printf '%-46s %6d ms\n' "$path.ulaw" $(($(wc -c <"$root/$path.ulaw") / 8))
done <"$here/sentences.tsv"
