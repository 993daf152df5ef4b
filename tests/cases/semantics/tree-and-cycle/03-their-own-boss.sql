BEGIN;
UPDATE people SET boss_id = id;
UPDATE people SET name = 'Cyd' WHERE id = 3;
DELETE FROM people WHERE id = 2;
COMMIT;
