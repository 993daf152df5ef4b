INSERT INTO orders VALUES (1, 'one', 1), (2, 'two', 2);
