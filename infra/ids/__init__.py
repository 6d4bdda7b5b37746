"""Ids of rows: which of them repeat, and which ground truth belongs to which row.

One pass over the id columns before the figures' own. Whatever is decided by a hash is confirmed by the texts.
"""
