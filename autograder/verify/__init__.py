"""The command `verify`: proves every check by submissions whose marks are known beforehand."""
