"""The conversation that books a visit: where, when, who, and a plain yes."""
