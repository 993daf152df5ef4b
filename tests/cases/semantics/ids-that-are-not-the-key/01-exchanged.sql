BEGIN;
UPDATE users SET email = 'tmp', nick = 'tmp' WHERE id = 1;
UPDATE users SET email = 'a@x', nick = 'a' WHERE id = 2;
UPDATE users SET email = 'b@x', nick = 'b' WHERE id = 1;
COMMIT;
