BEGIN;
UPDATE orders SET customer_id = NULL WHERE id = 1;
UPDATE orders SET customer_id = 2 WHERE id = 3;
UPDATE customers SET name = 'Bo' WHERE id = 2;
COMMIT;
