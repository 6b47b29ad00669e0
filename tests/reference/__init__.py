"""A second trading engine, slow and obvious, written from docs/trading.md alone, to measure the real one by.

It imports nothing of fintank. Everything is exact (Fraction), nothing is ever forgotten, nothing is clever.
"""

from reference.engine import Engine
from reference.messages import Place

__all__ = ["Engine", "Place"]
