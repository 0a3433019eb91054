"""A retailer's tests of its own rules: what happens, and what must come of it."""

from config.scenarios.loading import LoadedScenarios, Placed, load_scenarios

__all__ = ["LoadedScenarios", "Placed", "load_scenarios"]
