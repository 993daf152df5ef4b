BEGIN;
UPDATE shops SET region_id = NULL WHERE id = 2;
UPDATE lines SET order_id = 2 WHERE id = 2;
COMMIT;
