INSERT INTO orders VALUES (1, 'new', NULL), (2, 'new', NULL);
