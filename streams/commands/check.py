"""`chalandise check`: what is wrong with the files of a retailer, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.compiling import RetailerConfig
from config.loading import Loaded, load
from config.showing import show as shown

FINDINGS = 1
USAGE = 2


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="YAML files, one retailer each.")],
    show: Annotated[bool, typer.Option("--show", help="Print the configuration with every default filled in.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Advice counts as a mistake, too.")] = False,
) -> None:
    """Check the YAML of retailers: every mistake as `file:line:column: what is wrong; what to do`.

    Advice, on what may not be meant as it stands, is told in the same way and changes nothing. Exits with 0 where there
    is no mistake, 1 where there are findings, 2 where a file cannot be read.
    """
    loaded = _load(files)
    for finding in loaded.findings:
        typer.echo(str(finding))
    for advice in loaded.advice:
        typer.echo(f"{advice}", err=show)
    if loaded.findings or (strict and loaded.advice):
        raise typer.Exit(FINDINGS)
    if show:
        typer.echo("---\n".join(shown(retailer) for retailer in loaded.retailers), nl=False)
    else:
        for retailer in loaded.retailers:
            typer.echo(_summary(retailer), err=True)


def _load(files: list[Path]) -> Loaded:
    try:
        return load(list(dict.fromkeys(files)))
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        typer.echo(f"{error.filename}: {reason}; give the path of a retailer's YAML", err=True)
        raise typer.Exit(USAGE) from None


def _summary(retailer: RetailerConfig) -> str:
    rules = retailer.rules
    counts = f"stores: {len(rules.stores)}, campaigns: {len(rules.campaigns)}, products: {len(rules.products)}"
    return f"{retailer.file}: nothing wrong with {rules.retailer} ({counts}); configuration {rules.hash}"
