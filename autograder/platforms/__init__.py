"""Read the exports of course sites and write their gradebooks, one module per site."""

from autograder.platforms.open_export import SOURCES, BadExport, Export, read_export

__all__ = ["SOURCES", "BadExport", "Export", "read_export"]
