"""The checks that turn figures into warnings, one file a family."""
