BEGIN;
UPDATE orders SET region = 'eu' WHERE id = 1;
UPDATE orders SET region = 'zz', title = 'eins' WHERE id = 1;
UPDATE orders SET region = 'us' WHERE id = 1;
COMMIT;
