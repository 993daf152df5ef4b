BEGIN;
INSERT INTO notes VALUES (1, 1, 'goes');
TRUNCATE lines, notes;
INSERT INTO notes VALUES (1, 2, 'stays');
INSERT INTO lines VALUES (2, 1, 'c');
UPDATE orders SET title = 'uno' WHERE id = 1;
COMMIT;
