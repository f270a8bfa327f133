"""Pages that the code writes: `python -m scripts.reference`, or `make docs`."""
