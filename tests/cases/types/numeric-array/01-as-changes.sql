-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, '{1.50,NULL,12345678901234567890123456789012345678.10}'),
  (102, '{}'),
  (103, (SELECT array_agg(n + 0.5) FROM generate_series(1, 3) n)),
  (104, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 4;
UPDATE edges SET holder_id = NULL WHERE id = 1;
