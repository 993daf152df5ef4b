BEGIN;
TRUNCATE orders, lines, notes;
ROLLBACK;
BEGIN;
SAVEPOINT before;
TRUNCATE notes;
ROLLBACK TO before;
UPDATE notes SET body = 'still here';
COMMIT;
