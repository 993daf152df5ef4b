-- Downwards there is always room; upwards it is done in two moves.
BEGIN;
UPDATE orders SET id = id - 1;
UPDATE orders SET id = -id;
UPDATE orders SET id = 10 - id;
COMMIT;
