"""In which order: the steps of an evaluation and of a night, their flows, and the commands."""
