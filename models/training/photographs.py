"""Fetch photographs with a clear licence from two Debian packages and cut them into a shard for the upscalers.

    python photographs.py --out $WORK/sr-data          # shard-900.npy, and photographs.json and credits.md with what was used

The packages are downloaded by `apt-get download`, which checks their signatures and needs no root, or given by --deb. A photograph is used only if the
package's own copyright file puts it under CC0 or CC BY. Nothing of them belongs into the repository.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from sr_data import PATCH, detail

SHARD = "shard-900.npy"
LEAST_DETAIL = 2.0
MAX_MEMBER_BYTES = 64 * 1024 * 1024
ALLOWED = {"CC0": "CC0-1.0", "CC0-1.0": "CC0-1.0", "CC-BY-4.0": "CC-BY-4.0"}


@dataclass(frozen=True)
class Source:
    """A package, the pictures of it, how its copyright file names them, and the factor by which they are reduced first."""

    package: str
    folder: str
    names: tuple[str, ...]
    prefix: str
    reduce: int


SOURCES = (
    Source(
        "lomiri-wallpapers-16.04",
        "usr/share/backgrounds",
        ("Picture_0B_*", "Picture_1A_*", "Wine_*", "aitzgorri_*", "friends_*", "life_*", "picosdeeuropa_*", "seeding_*", "sunset_*"),
        "16.04",
        2,
    ),
    Source("libjxl-testdata", "usr/share/libjxl-testdata/external/wesaturate/500px", ("*_srgb8.png",), "external/wesaturate/500px", 1),
)


@dataclass(frozen=True)
class Credit:
    """One photograph: where it is from, its author, its licence, and its file's sha256."""

    file: str
    package: str
    author: str
    licence: str
    sha256: str
    patches: int


def parse_copyright(text: str) -> list[tuple[list[str], str, str]]:
    """The patterns, copyright line and licence of each `Files` paragraph of a Debian copyright file, in its order."""
    paragraphs = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            if line[:1] in (" ", "\t") and last:
                fields[last] += "\n" + line.strip()
            elif ":" in line:
                last, value = line.split(":", 1)
                fields[last] = value.strip()
        if "Files" in fields and "License" in fields:
            paragraphs.append((fields["Files"].split(), fields.get("Copyright", "").replace("\n", ", "), fields["License"].splitlines()[0]))
    return paragraphs


def licence_of(path: str, paragraphs: list[tuple[list[str], str, str]]) -> tuple[str, str]:
    """Author and licence of a path; the last paragraph that matches decides, as Debian's format says. Throws ValueError for none."""
    found = [(author, licence) for patterns, author, licence in paragraphs if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)]
    if not found:
        raise ValueError(f"the copyright file does not name {path}")
    return found[-1]


def fetch(package: str, folder: Path) -> Path:
    """Downloads a package into `folder`. Throws CalledProcessError or FileNotFoundError where apt cannot."""
    subprocess.run(["apt-get", "download", package], cwd=folder, check=True, timeout=600, stdout=subprocess.DEVNULL)
    return next(folder.glob(f"{package}_*.deb"))


def read_members(deb: Path, source: Source) -> tuple[str, dict[str, bytes]]:
    """The copyright text and the pictures by file name. Nothing is unpacked to disk."""
    pictures, copyright_text = {}, ""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                path = Path(member.name)
                if not member.isfile() or member.size > MAX_MEMBER_BYTES:
                    continue
                if path == Path("usr/share/doc", source.package, "copyright"):
                    copyright_text = archive.extractfile(member).read().decode("utf-8", "replace")
                if path.parent == Path(source.folder) and any(fnmatch.fnmatchcase(path.name, name) for name in source.names):
                    pictures[path.name] = archive.extractfile(member).read()
    if process.returncode:
        raise ValueError(f"{deb} is no Debian package")
    return copyright_text, pictures


def cut_patches(picture: np.ndarray) -> list[np.ndarray]:
    """The squares of PATCH px of uint8 RGB [h, w, 3] that have detail."""
    rows, columns = picture.shape[0] // PATCH, picture.shape[1] // PATCH
    squares = [picture[y * PATCH : (y + 1) * PATCH, x * PATCH : (x + 1) * PATCH] for y in range(rows) for x in range(columns)]
    return [square for square in squares if detail(square) > LEAST_DETAIL]


def load_source(source: Source, deb: Path) -> tuple[list[Credit], list[np.ndarray]]:
    """The credits and patches of a package's photographs. Prints each one that is left out, and why."""
    text, pictures = read_members(deb, source)
    paragraphs, credits, patches = parse_copyright(text), [], []
    for name, content in sorted(pictures.items()):
        author, licence = licence_of(f"{source.prefix}/{name}", paragraphs)
        if licence not in ALLOWED:
            print(f"left out: {name}: its licence is {licence}")
            continue
        decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        sides = (decoded.shape[1] // source.reduce, decoded.shape[0] // source.reduce)
        small = cv2.resize(decoded, sides, interpolation=cv2.INTER_AREA) if source.reduce > 1 else decoded
        cut = cut_patches(small)
        patches += cut
        if not cut:
            print(f"left out: {name}: it has no detail")
            continue
        digest = hashlib.sha256(content).hexdigest()
        credits.append(Credit(name, source.package, author, ALLOWED[licence], digest, len(cut)))
        print(f"{name}: {ALLOWED[licence]}, {author}: {len(cut)} patches", flush=True)
    return credits, patches


def credits_text(credits: list[Credit]) -> str:
    """Markdown for a model card."""
    rows = [f"| {each.file} | {each.author} | {each.licence} | {each.package} |" for each in credits]
    return "\n".join(["| photograph | author | licence | package |", "|---|---|---|---|", *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--deb", type=Path, nargs="*", default=[], help="packages that are here already, named PACKAGE_*.deb")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    credits, patches = [], []
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            try:
                given = [deb for deb in args.deb if deb.name.startswith(f"{source.package}_")]
                found = load_source(source, given[0] if given else fetch(source.package, Path(folder)))
            except (subprocess.SubprocessError, FileNotFoundError) as error:
                print(f"SKIPPED {source.package}: apt cannot download it: {error}")
                continue
            credits += found[0]
            patches += found[1]
    if not patches:
        raise SystemExit("no photograph could be had")
    np.save(args.out / SHARD, np.stack(patches))
    (args.out / "photographs.json").write_text(json.dumps([asdict(each) for each in credits], indent=2) + "\n")
    (args.out / "credits.md").write_text(credits_text(credits))
    print(f"{SHARD}: {len(patches)} patches of {len(credits)} photographs")


if __name__ == "__main__":
    main()
