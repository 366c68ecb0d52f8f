"""Reads what a learning management system exports: who handed in what, and the files of each."""

from autograder.platforms.export import SOURCES, BadExport, Export, read_export

__all__ = ["SOURCES", "BadExport", "Export", "read_export"]
