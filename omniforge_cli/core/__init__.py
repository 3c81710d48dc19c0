"""Values: plain, frozen, standard library alone."""
