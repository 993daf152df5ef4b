"""The worker: reads the change log, folds it into the row store, builds the documents it touches and indexes them."""
