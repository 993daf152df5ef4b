INSERT INTO orders VALUES (1, 'open', 'keep'), (2, 'open', 'keep');
INSERT INTO lines VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
