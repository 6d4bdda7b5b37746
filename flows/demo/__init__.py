"""The demonstration: predictions of real models, and the store made of them."""
