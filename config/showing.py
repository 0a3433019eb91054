"""A configuration with every default filled in, laid out so that two of them can be compared line by line."""

from __future__ import annotations

from io import StringIO

from ruamel.yaml import YAML

from config.compiling import RetailerConfig, written

_WIDEST = 1_000_000


def show(retailer: RetailerConfig) -> str:
    """YAML that loads again as the same configuration, with the same hash; one value a line."""
    yaml = YAML(pure=True)
    yaml.width = _WIDEST
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda _: True
    text = StringIO()
    yaml.dump(written(retailer.description), text)
    return f"# {retailer.file}, configuration {retailer.rules.hash}\n{text.getvalue()}"
