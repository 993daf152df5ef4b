BEGIN;
INSERT INTO lines VALUES (1, 1, 'kept');
SAVEPOINT one;
INSERT INTO lines VALUES (2, 1, 'undone');
UPDATE orders SET title = 'undone' WHERE id = 1;
SAVEPOINT two;
DELETE FROM orders WHERE id = 1;
ROLLBACK TO two;
-- fails: duplicate key
INSERT INTO lines VALUES (1, 1, 'again');
ROLLBACK TO one;
INSERT INTO lines VALUES (3, 1, 'kept, too');
RELEASE one;
COMMIT;
