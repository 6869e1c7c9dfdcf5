"""How the parts of each domain are put together; domains never import one another."""
