"""How fast files of jets are read. Not a test: nothing here is collected by pytest."""
