-- session: long
BEGIN;
DELETE FROM orders;
-- session: short
INSERT INTO orders VALUES (4, 'quick', NULL);
-- session: long
ROLLBACK;
