BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO lines VALUES (9, 5, 3);
COMMIT;
