-- session: long
BEGIN;
UPDATE orders SET status = 'slow' WHERE id = 1;
INSERT INTO lines VALUES (1, 2, 'slow');
INSERT INTO orders VALUES (3, 'slow', NULL);
-- session: short
UPDATE orders SET note = 'quick' WHERE id = 2;
INSERT INTO lines VALUES (2, 1, 'quick');
