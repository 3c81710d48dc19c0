"""Files of other tools and benchmarks as cases."""
