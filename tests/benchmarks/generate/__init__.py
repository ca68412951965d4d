"""How fast the generator is, and where its time goes. Not a test: nothing here is collected by pytest."""
