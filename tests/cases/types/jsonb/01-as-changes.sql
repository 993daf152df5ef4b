-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, '{"a": {"b": 1e2}, "é": "\u00e9"}'),
  (102, (repeat('{"a":', 15) || '1' || repeat('}', 15))::jsonb),
  (103, '{"v": 100, "w": [[1, 2], [3]], "d": "2024-01-01"}'),
  (104, '{"v": "abc"}'),
  (105, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
