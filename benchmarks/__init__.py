"""What the product costs, beside its limits: `make bench`."""
