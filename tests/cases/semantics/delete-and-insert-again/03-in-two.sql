INSERT INTO orders VALUES (1, 'back', 'b');
DELETE FROM orders WHERE id = 2;
INSERT INTO orders VALUES (2, 'back', NULL);
