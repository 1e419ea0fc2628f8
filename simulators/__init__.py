"""Simulated surroundings of a GX device: for the demo, the tests and the benchmarks."""
