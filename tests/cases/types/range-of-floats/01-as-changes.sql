-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, '[0.1,1e22)'),
  (102, 'empty'),
  (103, '[0.30000000000000004,]'),
  (104, '[-Infinity,NaN]'),
  (105, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 5;
UPDATE edges SET holder_id = NULL WHERE id = 1;
