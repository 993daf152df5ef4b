BEGIN;
TRUNCATE orders CASCADE;
INSERT INTO orders VALUES (2, 'due'), (3, 'tre');
COMMIT;
