"""The syntax of the search box: from text to a tree whose fields exist and whose values are valid, and back."""
