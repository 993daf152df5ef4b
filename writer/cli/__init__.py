"""The commands of the application on the command line, in the words of the HTTP API."""
