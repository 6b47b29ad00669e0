"""The pure trading core: standard library only; no clock, no logging, no input or output."""
