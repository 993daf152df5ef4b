-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, jsonb_build_object('long', repeat('x', 40000))),
  (102, jsonb_build_object('a', repeat('€', 4097), 'short', 1)),
  (103, (repeat('{"a":', 400) || '1' || repeat('}', 400))::jsonb),
  (104, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
