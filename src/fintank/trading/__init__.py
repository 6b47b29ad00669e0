"""The trading core: pure, standard library only; no clock, no logging, no I/O."""
