INSERT INTO orders VALUES (1, 'one'), (2, 'two');
INSERT INTO lines VALUES (1, 1, 10);
