INSERT INTO orders VALUES (1, 'first'), (2, 'second'), (3, 'third');
INSERT INTO lines VALUES (10, 1, 'a'), (11, 1, 'b'), (12, 2, 'c');
