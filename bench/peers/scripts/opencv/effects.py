"""Effects of ours as OpenCV has them, on one thread.

Reads a JSON line for each piece of work and writes one when it is done. {"load": path, "width": …, "height": …} reads a picture of RGB bytes.
{"run": name, "args": {…}} runs an operation on it and answers {"ms": processor time}; with "to" it also writes the result's bytes to that path.
"""

import json
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)

EDGE = cv2.BORDER_REPLICATE
LUMINANCE = np.float32([[0.2126, 0.7152, 0.0722]])
LUMA = np.float32([[0.299, 0.587, 0.114]])
# OKLab: B. Ottosson, "A perceptual color space for image processing" (2020).
TO_CONES = np.float32(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LIGHTNESS = np.float32([[0.2104542553, 0.793617785, -0.0040720468]])
TO_LIGHT = np.float32(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def encode(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055)


SAMPLES = np.arange(256) / 255
LIGHT_OF_BYTE = np.where(SAMPLES <= 0.04045, SAMPLES / 12.92, ((SAMPLES + 0.055) / 1.055) ** 2.4).astype(np.float32)
STEPS = np.arange(65536) / 65535
BYTE_OF_LIGHT = np.round(255 * encode(STEPS)).astype(np.uint8)
ENCODED_OF_LIGHT = encode(STEPS).astype(np.float32)


def to_light(picture):
    return cv2.LUT(picture, LIGHT_OF_BYTE)


def steps_of(values):
    """Values from 0 to 1 as 16-bit integers."""
    scale = 65535.0 if values.ndim == 2 else (65535.0,) * 4
    return cv2.multiply(values, scale, dtype=cv2.CV_16U)


def to_bytes(light):
    return cv2.LUT(steps_of(light), BYTE_OF_LIGHT)


def to_rgb(grey):
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def to_greys(picture):
    """Encoded luminance as floats."""
    return cv2.LUT(steps_of(cv2.transform(to_light(picture), LUMINANCE)), ENCODED_OF_LIGHT)


def gaussian(values, sigma):
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=EDGE)


def luma(picture):
    return to_rgb(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def luminance(picture):
    return to_rgb(to_bytes(cv2.transform(to_light(picture), LUMINANCE)))


def table(picture, entries):
    return cv2.LUT(picture, np.array(entries, np.uint8))


def matrix(picture, lines):
    """Lines of four numbers; the fourth is added, as a share of the range."""
    lines = np.array(lines, np.float32)
    lines[:, 3] *= 255
    return cv2.transform(picture, lines)


def invert(picture):
    return cv2.bitwise_not(picture)


def vignette(picture, amount, inner):
    height, width = picture.shape[:2]
    across = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * np.float32(np.sqrt(2))
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height - 0.5) * np.float32(np.sqrt(2))
    distance = cv2.sqrt((across * across)[None, :] + (down * down)[:, None])
    t = np.clip((distance - np.float32(inner)) * np.float32(1 / (1 - inner)), 0, 1)
    kept = 1 - np.float32(amount) * t * t * (3 - 2 * t)
    return to_bytes(cv2.multiply(to_light(picture), cv2.merge((kept, kept, kept))))


def threshold(picture, bound):
    """`bound` is linear."""
    light = cv2.transform(to_light(picture), LUMINANCE)
    return to_rgb(cv2.compare(light, bound, cv2.CMP_GE))


def adaptive(picture, radius):
    greys = to_greys(picture)
    side = 2 * radius + 1
    means = cv2.blur(greys, (side, side), borderType=EDGE)
    return to_rgb(cv2.compare(greys, cv2.subtract(means, 5e-5), cv2.CMP_GE))


def cones(picture):
    return cv2.pow(cv2.transform(to_light(picture), TO_CONES), 1 / 3)


def of_cones(values):
    return to_bytes(cv2.transform(cv2.multiply(cv2.multiply(values, values), values), TO_LIGHT))


def duotone(picture, entries):
    """`entries` are 65536 colours by lightness."""
    place = steps_of(cv2.transform(cones(picture), TO_LIGHTNESS))
    return cv2.LUT(cv2.merge((place, place, place)), np.array(entries, np.uint8).reshape(65536, 1, 3))


def gaussian_blur(picture, sigma):
    return to_bytes(gaussian(to_light(picture), sigma))


def box_blur(picture, radius):
    side = 2 * radius + 1
    return to_bytes(cv2.blur(to_light(picture), (side, side), borderType=EDGE))


def filtered(picture, kernel):
    return to_bytes(cv2.filter2D(to_light(picture), -1, np.array(kernel, np.float32), borderType=EDGE))


def sharpen(picture, sigma, amount, threshold, limit):
    values = cones(picture)
    lightness = cv2.transform(values, TO_LIGHTNESS)
    difference = cv2.subtract(lightness, gaussian(lightness, sigma))
    excess = difference - np.clip(difference, -threshold, threshold)
    change = np.clip(amount * excess, -limit, limit)
    return of_cones(cv2.add(values, to_rgb(change)))


def clarity(picture, sigma, amount):
    values = cones(picture)
    lightness = cv2.transform(values, TO_LIGHTNESS)
    difference = cv2.subtract(lightness, gaussian(lightness, sigma))
    change = (4 * amount) * lightness * (1 - lightness) * difference / (1 + 16 * difference * difference)
    return of_cones(cv2.add(values, to_rgb(change)))


def bilateral(picture, diameter, sigma_color, sigma_space):
    """On encoded bytes."""
    return cv2.bilateralFilter(picture, diameter, sigma_color, sigma_space, borderType=EDGE)


def sketch(picture, thickness, strength, paper, pencil):
    greys = to_greys(picture)
    smooth = gaussian(greys, thickness / 2)
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=EDGE)
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=EDGE)
    line = cv2.min(cv2.multiply(cv2.magnitude(across, down), strength), 1.0)
    around = gaussian(greys, 4 * thickness)
    shade = cv2.min(cv2.divide(cv2.add(greys, 1 / 255), cv2.add(around, 1 / 255)), 1.0)
    bare = (1 - line) * (0.4 + 0.6 * shade)
    paper, pencil = np.array(paper), np.array(pencil)
    lines = np.column_stack((paper - pencil, pencil)).astype(np.float32)
    return cv2.transform(bare, lines * 255).round().astype(np.uint8)


