"""What is measured, and how: ratios inside one run, on a cluster of its own (`make bench`)."""
