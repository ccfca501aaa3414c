"""What the benchmarks run, run once under the tests' watches."""
