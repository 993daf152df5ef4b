UPDATE orders SET status = 'paid' WHERE id = 2;
UPDATE orders SET deleted_at = NULL WHERE id = 3;
UPDATE payments SET kind = 'refund' WHERE id = 1;
