"""HTML from elsewhere becomes the clean tree of a letter: headings, lists, tables, blocks."""
