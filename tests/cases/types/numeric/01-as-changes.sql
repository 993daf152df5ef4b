-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, 0.1),
  (102, 0.2),
  (103, 9.60),
  (104, 10.00),
  (105, 12345678901234567890123456789012345678.90),
  (106, -12345678901234567890123456789012345678),
  (107, 1e-40),
  (108, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
