"""The worker: applies the change log to the row store, builds the documents that changes touch, and delivers them."""
