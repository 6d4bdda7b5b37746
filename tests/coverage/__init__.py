"""How often 95 % intervals hold the true figure: simulated over a grid that anyone can run again."""
