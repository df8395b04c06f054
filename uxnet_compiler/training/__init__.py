"""Train, evaluate and predict with a compiled network."""
