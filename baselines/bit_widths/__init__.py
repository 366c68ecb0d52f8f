"""Searches of bit widths for every layer, and networks with these widths."""
