-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, 0.1),
  (102, 0.2),
  (103, 14),
  (104, 1e22),
  (105, -2.5e-7),
  (106, 5e-324),
  (107, 1.7976931348623157e308),
  (108, 0.30000000000000004),
  (109, 9007199254740993),
  (110, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
