"""Views of the lines: what researchers and archivists search, export and compare. They read lines and write files."""
