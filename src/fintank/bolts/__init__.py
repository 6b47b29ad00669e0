"""The Storm bolts, one class a file: decode, call a pure function, emit."""
