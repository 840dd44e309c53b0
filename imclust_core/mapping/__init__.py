"""Maps: where images lie on a plane when their likeness becomes nearness. Arrays in, arrays out."""
