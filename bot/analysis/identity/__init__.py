"""Identity: what makes a case the same case over runs, machines and renames, and which variant it ran in."""
