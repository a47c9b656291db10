"""MuSI: multi-stage instructions whose answers are verified, to measure what a language model forgets of its prompt."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("musi")
except PackageNotFoundError:
    __version__ = "0+unknown"
