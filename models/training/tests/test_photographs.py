"""What photographs.py reads from a Debian copyright file."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from photographs import ALLOWED, Credit, credits_text, cut_patches, licence_of, parse_copyright  # noqa: E402

TEXT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Source: https://example.org

Files: *
Copyright: 2016, Other Author
License: CC-BY-SA-4.0

Files: 16.04/sea_*.jpg
       16.04/hill.jpg
Copyright: 2018, Ann Author
 2019, Bo Author
License: CC-BY-4.0

License: CC-BY-4.0
 The text of the licence.
 .
 Files: not/a/field
"""


class Licences(unittest.TestCase):
    def test_the_last_paragraph_that_matches_decides(self) -> None:
        paragraphs = parse_copyright(TEXT)
        self.assertEqual(len(paragraphs), 2)
        self.assertEqual(licence_of("16.04/sea_1.jpg", paragraphs), ("2018, Ann Author, 2019, Bo Author", "CC-BY-4.0"))
        self.assertEqual(licence_of("16.04/hill.jpg", paragraphs)[1], "CC-BY-4.0")
        self.assertEqual(licence_of("20.04/sea_1.jpg", paragraphs), ("2016, Other Author", "CC-BY-SA-4.0"))

    def test_share_alike_is_not_used(self) -> None:
        self.assertNotIn("CC-BY-SA-4.0", ALLOWED)

    def test_a_file_without_a_licence_is_an_error(self) -> None:
        with self.assertRaises(ValueError):
            licence_of("sea.jpg", parse_copyright(TEXT)[1:])

    def test_credits_name_author_and_licence(self) -> None:
        text = credits_text([Credit("a.jpg", "package", "Ann", "CC-BY-4.0", "00", 1)])
        self.assertIn("| a.jpg | Ann | CC-BY-4.0 | package |", text)


class Patches(unittest.TestCase):
    def test_only_whole_patches_with_detail(self) -> None:
        picture = np.full((300, 600, 3), 90, np.uint8)
        picture[:256, 256:512] = np.random.default_rng(1).integers(0, 256, (256, 256, 1), np.uint8)
        self.assertEqual(len(cut_patches(picture)), 1)


if __name__ == "__main__":
    unittest.main()
