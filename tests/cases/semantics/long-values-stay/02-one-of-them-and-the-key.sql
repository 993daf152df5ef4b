UPDATE docs SET body = 'short', n = 5 WHERE id = 1;
BEGIN;
UPDATE docs SET id = 20 WHERE id = 2;
UPDATE docs SET n = 7 WHERE id = 20;
UPDATE docs SET id = 2, numbers = '{}' WHERE id = 20;
COMMIT;
