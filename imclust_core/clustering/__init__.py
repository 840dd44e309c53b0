"""Clustering: arrays in, arrays out. No store, no jobs."""
