"""The parts of the summary that only some evaluations have, one file a part."""
