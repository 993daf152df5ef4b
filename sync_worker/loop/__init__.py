"""The worker's loop: ingest, maintenance, delivery and publisher, and the seams to the change log and to read
stores."""
