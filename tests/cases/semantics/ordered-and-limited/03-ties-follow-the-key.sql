BEGIN;
UPDATE scores SET id = 99 WHERE who = 'a';
UPDATE scores SET points = 20;
INSERT INTO scores VALUES (50, 1, 20, 'f');
COMMIT;
