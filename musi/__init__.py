"""MuSI: multi-stage instructions whose answers are verified, to measure what a language model forgets of its prompt."""

__version__ = "1.0.0"
