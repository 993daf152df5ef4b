BEGIN;
UPDATE orders SET status = 'draft' WHERE id = 1;
UPDATE payments SET amount = 0 WHERE id = 3;
UPDATE orders SET status = 'open' WHERE id = 1;
UPDATE orders SET deleted_at = now() WHERE id = 3;
UPDATE payments SET kind = 'payment', order_id = 2 WHERE id = 2;
COMMIT;
