INSERT INTO orders VALUES (1, 'eu', 'one'), (2, 'us', 'two'), (200, 'us', 'high'), (3, 'xx', 'three');
INSERT INTO lines VALUES (1, 1, 'eu', 'a'), (2, 2, 'us', 'b');
INSERT INTO stock VALUES ('pen', '2024-01-01', 1), ('ink', '2024-01-01', 2);
