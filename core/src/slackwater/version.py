"""The version, in a file of its own that costs nothing to import."""

VERSION = "0.1.0"