def split(picture, shift):
    red, green, blue = cv2.split(picture)

    def moved(channel, right):
        size = (channel.shape[1], channel.shape[0])
        return cv2.warpAffine(
            channel, np.float32([[1, 0, right], [0, 1, 0]]), size, flags=cv2.INTER_NEAREST, borderMode=EDGE
        )

    return cv2.merge((moved(red, shift), green, moved(blue, -shift)))


def turned_split(picture, right, down):
    _, green, _ = cv2.split(picture)

    def moved(index, sign):
        light = cv2.LUT(cv2.extractChannel(picture, index), LIGHT_OF_BYTE)
        size = (light.shape[1], light.shape[0])
        way = np.float32([[1, 0, sign * right], [0, 1, sign * down]])
        return to_bytes(cv2.warpAffine(light, way, size, flags=cv2.INTER_LINEAR, borderMode=EDGE))

    return cv2.merge((moved(0, 1), green, moved(2, -1)))


OPERATIONS = {
    each.__name__: each
    for each in (
        *(luma, luminance, table, matrix, invert, vignette, threshold, adaptive, duotone, gaussian_blur, box_blur),
        *(filtered, sharpen, clarity, bilateral, sketch, split, turned_split),
    )
}


def main():
    picture = None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if "load" in request:
                picture = np.fromfile(request["load"], np.uint8).reshape(request["height"], request["width"], 3)
                answer = {"version": cv2.__version__}
            else:
                operation, args = OPERATIONS[request["run"]], request["args"]
                before = time.process_time()
                result = operation(picture, **args)
                answer = {"ms": (time.process_time() - before) * 1000}
                if "to" in request:
                    np.ascontiguousarray(result, np.uint8).tofile(request["to"])
        except Exception as error:  # The bench reports it and leaves this peer out.
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


main()
