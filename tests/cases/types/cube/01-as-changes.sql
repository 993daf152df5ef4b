-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, '(1,2,3),(4,5,6)'),
  (102, '(1.5)'),
  (103, (SELECT cube(array_agg(n::float8)) FROM generate_series(1, 100) n)),
  (104, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 4;
UPDATE edges SET holder_id = NULL WHERE id = 1;
