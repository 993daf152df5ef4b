BEGIN;
INSERT INTO orders VALUES (4, 'fourth');
UPDATE lines SET order_id = 4 WHERE order_id IS NULL;
UPDATE lines SET order_id = 3 WHERE id = 12;
DELETE FROM orders WHERE id = 2;
COMMIT;
