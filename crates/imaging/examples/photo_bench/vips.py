"""What libvips makes of a photo, for `cargo xtask bench imaging`: `per` calls thumbnail once a preset, `once` decodes
once and makes the smaller presets from the larger. One line of JSON, as of the pipeline that it is compared with."""

import json
import os
import resource
import sys

import pyvips

PRESETS = [("large", 1440, "none"), ("small", 640, "none"), ("thumb", 200, "centre")]


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


def per(photo, quality):
    for name, side, crop in PRESETS:
        image = pyvips.Image.thumbnail(photo, side, height=side, size="down", crop=crop)
        yield name, image.jpegsave_buffer(Q=quality, keep="none")


def once(photo, quality):
    image = None
    for name, side, crop in PRESETS:
        options = {"height": side, "size": "down", "crop": crop}
        made = pyvips.Image.thumbnail(photo, side, **options) if image is None else image.thumbnail_image(side, **options)
        image = made.copy_memory()
        yield name, image.jpegsave_buffer(Q=quality, keep="none")


mode, photo, rounds, quality, out = sys.argv[1:]
times = []
for turn in range(int(rounds) + 1):
    before = cpu_ms()
    made = list({"per": per, "once": once}[mode](photo, int(quality)))
    if turn:
        times.append(cpu_ms() - before)
for name, data in made:
    with open(os.path.join(out, name + ".jpg"), "wb") as file:
        file.write(data)
version = ".".join(str(pyvips.version(part)) for part in range(3))
print(json.dumps({"cpu_ms": times, "version": version}))
