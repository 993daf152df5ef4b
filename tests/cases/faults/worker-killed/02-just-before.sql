UPDATE orders SET title = title || '!' WHERE id % 2 = 0;
BEGIN;
DELETE FROM lines WHERE order_id = 3;
DELETE FROM orders WHERE id = 3;
INSERT INTO orders VALUES (3, 'again');
COMMIT;
