INSERT INTO people VALUES (1, ROW('a', 'b')), (2, NULL);
