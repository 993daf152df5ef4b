BEGIN;
DELETE FROM lines;
INSERT INTO orders VALUES (2, 'two');
ROLLBACK;
-- fails: duplicate key
INSERT INTO orders VALUES (3, 'three'), (4, 'three');
BEGIN;
-- The constraint is looked at when the transaction ends, and ends it otherwise.
INSERT INTO lines VALUES (9, 9, 'nobody''s');
-- fails: violates foreign key constraint
COMMIT;
BEGIN;
UPDATE orders SET title = title;
COMMIT;
