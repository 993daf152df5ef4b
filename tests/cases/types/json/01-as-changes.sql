-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, '{"a": 1, "b": [1.50, null], "a": 12345678901234567890.10}'),
  (102, '{"n": 9007199254740993, "e": 1e400}'),
  (103, '{"": 1, "a.b": {"": 2}, "é": "\ud834\udd1e"}'),
  (104, '{}'),
  (105, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
