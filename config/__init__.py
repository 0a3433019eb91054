"""Settings from the environment, and the YAML in which retailers describe their stores and campaigns."""

from config.compiling import RetailerConfig
from config.findings import ConfigError, Finding
from config.loading import Loaded, load, load_or_refuse

__all__ = ["ConfigError", "Finding", "Loaded", "RetailerConfig", "load", "load_or_refuse"]
