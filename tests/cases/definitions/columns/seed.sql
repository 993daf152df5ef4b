INSERT INTO orders VALUES (1, 'one', 10, 0), (2, 'two', 21, 0);
INSERT INTO lines VALUES (1, 1, 5), (2, 1, 6);
