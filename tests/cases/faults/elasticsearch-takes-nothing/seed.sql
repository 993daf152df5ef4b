INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
INSERT INTO lines VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c');
