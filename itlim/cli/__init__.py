"""The command line, built with Typer: one module per command."""
