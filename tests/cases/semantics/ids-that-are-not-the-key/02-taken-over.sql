-- The id goes from a row that is deleted to one that stays.
BEGIN;
DELETE FROM users WHERE id = 1;
UPDATE users SET email = 'b@x', tenant = 2 WHERE id = 2;
COMMIT;
