BEGIN;
DELETE FROM orders WHERE id = 1;
INSERT INTO orders VALUES (1, 'short-lived', 'x');
UPDATE orders SET status = 'still' WHERE id = 1;
DELETE FROM orders WHERE id = 1;
INSERT INTO orders VALUES (5, 'never seen', 'x');
DELETE FROM orders WHERE id = 5;
COMMIT;
