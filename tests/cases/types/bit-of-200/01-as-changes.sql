-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, B'1'::bit(200)),
  (102, 0::bit(200)),
  (103, repeat('1', 200)::bit(200)),
  (104, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 4;
UPDATE edges SET holder_id = NULL WHERE id = 1;
