"""Models that are no neural networks, on the same images."""
