BEGIN;
UPDATE orders SET customer_id = 1 WHERE id = 3;
UPDATE orders SET customer_id = 2 WHERE id = 2;
UPDATE customers SET name = 'Cleo' WHERE id = 1;
COMMIT;
