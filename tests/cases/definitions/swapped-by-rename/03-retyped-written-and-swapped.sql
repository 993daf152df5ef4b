CREATE TABLE lines_new (LIKE lines INCLUDING ALL);
INSERT INTO lines_new SELECT * FROM lines;
ALTER TABLE lines ALTER label TYPE int USING length(label);
INSERT INTO lines VALUES (5, 2, 1);
BEGIN;
DROP TABLE lines;
ALTER TABLE lines_new RENAME TO lines;
COMMIT;
