"""Print the SSIMULACRA2 score of each pair of PNG files: `python perceptual.py pairs.json`, where the file holds [[original, result], …].

The package `ssimulacra2` is a port of the reference of Cloudinary to NumPy, and shares nothing with this project. 100 is equal; 90 no
visible difference, 70 high, 50 medium, 30 low quality.
"""

import json
import sys

from ssimulacra2 import compute_ssimulacra2

with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps([float(compute_ssimulacra2(original, result)) for original, result in json.load(file)]))
