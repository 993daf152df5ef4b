"""The change stream's contract, in Debezium's words, and (in `connectors`) the operators' program."""
