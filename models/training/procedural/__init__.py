"""Procedural pictures: everything the bundled models were trained on is drawn by this package."""
