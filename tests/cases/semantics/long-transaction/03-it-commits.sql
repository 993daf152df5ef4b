-- session: short
UPDATE orders SET note = 'quicker' WHERE id = 2;
-- session: long
UPDATE orders SET status = 'slow, too' WHERE id = 2;
COMMIT;
