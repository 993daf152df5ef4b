INSERT INTO orders VALUES (1, 'A', 'one'), (2, 'B', 'two');
INSERT INTO lines VALUES (1, 1, 'a'), (2, 2, 'b');
