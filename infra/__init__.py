"""Where things live: stores, keys, models, evaluations, and how they are published."""
