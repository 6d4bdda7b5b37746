"""The numbers: from batches of labels and scores to figures, warnings, gates and one JSON document."""

from __future__ import annotations

FIGURES_VERSION = "4"
"""Raised whenever a figure changes for the same input, so that stored evaluations become due."""
