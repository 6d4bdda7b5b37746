"""The accumulators, one file each."""
