INSERT INTO lines VALUES (1, 'pen'), (2, 'ink');
INSERT INTO products VALUES ('ink', 'Ink');
