"""Simulated vehicles behind an ELM327 adapter."""
