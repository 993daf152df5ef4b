INSERT INTO agents VALUES (1, 'Zoe'), (2, 'Yan');
INSERT INTO customers VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO orders VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO lines VALUES (1, 1), (2, 1), (3, 3);
