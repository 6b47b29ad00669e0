"""fintank: real-time market data and trading on Python and Apache Storm."""

__version__ = "0.1.0"
