"""The formats that tables may have: a module each, which registers itself."""
