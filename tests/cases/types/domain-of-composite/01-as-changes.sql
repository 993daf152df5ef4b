-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, ROW(1, 0.1)),
  (102, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET holder_id = NULL WHERE id = 1;
