INSERT INTO orders VALUES (1, 'one'), (2, 'two');
INSERT INTO lines VALUES (1, 1, 'a'), (2, 2, 'b');
INSERT INTO notes VALUES (1, 1, 'n'), (2, 2, 'm');
